package fleet

import (
	"bytes"
	"runtime"
	"sync"
	"time"
)

const ownArch = runtime.GOARCH

// closeLimit is how long a node may take to end by itself.
const closeLimit = 5 * time.Second

// lockedBuffer keeps the last words of a program.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxSaid = 64 << 10

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len() < maxSaid {
		b.buf.Write(p[:min(len(p), maxSaid-b.buf.Len())])
	}
	return len(p), nil
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
