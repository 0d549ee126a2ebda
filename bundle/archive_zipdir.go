package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Parts of a zip's directory (APPNOTE 4.3.12, 4.3.16).
const (
	zipDirHeader = 46
	zipEnd       = 22
	maxZipDir    = 24 << 20 // bytes of a directory that are read
)

var errZipDir = errors.New("zip: no directory")

// readZip reads the directory of a zip, as far as most entries: archive/zip makes
// 400 bytes of each header, whatever their number.
func readZip(r io.ReaderAt, size int64, most int) (*zip.Reader, error) {
	end, at, err := findZipEnd(r, size)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	length, start := int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	if length < maxZipDir && length < int64(most)*zipDirHeader {
		return zip.NewReader(r, size)
	}
	if start == 1<<32-1 || length == 1<<32-1 { // zip64: where its directory ends is known, not where it begins
		if start, err = zip64Start(r, at); err != nil {
			return nil, err
		}
	}
	dir, n, err := zipHeaders(bufio.NewReaderSize(io.NewSectionReader(r, start, at-start), 64<<10), most)
	if err != nil || start+int64(len(dir)) >= 1<<32-1 {
		return nil, errZipDir
	}
	le.PutUint16(end[8:], uint16(n)) // archive/zip compares these bits of the number
	le.PutUint16(end[10:], uint16(n))
	le.PutUint32(end[12:], uint32(len(dir)))
	le.PutUint32(end[16:], uint32(start))
	le.PutUint16(end[20:], 0)
	whole := &patched{r: r, cut: start, tail: append(dir, end...)}
	return zip.NewReader(whole, start+int64(len(whole.tail)))
}

// findZipEnd finds the end of the directory, behind which a comment may stand.
func findZipEnd(r io.ReaderAt, size int64) (end []byte, at int64, err error) {
	tail := make([]byte, min(size, zipEnd+1<<16))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || i+zipEnd > len(tail) {
		return nil, 0, errZipDir
	}
	return tail[i : i+zipEnd : i+zipEnd], size - int64(len(tail)-i), nil
}

// zip64Start reads where the directory begins from the record that the locator before the end names.
func zip64Start(r io.ReaderAt, end int64) (int64, error) {
	var locator [20]byte
	var record [56]byte
	if _, err := r.ReadAt(locator[:], end-int64(len(locator))); err != nil || !bytes.HasPrefix(locator[:], []byte("PK\x06\x07")) {
		return 0, errZipDir
	}
	at := int64(binary.LittleEndian.Uint64(locator[8:]))
	if _, err := r.ReadAt(record[:], at); at < 0 || err != nil || !bytes.HasPrefix(record[:], []byte("PK\x06\x06")) {
		return 0, errZipDir
	}
	start := int64(binary.LittleEndian.Uint64(record[48:]))
	if start < 0 || start > end {
		return 0, errZipDir
	}
	return start, nil
}

// zipHeaders reads one header more than may be used: who reads on is told.
func zipHeaders(r io.Reader, most int) (dir []byte, n int, err error) {
	var b bytes.Buffer
	for n <= most && b.Len() < maxZipDir {
		head := make([]byte, zipDirHeader)
		if _, err := io.ReadFull(r, head); err != nil || !bytes.HasPrefix(head, []byte("PK\x01\x02")) {
			break
		}
		le := binary.LittleEndian
		rest := int64(le.Uint16(head[28:])) + int64(le.Uint16(head[30:])) + int64(le.Uint16(head[32:]))
		b.Write(head)
		if _, err := io.CopyN(&b, r, rest); err != nil {
			return nil, 0, err
		}
		n++
	}
	if n == 0 {
		return nil, 0, errZipDir
	}
	return b.Bytes(), n, nil
}

// patched is r up to cut, and from there on tail.
type patched struct {
	r    io.ReaderAt
	cut  int64
	tail []byte
}

func (p *patched) ReadAt(b []byte, off int64) (n int, err error) {
	if off < p.cut {
		if n, err = p.r.ReadAt(b[:min(int64(len(b)), p.cut-off)], off); err != nil || n == len(b) {
			return n, err
		}
		off += int64(n)
	}
	if off-p.cut > int64(len(p.tail)) {
		return n, io.EOF
	}
	more := copy(b[n:], p.tail[off-p.cut:])
	if n += more; n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
