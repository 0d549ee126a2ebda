package access

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Both ways to resolve a path must stay in the tree and agree.
func TestTreeStaysInside(t *testing.T) {
	top := t.TempDir()
	root := filepath.Join(top, "root")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, "data/logs"), 0o755))
	must(os.WriteFile(filepath.Join(top, "outside"), []byte("host"), 0o644))
	must(os.WriteFile(filepath.Join(root, "outside"), []byte("inside"), 0o644))
	must(os.WriteFile(filepath.Join(root, "data/logs/a.log"), []byte("a"), 0o644))
	must(os.Symlink("/data/logs", filepath.Join(root, "logs")))                       // absolute: inside the tree
	must(os.Symlink("../../../../outside", filepath.Join(root, "data/logs/up")))      // must not leave
	must(os.Symlink("loop", filepath.Join(root, "loop")))                             // endless
	must(os.Symlink("/logs/../../data/./logs/a.log", filepath.Join(root, "crooked"))) // through links and dots
	must(unix.Mkfifo(filepath.Join(root, "pipe"), 0o644))

	tree := Fixture(root)
	cases := []struct{ name, want string }{
		{"outside", "inside"}, {"logs/a.log", "a"}, {"data/logs/up", "inside"}, {"../outside", "inside"}, {"crooked", "a"},
		{"loop", ""}, {"nothing", ""}, {"outside/x", ""},
	}
	read := func(f *os.File, err error) string {
		if err != nil {
			return ""
		}
		defer f.Close()
		b, _ := io.ReadAll(f)
		return string(b)
	}
	for _, c := range cases {
		if got := read(tree.Open(c.name)); got != c.want {
			t.Errorf("Open(%s) = %q, want %q", c.name, got, c.want)
		}
		w := walk{tree: tree, root: int(tree.root.Fd()), name: c.name}
		steps, err := w.run(c.name)
		w.close()
		var f *os.File
		if err == nil {
			f, err = reopen(steps, c.name, unix.O_RDONLY)
		}
		if got := read(f, err); got != c.want {
			t.Errorf("walk(%s) = %q, want %q", c.name, got, c.want)
		}
	}
	if _, err := tree.Open("pipe"); err == nil {
		t.Error("a pipe was opened: reading it would wait for ever")
	}
	if _, err := tree.Open("nothing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	files, err := tree.Glob("/logs/*.log")
	must(err)
	if len(files) != 1 || files[0].Path != "/logs/a.log" || files[0].Size != 1 {
		t.Errorf("Glob: %+v", files)
	}
}
