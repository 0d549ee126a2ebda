package bundle

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"casefile/bundle/redact"
)

// A bundle in a folder that others can write to goes through nothing that they put there.
func TestCreateGoesThroughNoLink(t *testing.T) {
	for _, format := range []Format{TarZstd, Zip, Dir} {
		t.Run(string(format), func(t *testing.T) {
			top := t.TempDir()
			victim, place := filepath.Join(top, "victim"), filepath.Join(top, "b")
			const kept = "of somebody else"
			err := errors.Join(os.Mkdir(victim, 0o700), os.WriteFile(filepath.Join(victim, "file"), []byte(kept), 0o600))
			if format == Dir { // a folder that was there, and a link in it that is put there while it is written
				err = errors.Join(err, os.Mkdir(place, 0o777))
			} else {
				err = errors.Join(err, os.Symlink(filepath.Join(victim, "file"), place), os.Symlink(filepath.Join(victim, "file"), place+".new"))
			}
			if err != nil {
				t.Fatal(err)
			}
			w, err := Create(place, format, Manifest{}, redact.NewSecrets())
			if err != nil {
				t.Fatal(err)
			}
			if format == Dir {
				if err := errors.Join(os.Mkdir(filepath.Join(place, "in"), 0o700), os.Symlink(filepath.Join(victim, "file"), filepath.Join(place, "in", "x.part")), os.Symlink(victim, filepath.Join(place, "out"))); err != nil {
					t.Fatal(err)
				}
				for _, name := range []string{"in/x", "out/file"} {
					if err := w.Add(Entry{Path: name}, redact.Text, []byte("evidence\n")); err == nil {
						t.Errorf("%s was written through a link", name)
					}
				}
			}
			if err := w.Add(Entry{Path: "nodes/n/x.txt"}, redact.Text, []byte("evidence\n")); err != nil {
				t.Error(err)
			}
			if _, err := w.Close(); err != nil {
				t.Error(err)
			}
			if b, err := os.ReadFile(filepath.Join(victim, "file")); err != nil || string(b) != kept {
				t.Errorf("the file behind the link is %q, %v", b, err)
			}
			if st, err := os.Lstat(place); err != nil || st.Mode()&os.ModeSymlink != 0 {
				t.Errorf("the bundle is %v, %v", st, err)
			}
		})
	}
}
