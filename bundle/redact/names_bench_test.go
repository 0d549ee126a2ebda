package redact

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"

	"casefile/bundle/redact/names"
)

// benchNames are the names of a cluster: 20 hosts, 300 users.
func benchNames() *names.Set {
	set := names.New(names.Key{1})
	for i := range 20 {
		set.Learn(names.Host, fmt.Sprintf("conf-node-%d.prod.example.com", i))
	}
	for i := range 300 {
		set.Learn(names.User, fmt.Sprintf("user%d", i))
	}
	return set
}

// BenchmarkLevels is what a level costs on the texts of a capture.
func BenchmarkLevels(b *testing.B) {
	for _, text := range benchTexts {
		content := text.make(benchSize)
		for _, level := range []struct {
			name string
			set  *names.Set
		}{{"secrets", nil}, {"standard", benchNames()}} {
			b.Run(text.name+"/"+level.name, func(b *testing.B) {
				b.SetBytes(int64(len(content)))
				for b.Loop() {
					w := New(nil).Names(level.set).Writer(io.Discard, Text)
					_, _ = w.Write(content)
					if err := w.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(text.name+"/learn", func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if err := LearnNames(names.New(names.Key{1}), Text, bytes.NewReader(content)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLevelPeers is what the same texts cost others: cat, and gzip at its fastest.
func BenchmarkLevelPeers(b *testing.B) {
	cat, err := exec.LookPath("cat")
	if err != nil {
		b.Skip(err)
	}
	for _, text := range benchTexts {
		content := text.make(benchSize)
		path := filepath.Join(b.TempDir(), text.name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(text.name+"/cat", func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if err := exec.Command(cat, path).Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(text.name+"/gzip", func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
				_, _ = z.Write(content)
				_ = z.Close()
			}
		})
	}
}
