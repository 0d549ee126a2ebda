package fleet

import (
	"context"
	"os/exec"
	"sync"
	"testing"
)

// A connection that several close at once is closed for all of them: the program is waited for once.
func TestCloseTwice(t *testing.T) {
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		c, err := begin(&shellConn{cmd: exec.CommandContext(ctx, "sh", "-c", "echo gone >&2; cat"), cancel: cancel, kind: SSH})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { c.Close() })
		}
		wg.Wait()
	}
}
