package live

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
)

const (
	outputLimit = 8 << 20  // of one stream: a few thread dumps of 500 threads
	lineLimit   = 64 << 10 // the rest of a longer line is dropped
)

// output collects lines of one stream. Of a stream larger than outputLimit the
// oldest lines are dropped.
type output struct {
	mu      sync.Mutex
	partial []byte
	lines   []string
	size    int
	read    int           // lines before this one were handed out by next
	more    chan struct{} // closed and replaced when a line came in or the stream ended
	ended   bool
}

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for part := range bytes.Lines(b) {
		text, whole := bytes.CutSuffix(part, []byte("\n"))
		o.partial = append(o.partial, text[:min(len(text), lineLimit-len(o.partial))]...)
		if whole {
			o.add(strings.TrimSuffix(string(o.partial), "\r"))
			o.partial = o.partial[:0]
		}
	}
	return len(b), nil
}

func (o *output) add(line string) {
	o.lines = append(o.lines, line)
	o.size += len(line) + 1
	for o.size > outputLimit {
		o.size -= len(o.lines[0]) + 1
		o.lines = o.lines[1:]
		o.read = max(0, o.read-1)
	}
	o.signal()
}

func (o *output) signal() {
	close(o.more)
	o.more = make(chan struct{})
}

// end says that nothing more will come.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.partial) > 0 {
		o.add(string(o.partial))
		o.partial = nil
	}
	o.ended = true
	o.signal()
}

// next waits for the next line with this prefix; lines up to it count as read.
// io.EOF says that the stream ended without one.
func (o *output) next(ctx context.Context, prefix string) (string, error) {
	for {
		line, more, err := o.scan(prefix)
		if more == nil {
			return line, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// scan looks through the unread lines; a channel says that one has to wait.
func (o *output) scan(prefix string) (string, <-chan struct{}, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.read < len(o.lines) {
		line := o.lines[o.read]
		o.read++
		if strings.HasPrefix(line, prefix) {
			return line, nil, nil
		}
	}
	if o.ended {
		return "", nil, io.EOF
	}
	return "", o.more, nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(append(o.lines[:len(o.lines):len(o.lines)], string(o.partial)), "\n")
}

// isEOF tells the end of a stream from a deadline.
func isEOF(err error) bool { return errors.Is(err, io.EOF) }
