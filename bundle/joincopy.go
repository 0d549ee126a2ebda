package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// placed is an entry of a frame, and how many bytes of its plain text come before it.
type placed struct {
	e     Entry
	plain int64
}

// copied appends the frame as it is, if every byte of it is known: each header is the one that this program writes for
// its record, each content has the size and checksum of its record, and nothing stands between, before or after them.
// It does nothing where a frame is of another kind, damaged or cut: then its entries are taken one by one.
func (j *joiner) copied(f *frame) bool {
	if _, isTar := j.w.c.(*tarContainer); !isTar || !j.bounded() {
		return false
	}
	before := j.entriesLeft
	list, plain, ok := j.inspect(f)
	if ok && j.w.spliceFrame(list, section{j.src, j.at, f.n}, plain) {
		j.pass(f.n)
		return true
	}
	j.entriesLeft = before
	return false
}

// bounded reports whether the frame can be read in the memory that those of a Writer need.
func (j *joiner) bounded() bool {
	b, _ := j.in.Peek(zstd.HeaderMaxSize) // of the last frame there may be less
	var h zstd.Header
	if h.Decode(b) != nil || h.Skippable || h.DictionaryID != 0 {
		return false
	}
	if h.SingleSegment {
		return h.FrameContentSize <= zstdWindow
	}
	return h.WindowSize <= zstdWindow
}

// inspect reads a frame to its end.
func (j *joiner) inspect(f *frame) (list []placed, plain int64, ok bool) {
	in, err := j.content(f)
	if err != nil {
		return nil, 0, false
	}
	var header bytes.Buffer
	for {
		if _, err := in.Peek(1); err != nil {
			whole := f.whole && errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
			return list, plain, whole && len(list) > 0
		}
		header.Reset()
		h, err := tar.NewReader(io.TeeReader(in, &header)).Next()
		if err != nil {
			return nil, 0, false
		}
		e, err := j.entry(h)
		if err != nil || e.Bytes > sharedEntry || plain > frameMost+sharedEntry || !written(e, header.Bytes()) {
			return nil, 0, false
		}
		t := j.take(e)
		if t.read(in, nil) != nil {
			return nil, 0, false
		}
		pad := make([]byte, len(padding(e.Bytes)))
		if _, err := io.ReadFull(in, pad); err != nil || len(bytes.Trim(pad, "\x00")) > 0 {
			return nil, 0, false
		}
		if j.o.Annotate != nil {
			j.o.Annotate(&t.e)
		}
		list = append(list, placed{t.e, plain})
		plain += int64(header.Len()) + e.Bytes + int64(len(pad))
	}
}

// written reports whether the header is that of an entry as a Writer writes it, and of one that a joined bundle may have.
func written(e Entry, header []byte) bool {
	own, err := tarHeader(e)
	return err == nil && e.Path != PlanFile && e.Path != ManifestFile && bytes.Equal(own, header)
}

// spliceFrame appends a frame with its entries, unless it is better compressed anew or cannot be had as a whole.
func (w *Writer) spliceFrame(list []placed, packed section, plain int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, isTar := w.c.(*tarContainer)
	if !isTar || w.closed || !t.copies(packed.n, plain) {
		return false
	}
	twice := map[string]bool{}
	for _, p := range list {
		if w.paths[p.e.Path] || twice[p.e.Path] {
			return false
		}
		twice[p.e.Path] = true
	}
	if w.settle(t.addFrame(list, packed)) != nil { // of a full disk: what fits singly is taken
		return false
	}
	for _, p := range list {
		w.paths[p.e.Path] = true
		w.manifest.Entries = append(w.manifest.Entries, p.e)
	}
	return true
}
