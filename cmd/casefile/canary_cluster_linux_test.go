package main

import (
	"bytes"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/bundle"
)

// TestCanariesInSpool looks for secrets in what an agent keeps until it is fetched, and in the parts of nodes on the
// admin's machine, at each step of a capture of a cluster.
func TestCanariesInSpool(t *testing.T) {
	if testing.Short() {
		t.Skip("captures live processes")
	}
	c := &canaries{r: rand.New(rand.NewPCG(13, 11))}
	m := newMachines(t, loopback(t, 2), "threads", func(*machines) []string {
		return append([]string{"20"}, c.fillAll("--password", "{X}", "-u", "bob:{X}", "bob:{X}@db.internal", "--token={X}", "mysql", "-p{X}", "redis-cli", "-a", "{X}")...)
	})
	for i := range m.names {
		m.serve(i, "")
	}
	s := newCanarySearch(c)
	kept := map[string]bool{}
	look := func(string, string) {
		for _, pattern := range []string{"spool-*", "*.parts*", "*.tar.zst*"} {
			found, _ := filepath.Glob(filepath.Join(m.dir, pattern))
			for _, root := range found {
				_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
					if err == nil && e.Type().IsRegular() && searchKept(t, s, path) {
						kept[strings.SplitN(filepath.Base(root), "-", 2)[0]] = true
					}
					return nil
				})
			}
		}
	}
	m.collect(look, "--duration", "3s", "--dumps", "2", "--dump-interval", "1s")
	look("", "")
	t.Logf("%d canaries, files seen: %v", len(c.made), kept)
	if !kept["spool"] {
		t.Error("no entry was seen in a spool: the test proves nothing of it")
	}
	for where := range s.found {
		t.Error(where)
	}
}

// searchKept searches a file as it is, and the entries of a bundle; it reports whether there were any, or whether the file is sealed: what an
// agent keeps is, with a key that is nowhere but in its memory. What is gone by now was fetched.
func searchKept(t *testing.T, s *canarySearch, path string) (entries bool) {
	if b, err := os.ReadFile(path); err == nil {
		s.search(path, b)
		if bytes.HasPrefix(b, []byte("age-encryption.org/")) {
			return true
		}
	}
	r, err := bundle.Open(t.Context(), path)
	if err != nil {
		return false
	}
	_ = r.Walk(t.Context(), func(e bundle.Entry, body io.Reader) error { // a bundle that is being written is cut
		b, err := io.ReadAll(body)
		entries = true
		s.search(path+": "+e.Path, b)
		return err
	})
	return entries
}
