package access

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// A socket is connected to only when it is the user's own: neither a link to one of root nor
// one that somebody else listens at.
func TestDial(t *testing.T) {
	tree := ofOther(t)
	dir, secret := yard(t)
	accepted := make(chan string, 10)
	listen := func(name string, uid int) {
		t.Helper()
		ln, err := net.Listen("unix", name)
		must(t, err, os.Lchown(name, uid, uid), os.Chmod(name, 0o666))
		t.Cleanup(func() { ln.Close() })
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				accepted <- name
				c.Close()
			}
		}()
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	closed := filepath.Join(filepath.Dir(secret), "socket")
	listen(at("his"), other)
	listen(at("roots"), 0)
	listen(closed, other)
	hisFile(t, at("file"), "")
	must(t, os.Symlink(at("roots"), at("soft")), os.Symlink(at("his"), at("softhis")), os.Symlink(closed, at("softclosed")))
	his, err := tree.Folder(dir)
	must(t, err)
	defer his.Close()
	for _, name := range []string{"roots", "soft", "softhis", "softclosed", "file", "nothing", "../his"} {
		if c, err := his.Dial(t.Context(), name); err == nil {
			c.Close()
			t.Errorf("%s was connected to", name)
		}
		if his.CheckSocket(name) == nil {
			t.Errorf("%s passes for a socket of the user", name)
		}
	}
	if _, err := his.Dial(t.Context(), "nothing"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	c, err := his.Dial(t.Context(), "his")
	must(t, err)
	defer c.Close()
	if got := <-accepted; got != at("his") || len(accepted) > 0 {
		t.Errorf("connected to %s, and %d more", got, len(accepted))
	}
}

// Only the file that was made is opened again for writing.
func TestOpenMade(t *testing.T) {
	tree := ofOther(t)
	dir, secret := yard(t)
	his, err := tree.Folder(dir)
	must(t, err)
	defer his.Close()
	must(t, his.Mkdir("f", map[string][]byte{"made": nil, "full": []byte("x")}))
	must(t, os.Symlink(secret, filepath.Join(dir, "f", "soft")), os.Link(secret, filepath.Join(dir, "f", "hard")))
	for name, want := range map[string]bool{"made": true, "full": false, "soft": false, "hard": false, "none": false} {
		f, err := his.OpenMade("f", name)
		if err == nil {
			f.Close()
		}
		if err == nil != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
