package bundle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"casefile/bundle/redact"
)

// bulky makes a bundle of several frames: small entries, some that have their own, and more than one shared frame holds.
func bulky(t *testing.T) (path string, content map[string][]byte) {
	w := create(t, TarZstd)
	content = map[string][]byte{}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 24 {
		size := rnd.IntN(1 << 20)
		if i%7 == 3 {
			size = sharedEntry + 1000
		}
		line := fmt.Sprintf("line of entry %d %d\n", i, rnd.Uint32())
		text := []byte(strings.Repeat(line, size/len(line)))
		name := fmt.Sprintf("nodes/n/%02d.txt", i)
		if err := w.Add(Entry{Path: name}, redact.Text, text); err != nil {
			t.Fatal(err)
		}
		content[name] = text
	}
	finish(t, w)
	return w.Path(), content
}

func TestIndexLeadsToEveryEntry(t *testing.T) {
	path, content := bulky(t)
	r, err := Open(t.Context(), path)
	if err != nil || !r.indexed || len(r.Manifest.Entries) != len(content)+2 || r.Cut != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	x, err := openIndexed(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	frames := map[int64]bool{}
	for i, e := range r.Manifest.Entries {
		frames[x.spots[i].frame] = true
		if x.spots[i].plain > frameMost+2*sharedEntry {
			t.Errorf("%s: %d bytes to unpack before it", e.Path, x.spots[i].plain)
		}
		if e.Path == PlanFile || e.Path == ManifestFile {
			continue
		}
		got, err := r.ReadEntry(t.Context(), e.Path, 1<<30)
		if err != nil || !bytes.Equal(got, content[e.Path]) {
			t.Errorf("%s: %d bytes, %v", e.Path, len(got), err)
		}
	}
	if len(frames) < 6 {
		t.Errorf("only %d frames", len(frames))
	}
}

// An index that leads astray costs time, and nothing else: it is a hint, and the entries say who they are.
func TestIndexThatLies(t *testing.T) {
	path, content := bulky(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := indexLength(t, path)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 12 {
		bad := bytes.Clone(whole)
		at := len(bad) - n + rnd.IntN(n)
		bad[at] ^= byte(1 + rnd.IntN(255))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(t.Context(), path)
		if err != nil || len(r.Manifest.Entries) != len(content)+2 {
			t.Fatalf("byte %d: %v", at-len(bad), err)
		}
		for _, name := range []string{"nodes/n/03.txt", "nodes/n/20.txt"} {
			got, err := r.ReadEntry(t.Context(), name, 1<<30)
			if err != nil || !bytes.Equal(got, content[name]) {
				t.Fatalf("byte %d: %s: %d bytes, %v", at-len(bad), name, len(got), err)
			}
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(appendIndex(nil, []spot{{}, {0, 700}, {4000, 0}}))
	f.Add(binary.LittleEndian.AppendUint32(nil, indexMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		spots, err := readIndex(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for i, s := range spots {
			if s.frame < 0 || s.frame > int64(len(b)) || s.plain < 0 || i > 0 && s.frame < spots[i-1].frame {
				t.Fatalf("spot %d: %+v", i, s)
			}
		}
	})
}
