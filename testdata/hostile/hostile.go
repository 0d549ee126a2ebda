// Package hostile makes inputs that are meant to take a reader's machine: files
// that unpack to a thousand times their size, names and stacks that never repeat,
// nesting without end, sizes that lie. Each is made from its description; none is
// larger than 100 MB.
package hostile

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Input is one hostile file or folder.
type Input struct {
	// Name is that of the file; its ending counts.
	Name string
	// Tells is a part of what must be said of it; empty when nothing of it is lost.
	Tells string
	// Make writes it; size scales it: 1 is the worst, up to 100 MB on disk, less is a smaller one of the same kind.
	Make func(path string, size float64) error
}

// All are the inputs, each kind of reader with its own.
func All() []Input {
	var all []Input
	for _, kind := range [][]Input{archives(), packed(), texts(), dumps(), gcLogs(), recordings(), profiles(), entries(), configurations(), names(), odd()} {
		all = append(all, kind...)
	}
	return all
}

// file makes an input out of what writes its content.
func file(name, tells string, write func(w *bufio.Writer, size float64) error) Input {
	return Input{Name: name, Tells: tells, Make: func(path string, size float64) error {
		return create(path, func(w *bufio.Writer) error { return write(w, size) })
	}}
}

func create(path string, write func(w *bufio.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		f.Close()
		return err
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// lines writes n lines, each by a format with its number or as it is, at most most bytes of them.
func lines(w io.Writer, most int64, n int, format string) error {
	written, counts := int64(0), strings.Contains(format, "%")
	for i := range n {
		args := []any{i}
		if !counts {
			args = nil
		}
		got, err := fmt.Fprintf(w, format, args...)
		if err != nil {
			return err
		}
		if written += int64(got); written > most {
			break
		}
	}
	return nil
}

// scaled is n times size, at least one.
func scaled(n int, size float64) int { return max(1, int(float64(n)*size)) }

// mb is that many megabytes, scaled.
func mb(n int, size float64) int64 { return max(1<<10, int64(float64(n)*size*(1<<20))) }

// repeat is an endless reader of one text.
type repeat struct {
	text []byte
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// of gives that many bytes of a repeated text.
func of(text string, bytes int64) io.Reader {
	for len(text) < 32<<10 {
		text += text
	}
	return io.LimitReader(&repeat{text: []byte(text)}, bytes)
}

func copyOf(w io.Writer, text string, bytes int64) error {
	_, err := io.Copy(w, of(text, bytes))
	return err
}
