package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Limits of what one node may send.
const (
	maxHeaderFrame = 1 << 20
	maxJoinEntry   = 4 << 30
)

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
	// Peek, where it returns a writer, is given the content of that entry too. An entry
	// that fails its checksum may have been given in part.
	Peek func(Entry) io.Writer
}

// Join appends the entries of a node's tar.zst bundle while it arrives. Bodies are
// copied as they are compressed, after their size and checksum were checked. It
// returns the node's own manifest, nil when the stream ended before it; entries
// that came whole are kept in any case.
func (w *Writer) Join(ctx context.Context, r io.Reader, o JoinOptions) (*Manifest, error) {
	// a decoder that streams does not decode whole buffers meanwhile: two of them
	heads, err := newDecoder(zstd.WithDecoderMaxMemory(maxHeaderFrame))
	if err != nil {
		return nil, err
	}
	defer heads.Close()
	bodies, err := newDecoder()
	if err != nil {
		return nil, err
	}
	defer bodies.Close()
	j := &joiner{w: w, o: o, in: bufio.NewReaderSize(r, 64<<10), heads: heads, dec: bodies, left: o.MaxBytes}
	for {
		if err := ctx.Err(); err != nil {
			return j.manifest, err
		}
		done, err := j.next()
		if done || err != nil {
			if err != nil {
				err = fmt.Errorf("stream of node %s: %w", o.Node, err)
			}
			return j.manifest, err
		}
	}
}

func newDecoder(more ...zstd.DOption) (*zstd.Decoder, error) {
	return zstd.NewReader(nil, append(more, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))...)
}

type joiner struct {
	w        *Writer
	o        JoinOptions
	in       *bufio.Reader
	heads    *zstd.Decoder
	dec      *zstd.Decoder
	left     int64
	manifest *Manifest
}

// next takes one entry; done is true at the proper end.
func (j *joiner) next() (done bool, err error) {
	var head bytes.Buffer
	n, err := copyFrame(&head, j.in, min(maxHeaderFrame, j.left))
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return true, io.ErrUnexpectedEOF // the end has a frame of its own
	}
	if err != nil {
		return false, err
	}
	j.left -= n
	raw, err := j.heads.DecodeAll(head.Bytes(), nil)
	if err != nil {
		return false, err
	}
	if len(raw) == 1024 && len(bytes.Trim(raw, "\x00")) == 0 {
		return true, nil
	}
	h, err := tar.NewReader(bytes.NewReader(raw)).Next()
	if err != nil {
		return false, fmt.Errorf("header: %w", err)
	}
	e, err := j.entry(h)
	if err != nil {
		return false, err
	}
	return false, j.body(e)
}

// entry checks what the stream says about its next entry.
func (j *joiner) entry(h *tar.Header) (Entry, error) {
	e, err := entryOf(h.Name, []byte(h.PAXRecords["comment"]), h.Size)
	if err != nil {
		return e, err
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

// body takes the frame of an entry's content, checks it and appends it.
func (j *joiner) body(e Entry) error {
	spool := &overflow{dir: os.TempDir()}
	defer spool.close()
	n, err := copyFrame(spool, j.in, j.left)
	j.left -= n
	if err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	keep := io.Discard
	var manifest bytes.Buffer
	if e.Path == ManifestFile {
		if e.Bytes > maxManifest {
			return fmt.Errorf("%s of %d bytes", e.Path, e.Bytes)
		}
		keep = &manifest
	} else if j.o.Peek != nil {
		if also := j.o.Peek(e); also != nil {
			keep = also
		}
	}
	crc := crc32.NewIEEE()
	if err := j.check(e, spool, io.MultiWriter(keep, crc)); err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	switch e.Path {
	case PlanFile:
		return nil
	case ManifestFile:
		var m Manifest
		if err := json.Unmarshal(manifest.Bytes(), &m); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		j.manifest = &m
		return nil
	}
	if j.o.Annotate != nil {
		j.o.Annotate(&e)
	}
	return j.w.splice(e, crc.Sum32(), spool, j.dec)
}

// check decodes a body up to its stated size and compares the checksum.
func (j *joiner) check(e Entry, spool *overflow, also io.Writer) error {
	in, err := spool.reader()
	if err != nil {
		return err
	}
	if err := j.dec.Reset(in); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(sum, also), j.dec, e.Bytes); err != nil {
		return fmt.Errorf("shorter than its header says: %w", err)
	}
	pad, err := io.Copy(io.Discard, io.LimitReader(j.dec, 513))
	if err != nil {
		return err
	}
	if pad > 511 || (e.Bytes+pad)%512 != 0 {
		return errors.New("longer than its header says")
	}
	if hex.EncodeToString(sum.Sum(nil)) != e.SHA256 {
		return errors.New("checksum differs")
	}
	return nil
}

// splice appends an entry whose body is a zstd frame already. Other formats than
// tar.zst compress it anew.
func (w *Writer) splice(e Entry, crc uint32, body *overflow, dec *zstd.Decoder) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return fmt.Errorf("entry %s: bundle is closed", e.Path)
	case w.names[e.Path]:
		return fmt.Errorf("entry %s exists already", e.Path)
	}
	if _, isTar := w.c.(*tarContainer); !isTar {
		plain, err := w.recode(e, body, dec)
		if err != nil {
			return err
		}
		defer plain.close()
		body = plain
	}
	if err := w.c.add(e, crc, body); err != nil {
		return fmt.Errorf("entry %s: %w", e.Path, err)
	}
	w.names[e.Path] = true
	w.manifest.Entries = append(w.manifest.Entries, e)
	return nil
}

// recode turns a zstd body into one of this container.
func (w *Writer) recode(e Entry, body *overflow, dec *zstd.Decoder) (*overflow, error) {
	in, err := body.reader()
	if err != nil {
		return nil, err
	}
	if err := dec.Reset(in); err != nil {
		return nil, err
	}
	out := &overflow{dir: os.TempDir()}
	c, err := w.c.codec(out)
	if err == nil {
		_, err = io.CopyN(c, dec, e.Bytes)
	}
	if err == nil {
		err = c.finish(e.Bytes)
	}
	if err != nil {
		out.close()
		return nil, err
	}
	return out, nil
}

// AddNode takes over what a node's own manifest says: its ledger, its overhead
// and what it scrubbed.
func (w *Writer) AddNode(m *Manifest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.manifest.Coverage = append(w.manifest.Coverage, m.Coverage...)
	w.manifest.Overhead = append(w.manifest.Overhead, m.Overhead...)
	if m.Redaction != nil {
		for rule, n := range m.Redaction.Rules {
			w.rules[rule] += n
		}
		w.knownElsewhere += m.Redaction.KnownValues
	}
}
