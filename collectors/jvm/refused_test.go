package jvm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What hides the system calls of threads, by what the kernel shows of yama.
func TestWaitsRefused(t *testing.T) {
	for scope, want := range map[string][2]string{
		"":    {"shown to who may trace the process only", "CAP_SYS_PTRACE"},
		"0\n": {"shown to who may trace the process only", "CAP_SYS_PTRACE"},
		"1\n": {"(kernel.yama.ptrace_scope is 1)", "CAP_SYS_PTRACE"},
		"2\n": {"(kernel.yama.ptrace_scope is 2)", "CAP_SYS_PTRACE"},
		"3\n": {"kernel.yama.ptrace_scope is 3: nobody may see", "set kernel.yama.ptrace_scope to 1 or 2 and start the host anew"},
	} {
		proc := t.TempDir()
		dir := filepath.Join(proc, "sys/kernel/yama")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if scope != "" {
			if err := os.WriteFile(filepath.Join(dir, "ptrace_scope"), []byte(scope), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		p := &Process{dir: filepath.Join(proc, "1")}
		if reason, fix := p.waitsRefused(proc); !strings.Contains(reason, want[0]) || !strings.Contains(fix, want[1]) {
			t.Errorf("scope %q: %q, %q", scope, reason, fix)
		}
	}
}
