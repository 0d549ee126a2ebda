package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Bundles of the same nodes are captures at several loads; those of others are parts of one case, and a mixture counts nodes twice.
func TestAtLoads(t *testing.T) {
	dir := t.TempDir()
	bundleOf := func(name string, minute int, nodes ...string) string {
		var list []string
		for _, n := range nodes {
			list = append(list, fmt.Sprintf(`{"name": %q, "os": "linux", "arch": "amd64"}`, n))
		}
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(`{"format_version": 1, "cluster": "wiki", "tool": {"name": "casefile"}, "plan": {"duration": "15s", "dumps": 6, "dump_interval": "2s",
			"sample_every": "1s", "max_log_bytes": 1}, "started": "2024-03-01T09:%02d:00Z", "ended": "2024-03-01T09:%02d:15Z", "nodes": [%s]}`,
			minute, minute, strings.Join(list, ","))
		if err := os.WriteFile(filepath.Join(path, "casefile.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	loose := filepath.Join(dir, "gc.log")
	if err := os.WriteFile(loose, []byte("[0.1s][info][gc] Using G1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	quiet, peak, noon := bundleOf("quiet", 1, "n1", "n2"), bundleOf("peak", 30, "n2", "n1"), bundleOf("noon", 20, "n1", "n2")
	n1, n3 := bundleOf("n1", 2, "n1"), bundleOf("n3", 3, "n3")
	for name, x := range map[string]struct {
		paths  []string
		newest string
		fails  string
	}{
		"one":             {[]string{quiet}, "", ""},
		"several loads":   {[]string{quiet, peak, noon}, peak, ""},
		"parts of a case": {[]string{n1, n3}, "", ""},
		"a mixture":       {[]string{quiet, n1}, "", "n1 is in quiet and in n1"},
		"loose files":     {[]string{quiet, loose}, "", ""},
	} {
		newest, several, err := atLoads(t.Context(), x.paths)
		switch {
		case x.fails != "":
			if err == nil || !strings.Contains(err.Error(), x.fails) {
				t.Errorf("%s: %v, want %q", name, err, x.fails)
			}
		case err != nil || newest != x.newest || several != (x.newest != ""):
			t.Errorf("%s: %q %v %v", name, newest, several, err)
		}
	}
}
