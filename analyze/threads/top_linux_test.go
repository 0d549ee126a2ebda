package threads

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// The real top, of this process: it knows our threads, and no time goes backwards.
func TestTopOfThisProcess(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "top", "-b", "-H", "-n", "2", "-d", "0.2", "-p", strconv.Itoa(os.Getpid()))
	cmd.Env = append(os.Environ(), "TERM=dumb", "HOME="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Skip("top of procps is not here: ", err)
	}
	if !SniffTop(out) {
		t.Fatalf("not taken for top's:\n%.300s", out)
	}
	tables, skipped, err := ReadTop(bytes.NewReader(out))
	if err != nil || skipped > 0 || len(tables) != 2 {
		t.Fatalf("%d tables, %d lines skipped: %v\n%s", len(tables), skipped, err, out)
	}
	for _, table := range tables {
		if _, ok := table.Threads[int64(os.Getpid())]; !ok {
			t.Errorf("the main thread is not in %v", table.Threads)
		}
	}
	for id, later := range tables[1].Threads {
		if before, ok := tables[0].Threads[id]; ok && later.CPU < before.CPU {
			t.Errorf("thread %d: %v, then %v", id, before.CPU, later.CPU)
		}
	}
}
