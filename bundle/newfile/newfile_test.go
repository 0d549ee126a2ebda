package newfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

const kept = "of somebody else"

// victim is a file outside that must stay as it is, and links to it.
func victim(t *testing.T, links ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(file, []byte(kept), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if err := os.Symlink(file, l); err != nil {
			t.Skip(err)
		}
	}
	t.Cleanup(func() {
		if b, err := os.ReadFile(file); err != nil || string(b) != kept {
			t.Errorf("the file behind the links is %q, %v", b, err)
		}
	})
}

func TestWriteGoesThroughNoLink(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report.html")
	victim(t, name, name+Suffix)
	if err := Write(name, func(w io.Writer) error { _, err := io.WriteString(w, "page"); return err }); err != nil {
		t.Fatal(err)
	}
	st, err := os.Lstat(name)
	if err != nil || !st.Mode().IsRegular() {
		t.Fatalf("%v, %v", st, err)
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != "page" {
		t.Errorf("%q, %v", b, err)
	}
	failed := errors.New("failed")
	if err := Write(name, func(io.Writer) error { return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != "page" {
		t.Errorf("after a failure: %q, %v", b, err)
	}
	if _, err := os.Lstat(name + Suffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is left: %v", err)
	}
}

func TestPublishTellsOfAnotherFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "b.tar.zst")
	f, err := Create(name + Suffix)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		t.Skip(err) // Windows keeps open files
	}
	victim(t, f.Name())
	if err := Publish(f, name); !errors.Is(err, ErrReplaced) {
		t.Error(err)
	}
}

func TestPrivateDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "parts")
	for range 2 { // made, and taken
		if err := PrivateDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	if st, err := os.Stat(dir); err != nil || othersWrite(st) {
		t.Errorf("%v, %v", st, err)
	}
	link, file := dir+".link", dir+".file"
	if err := errors.Join(os.Symlink(dir, link), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Skip(err)
	}
	for _, bad := range []string{link, file} {
		if PrivateDir(bad) == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(dir); err == nil && othersWrite(st) && PrivateDir(dir) == nil {
		t.Error("a folder that others can write to was taken")
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(os.Chmod(dir, 0o700), os.Chown(dir, 65534, 65534)); err != nil {
			t.Fatal(err)
		}
		if PrivateDir(dir) == nil {
			t.Error("a folder of another user was taken")
		}
	}
}

func TestDevicesStay(t *testing.T) {
	if _, err := os.Stat(os.DevNull); err != nil || os.DevNull != "/dev/null" {
		t.Skip("no /dev/null")
	}
	if _, err := Create(os.DevNull); err == nil {
		t.Fatal("a device was replaced by a file")
	}
	if err := Write(os.DevNull, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Error(err)
	}
	if st, err := os.Lstat(os.DevNull); err != nil || st.Mode()&os.ModeDevice == 0 {
		t.Errorf("/dev/null is %v, %v", st, err)
	}
}
