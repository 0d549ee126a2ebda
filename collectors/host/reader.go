package host

import (
	"bytes"
	"io"
	"os"
	"strconv"
)

// reader reads files again and again into one buffer. What it returns is valid
// until its next call.
type reader struct {
	tree
	buf   []byte
	paths map[string]string
}

func newReader(t tree) *reader {
	return &reader{tree: t, buf: make([]byte, 0, 64<<10), paths: map[string]string{}}
}

// file returns the content of a file, at most maxFile.
func (r *reader) file(name string) ([]byte, error) {
	p, known := r.paths[name]
	if !known {
		p = r.at(name)
		r.paths[name] = p
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r.buf = r.buf[:0]
	for {
		n, err := f.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if err == io.EOF || len(r.buf) >= maxFile {
			return r.buf, nil
		}
		if err != nil {
			return nil, err
		}
		if len(r.buf) == cap(r.buf) {
			r.buf = append(r.buf, 0)[:len(r.buf)]
		}
	}
}

// number returns the content of a file that holds one number.
func (r *reader) number(name string) (float64, bool) {
	b, err := r.file(name)
	if err != nil {
		return 0, false
	}
	return number(bytes.TrimSpace(b))
}

func number(b []byte) (float64, bool) {
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil && v-v == 0
}

// valueOf returns the value of a line "key value".
func valueOf(line []byte, key string) (float64, bool) {
	rest, ok := bytes.CutPrefix(line, []byte(key))
	if !ok || len(rest) == 0 || rest[0] != ' ' {
		return 0, false
	}
	return number(bytes.TrimSpace(rest))
}
