package hostile

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const logLine = "2026-11-28 10:00:00,000 INFO [main] [core.Foo] bar did what it does\n"

// member is one file of an archive.
type member struct {
	name string
	size int64
	body io.Reader
	pax  map[string]string
}

func text(name, body string) member {
	return member{name: name, size: int64(len(body)), body: strings.NewReader(body)}
}

func writeTar(w io.Writer, members func(yield func(member) bool)) error {
	t := tar.NewWriter(w)
	var failed error
	members(func(m member) bool {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: m.name, Size: m.size, Mode: 0o600, PAXRecords: m.pax, Format: tar.FormatPAX}
		if failed = t.WriteHeader(h); failed == nil {
			_, failed = io.Copy(t, m.body)
		}
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return t.Close()
}

func tarZstd(name, tells string, members func(size float64) func(yield func(member) bool)) Input {
	return file(name, tells, func(w *bufio.Writer, size float64) error {
		z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		if err := writeTar(z, members(size)); err != nil {
			return err
		}
		return z.Close()
	})
}

func one(m member) func(yield func(member) bool) {
	return func(yield func(member) bool) { yield(m) }
}

func archives() []Input {
	zeros := func(size float64) member {
		n := mb(10_000, size)
		return member{name: "logs/a.log", size: n, body: of("\x00", n)}
	}
	return []Input{
		tarZstd("zeros.tar.zst", "--max-unpacked", func(size float64) func(func(member) bool) { return one(zeros(size)) }),
		tarZstd("lines.tar.zst", "--max-unpacked", func(size float64) func(func(member) bool) {
			n := mb(4_000, size)
			return one(member{name: "logs/a.log", size: n, body: of(logLine, n)})
		}),
		tarZstd("entries.tar.zst", "--max-entries", func(size float64) func(func(member) bool) { return many(scaled(1_000_000, size), "logs/%d.log") }),
		tarZstd("long-names.tar.zst", "not read further", func(size float64) func(func(member) bool) {
			return many(scaled(20_000, size), strings.Repeat("long/", 10_000)+"%d.log")
		}),
		tarZstd("records.tar.zst", "not read further", func(size float64) func(func(member) bool) {
			return func(yield func(member) bool) {
				for i := range scaled(500, size) {
					m := text(fmt.Sprintf("%d.log", i), "x")
					m.pax = map[string]string{"comment": `{"path":"` + m.name + `","node":"` + strings.Repeat("n", 900_000) + `"}`}
					if !yield(m) {
						return
					}
				}
			}
		}),
		file("zeros.tar.gz", "--max-unpacked", func(w *bufio.Writer, size float64) error {
			z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
			if err != nil {
				return err
			}
			if err := writeTar(z, one(zeros(size/5))); err != nil {
				return err
			}
			return z.Close()
		}),
		file("zeros.tar", "", func(w *bufio.Writer, size float64) error { return writeTar(w, one(zeros(size/100))) }),
		file("huge-claim.tar", "", hugeClaim),
		file("climbs.zip", "leads out", func(w *bufio.Writer, _ float64) error {
			return writeZip(w, []stored{{"../../../../tmp/x.log", strings.NewReader(logLine)}})
		}),
		file("zeros.zip", "--max-unpacked", func(w *bufio.Writer, size float64) error {
			return writeZip(w, []stored{{"a.log", of("\x00", mb(2_000, size))}})
		}),
		file("entries.zip", "--max-entries", func(w *bufio.Writer, size float64) error { return emptyFiles(w, scaled(900_000, size)) }),
		file("nested.zip", "", func(w *bufio.Writer, size float64) error {
			inner := []byte(logLine)
			for range scaled(40, size) {
				var next bytes.Buffer
				if err := writeZip(&next, []stored{{"in.zip", bytes.NewReader(inner)}, {"more.zip", bytes.NewReader(inner)}}); err != nil {
					return err
				}
				if next.Len() > 20<<20 {
					break
				}
				inner = next.Bytes()
			}
			_, err := w.Write(inner)
			return err
		}),
		file("overlap.zip", "", overlapping),
		file("cut-bomb.zip", "--max-unpacked", func(w *bufio.Writer, size float64) error {
			var whole bytes.Buffer
			if err := statedZip(&whole, "a.log", mb(2_000, size)); err != nil {
				return err
			}
			_, err := w.Write(whole.Bytes())
			return err
		}),
		{Name: "folder", Tells: "--max-entries", Make: func(path string, size float64) error {
			for i := range scaled(105_000, min(1, size*5)) {
				dir := filepath.Join(path, fmt.Sprint(i/1000))
				if i%1000 == 0 {
					if err := os.MkdirAll(dir, 0o700); err != nil {
						return err
					}
				}
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.log", i)), nil, 0o600); err != nil {
					return err
				}
			}
			return nil
		}},
	}
}

func many(n int, name string) func(yield func(member) bool) {
	return func(yield func(member) bool) {
		for i := range n {
			if !yield(text(fmt.Sprintf(name, i), "x")) {
				return
			}
		}
	}
}

// stored is a file of a zip.
type stored struct {
	name string
	body io.Reader
}

func writeZip(w io.Writer, files []stored) error {
	z := zip.NewWriter(w)
	for _, file := range files {
		f, err := z.Create(file.name)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, file.body); err != nil {
			return err
		}
	}
	return z.Close()
}

func emptyFiles(w io.Writer, n int) error {
	z := zip.NewWriter(w)
	for i := range n {
		if _, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("%d.log", i), Method: zip.Store}); err != nil {
			return err
		}
	}
	return z.Close()
}

// hugeClaim is a tar whose entry has, it says, a terabyte.
func hugeClaim(w *bufio.Writer, _ float64) error {
	t := tar.NewWriter(w)
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "gc.log", Size: 1 << 40, Mode: 0o600}); err != nil {
		return err
	}
	_, err := io.WriteString(t, logLine)
	return err
}

// overlapping is a zip of many entries that are all the same bytes of the file.
func overlapping(w *bufio.Writer, size float64) error {
	var packed bytes.Buffer
	if err := statedZip(&packed, "a.log", mb(100, size)); err != nil {
		return err
	}
	body := packed.Bytes()
	n := 60_000
	for i := range n {
		le := binary.LittleEndian
		h := make([]byte, 46)
		copy(h, "PK\x01\x02")
		copy(h[6:30], body[4:28]) // from the version needed on as in the local header
		le.PutUint16(h[28:], 5)
		le.PutUint16(h[30:], 0)
		le.PutUint32(h[42:], 0)
		body = append(append(body, h...), fmt.Sprintf("%05d", i)...)
	}
	end := make([]byte, 22)
	le := binary.LittleEndian
	copy(end, "PK\x05\x06")
	le.PutUint16(end[8:], uint16(n))
	le.PutUint16(end[10:], uint16(n))
	le.PutUint32(end[12:], uint32(len(body)-packed.Len()))
	le.PutUint32(end[16:], uint32(packed.Len()))
	_, err := w.Write(append(body, end...))
	return err
}

// statedZip writes one local file, whose header states its sizes, and no directory.
func statedZip(w *bytes.Buffer, name string, plain int64) error {
	var z bytes.Buffer
	zw := zip.NewWriter(&z)
	f, err := zw.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, of(logLine, plain)); err != nil {
		return err
	}
	if err := zw.Close(); err != nil {
		return err
	}
	r, err := zip.NewReader(bytes.NewReader(z.Bytes()), int64(z.Len()))
	if err != nil {
		return err
	}
	h := r.File[0]
	raw, err := h.OpenRaw()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(raw)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	head := make([]byte, 30)
	copy(head, "PK\x03\x04")
	le.PutUint16(head[4:], 20)
	le.PutUint16(head[8:], zip.Deflate)
	le.PutUint32(head[14:], h.CRC32)
	le.PutUint32(head[18:], uint32(len(body)))
	le.PutUint32(head[22:], uint32(plain))
	le.PutUint16(head[26:], uint16(len(name)))
	w.Write(head)
	w.WriteString(name)
	w.Write(body)
	return nil
}
