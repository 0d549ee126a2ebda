package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"casefile/bundle/format/budget"
)

// maxJoinEntry bounds the content of one entry that a node may send, in bytes.
const maxJoinEntry = 4 << 30

// JoinOptions say whose bundle is joined and what its entries are told.
type JoinOptions struct {
	// Node owns all that is joined: entries elsewhere than below nodes/<Node>/ are refused.
	Node string
	// Dir is the node's folder name below nodes/.
	Dir string
	// MaxBytes bounds the compressed size of all that is taken.
	MaxBytes int64
	// Annotate may complete the record of each entry (its time on the reference clock).
	Annotate func(*Entry)
	// Peek, where it returns a writer, is given the content of that entry too. An entry may be given
	// twice, each time to a writer that Peek is asked for, and one that fails its checksum in part.
	Peek func(Entry) io.Writer
}

// Join appends the entries of a node's tar.zst bundle, after their size and checksum were checked. It returns the
// node's own manifest, nil when the stream ends before it; entries that came whole are kept in any case.
//
// Into a tar.zst the first [betterOf] bytes of what is joined are compressed anew, so that nodes refer to each other.
// Of more, and of what hardly gets smaller, whole frames are copied as they came, as long as they are what a Writer makes.
func (w *Writer) Join(ctx context.Context, r io.ReaderAt, o JoinOptions) (*Manifest, error) {
	tools, err := w.joinTools()
	if err != nil {
		return nil, err
	}
	defer w.putTools(tools)
	j := &joiner{w: w, o: o, src: r, joinTools: tools, room: budget.NewRoom(ctx, 0), left: o.MaxBytes, entriesLeft: mostEntries(ctx)}
	for {
		if err := ctx.Err(); err != nil {
			return j.manifest, firstError(err, w.joined(o.Dir))
		}
		done, err := j.next()
		if done || err != nil {
			if err = firstError(err, w.joined(o.Dir)); err != nil {
				err = fmt.Errorf("stream of node %s: %w", o.Node, err)
			}
			return j.manifest, err
		}
	}
}

type joiner struct {
	w   *Writer
	o   JoinOptions
	src io.ReaderAt
	at  int64 // where its next frame begins
	*joinTools
	room     *budget.Room
	left     int64
	manifest *Manifest

	entriesLeft int
}

// joinTools are large, and used for one node after the other. A sync.Pool would lose them at each collection of garbage,
// and a new window of 8 MB brings the next one closer.
type joinTools struct {
	in    *bufio.Reader // packed
	dec   *zstd.Decoder
	plain *bufio.Reader
}

func (w *Writer) joinTools() (*joinTools, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.tools); n > 0 {
		t := w.tools[n-1]
		w.tools = w.tools[:n-1]
		return t, nil
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	return &joinTools{in: bufio.NewReaderSize(nil, 64<<10), dec: dec, plain: bufio.NewReaderSize(nil, 64<<10)}, err
}

func (w *Writer) putTools(t *joinTools) {
	t.in.Reset(nil) // so that they hold no file
	t.plain.Reset(nil)
	if t.dec.Reset(nil) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.tools = append(w.tools, t)
	}
}

// frame is the next one, from its beginning however often it is asked for.
func (j *joiner) frame() *frame {
	j.in.Reset(j.room.Source(io.NewSectionReader(j.src, j.at, math.MaxInt64-j.at)))
	return newFrame(j.in, j.left)
}

// content is what a frame unpacks to.
func (j *joiner) content(f *frame) (*bufio.Reader, error) {
	if err := j.dec.Reset(f); err != nil {
		return nil, err
	}
	j.plain.Reset(j.room.Reader(j.dec))
	return j.plain, nil
}

// pass goes on after n bytes.
func (j *joiner) pass(n int64) { j.at, j.left = j.at+n, j.left-n }

// next takes one frame; done is true at the proper end.
func (j *joiner) next() (done bool, err error) {
	f := j.frame()
	if _, err := frameHeader(j.in); errors.Is(err, io.EOF) {
		return false, io.ErrUnexpectedEOF // the proper end has a frame of its own
	} else if err != nil {
		return false, err
	}
	if j.copied(f) {
		return false, nil
	}
	f = j.frame()
	in, err := j.content(f)
	if err != nil {
		return false, err
	}
	alone, done, err := j.entries(in)
	j.pass(f.n)
	if f.whole && errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the last entry of a frame is shorter than its header says")
	}
	if alone != nil && err == nil {
		err = j.own(*alone)
	}
	return done, err
}

// entries takes those of one frame. An entry whose content is a frame of its own is returned.
func (j *joiner) entries(in *bufio.Reader) (alone *Entry, done bool, err error) {
	for {
		next, err := in.Peek(1)
		switch {
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return nil, false, nil
		case err != nil:
			return nil, false, err
		case next[0] == 0:
			return nil, true, trailer(in)
		}
		files := tar.NewReader(in) // one for each, as it does not say where it is
		h, err := files.Next()
		if err != nil {
			return nil, false, fmt.Errorf("header: %w", err)
		}
		e, err := j.entry(h)
		if err != nil {
			return nil, false, err
		}
		if _, err := in.Peek(1); e.Bytes > 0 && errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return &e, false, nil
		}
		if err := j.shared(e, in); err != nil {
			return nil, false, fmt.Errorf("%s: %w", e.Path, err)
		}
		if _, err := in.Discard(len(padding(e.Bytes))); err != nil {
			return nil, false, fmt.Errorf("%s: shorter than its header says: %w", e.Path, io.ErrUnexpectedEOF)
		}
	}
}

// trailer reads the zeros that end a tar.
func trailer(in io.Reader) error {
	zeros := make([]byte, tarTrailer)
	if _, err := io.ReadFull(in, zeros); err != nil {
		return err
	}
	if len(bytes.Trim(zeros, "\x00")) > 0 {
		return errors.New("no header and no end of a tar")
	}
	return nil
}

// entry checks what the stream says about its next entry.
func (j *joiner) entry(h *tar.Header) (Entry, error) {
	e, err := entryOf(h.Name, []byte(h.PAXRecords["comment"]), h.Size)
	if err != nil {
		return e, err
	}
	if j.entriesLeft--; j.entriesLeft < 0 {
		return e, errors.New("more entries than a bundle may have")
	}
	own := e.Path == PlanFile || e.Path == ManifestFile
	switch {
	case h.Typeflag != tar.TypeReg || e.SHA256 == "":
		return e, fmt.Errorf("%q is no recorded file", h.Name)
	case h.Size < 0 || h.Size > maxJoinEntry || e.Bytes != h.Size:
		return e, fmt.Errorf("%s: size %d is not possible", e.Path, h.Size)
	case !own && (!strings.HasPrefix(e.Path, "nodes/"+j.o.Dir+"/") || !fs.ValidPath(e.Path)):
		return e, fmt.Errorf("%s is not below nodes/%s", e.Path, j.o.Dir)
	}
	e.Node = j.o.Node
	return e, nil
}

// shared takes an entry whose content lies among others, and compresses it anew.
func (j *joiner) shared(e Entry, in *bufio.Reader) error {
	spool := &overflow{dir: os.TempDir()}
	defer spool.close()
	c, err := j.w.c.codec(spool)
	if err != nil {
		return err
	}
	t := j.take(e)
	if err := t.read(in, c); err != nil {
		return err
	}
	if err := c.finish(e.Bytes); err != nil {
		return err
	}
	return j.keep(t, spool)
}

// own takes an entry whose content is the next frame, checks it, and copies it as it is compressed where the
// container is of the same kind.
func (j *joiner) own(e Entry) error {
	f := j.frame()
	if _, err := frameHeader(j.in); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	if err := j.ownFrame(e, f); err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	return nil
}

func (j *joiner) ownFrame(e Entry, f *frame) error {
	in, err := j.content(f)
	if err != nil {
		return err
	}
	spool := &overflow{dir: os.TempDir()}
	defer spool.close()
	var c codec
	var also io.Writer
	if _, isTar := j.w.c.(*tarContainer); !isTar || e.Bytes <= sharedEntry {
		if c, err = j.w.c.codec(spool); err != nil {
			return err
		}
		also = c
	}
	t := j.take(e)
	if err := t.read(in, also); err != nil {
		return err
	}
	pad, err := io.Copy(io.Discard, io.LimitReader(in, tarBlock+1))
	if err == nil && (pad != int64(len(padding(e.Bytes))) || !f.whole) {
		err = errors.New("longer than its header says")
	}
	if err == nil && c != nil {
		err = c.finish(e.Bytes)
	}
	if err != nil {
		return err
	}
	packed := section{j.src, j.at, f.n}
	j.pass(f.n)
	if c != nil {
		return j.keep(t, spool)
	}
	return j.keep(t, packed)
}

// taken is an entry on its way from the stream.
type taken struct {
	e        Entry
	crc      hash.Hash32 // nil: the container has none
	manifest bytes.Buffer
	peek     io.Writer // may be nil
}

func (j *joiner) take(e Entry) *taken {
	t := &taken{e: e}
	if _, isTar := j.w.c.(*tarContainer); !isTar {
		t.crc = crc32.NewIEEE()
	}
	if e.Path == ManifestFile {
		t.peek = &t.manifest
	} else if j.o.Peek != nil {
		t.peek = j.o.Peek(e)
	}
	return t
}

// read takes the content as long as the header says, and compares its checksum. It gives it to also, unless that is nil.
func (t *taken) read(content *bufio.Reader, also io.Writer) error {
	if t.e.Path == ManifestFile && t.e.Bytes > maxManifest {
		return fmt.Errorf("of %d bytes", t.e.Bytes)
	}
	sum := sha256.New()
	to := []io.Writer{sum}
	for _, w := range []io.Writer{t.crc, t.peek, also} {
		if w != nil {
			to = append(to, w)
		}
	}
	for left := t.e.Bytes; left > 0; { // from the reader's own buffer, without another
		if _, err := content.Peek(1); errors.Is(err, io.EOF) {
			return fmt.Errorf("shorter than its header says: %w", io.ErrUnexpectedEOF)
		} else if err != nil {
			return err
		}
		b, _ := content.Peek(int(min(left, int64(content.Buffered())))) // is there
		for _, w := range to {
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		n, _ := content.Discard(len(b)) // is there
		left -= int64(n)
	}
	if hex.EncodeToString(sum.Sum(nil)) != t.e.SHA256 {
		return errors.New("checksum differs")
	}
	return nil
}

// keep appends what was taken, apart from the node's plan and manifest.
func (j *joiner) keep(t *taken, body stored) error {
	switch t.e.Path {
	case PlanFile:
		return nil
	case ManifestFile:
		j.manifest = &Manifest{}
		return budget.Unmarshal(t.manifest.Bytes(), j.manifest)
	}
	if j.o.Annotate != nil {
		j.o.Annotate(&t.e)
	}
	var crc uint32
	if t.crc != nil {
		crc = t.crc.Sum32()
	}
	return j.w.splice(t.e, crc, body)
}
