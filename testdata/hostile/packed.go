package hostile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// packed are single files that unpack to more than they look.
func packed() []Input {
	gz := func(name, tells string, body func(size float64) io.Reader) Input {
		return file(name, tells, func(w *bufio.Writer, size float64) error {
			z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
			if err != nil {
				return err
			}
			if _, err := io.Copy(z, body(size)); err != nil {
				return err
			}
			return z.Close()
		})
	}
	return []Input{
		gz("zeros.log.gz", "read profile", func(size float64) io.Reader { return of("\x00", mb(1_000, size)) }),
		gz("lines.log.gz", "", func(size float64) io.Reader { return of(logLine, mb(1_000, size)) }),
		gz("zeros.jfr.gz", "not read further", func(size float64) io.Reader {
			return io.MultiReader(bytes.NewReader(jfrHeader(1<<40, 0)), of("\x00", mb(1_000, size)))
		}),
		gz("zeros.pb.gz", "read profile", func(size float64) io.Reader { return of("\x00", mb(1_000, size)) }),
		file("window.log.zst", "window", func(w *bufio.Writer, _ float64) error {
			frame := binary.LittleEndian.AppendUint32(nil, 0xFD2FB528)
			frame = append(frame, 0x00, 0xA8) // a window of 2 GB
			for range 30_000 {
				frame = append(frame, 0x02, 0x00, 0x10, 'a') // RLE blocks of 128 kB
			}
			_, err := w.Write(frame)
			return err
		}),
		file("rle.log.zst", "not read further", func(w *bufio.Writer, size float64) error {
			frame := binary.LittleEndian.AppendUint32(nil, 0xFD2FB528)
			frame = append(frame, 0x00, 0x58) // 2 MB
			for range scaled(16_000, size) {
				frame = append(frame, 0x02, 0x00, 0x10, 'a')
			}
			_, err := w.Write(append(frame, 0x01, 0, 0))
			return err
		}),
		file("matryoshka.log.gz", "", func(w *bufio.Writer, size float64) error {
			inner := bytes.Repeat([]byte{'a'}, int(mb(10, size)))
			for range 50 {
				var next bytes.Buffer
				z := gzip.NewWriter(&next)
				if _, err := z.Write(inner); err != nil {
					return err
				}
				if err := z.Close(); err != nil {
					return err
				}
				inner = next.Bytes()
			}
			_, err := w.Write(inner)
			return err
		}),
		file("members.log.gz", "", func(w *bufio.Writer, size float64) error {
			var empty bytes.Buffer
			z := gzip.NewWriter(&empty)
			if err := z.Close(); err != nil {
				return err
			}
			return copyOf(w, empty.String(), mb(40, size)/int64(empty.Len())*int64(empty.Len()))
		}),
		file("skippable.log.zst", "", func(w *bufio.Writer, size float64) error {
			frame := binary.LittleEndian.AppendUint32(nil, 0x184D2A50)
			frame = binary.LittleEndian.AppendUint32(frame, 0)
			plain, err := zstd.NewWriter(nil)
			if err != nil {
				return err
			}
			first := plain.EncodeAll([]byte(logLine), nil)
			if _, err := w.Write(first); err != nil {
				return err
			}
			return copyOf(w, string(frame), mb(40, size)/8*8)
		}),
	}
}
