package bundle

import (
	"bytes"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	// zstdWindow is how far back an entry can refer to those before it. It bounds what a reader must hold.
	zstdWindow = 8 << 20
	// sharedEntry is the largest entry, in bytes of its content, that lies in a frame with others. What is larger has
	// little to gain from them, and a frame of its own can be compressed next to others, and be copied when bundles merge.
	sharedEntry = 4 << 20
	// frameMost is the content of one shared frame, in bytes: what must be unpacked at most to reach an entry.
	frameMost = 32 << 20
	// bestOf and betterOf are how much of what is joined is compressed at the best and at the better level, in bytes of its
	// content: of small bundles that saves what matters, for a tenth of a second; of large ones it would take long.
	bestOf   = 8 << 20
	betterOf = 64 << 20
	// together is how much of what is joined comes into the file at once, in bytes of its plain text: every end of a block
	// costs some thirty bytes, and until all is there the node's part is.
	together = 96 << 10
)

// endOfFrame is an empty last block (RFC 8878, 3.1.1.2), which ends a frame after any other block.
var endOfFrame = []byte{1, 0, 0}

// newZstd makes frames without checksum, so that endOfFrame can end them; every entry has a checksum of its own.
func newZstd(w io.Writer, level zstd.EncoderLevel) (*zstd.Encoder, error) {
	return zstd.NewWriter(w, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(zstdWindow), zstd.WithEncoderCRC(false))
}

// tarContainer appends entries to the frame that is open in the file, so that each refers to those before it.
type tarContainer struct {
	out   appendFile
	enc   *zstd.Encoder
	level zstd.EncoderLevel
	took  time.Duration // in enc
	buf   bytes.Buffer  // takes what enc puts out until the file has it
	plain int64         // bytes of content that went through enc
	// open is a frame in the file that more blocks may follow; ending is what must be written before another frame.
	open   bool
	ending []byte
	began  int64 // offset in the file of the frame that enc writes
	inside int64 // plain bytes in it; 0: it has not begun
	spots  []spot
	// later lets entries wait in enc for others; pending is how much of their plain text does, written how many entries do not.
	later   bool
	pending int64
	written int
	// forJoin gives the plan and the manifest frames of their own.
	forJoin bool
}

func newTar(out appendFile) (container, error) {
	t := &tarContainer{out: out}
	return t, t.setLevel(zstd.SpeedDefault)
}

// setLevel begins a frame of another level; the one that is written at is kept.
func (t *tarContainer) setLevel(level zstd.EncoderLevel) error {
	if t.level == level {
		return nil
	}
	enc, err := newZstd(&t.buf, level)
	if err != nil {
		return err
	}
	if t.enc != nil {
		err = t.endFrame()
	}
	t.enc, t.level = enc, level
	return err
}

// joining chooses the level for content of other nodes, which is compressed where no node has to serve meanwhile.
func (t *tarContainer) joining() error {
	switch {
	case t.plain < bestOf:
		return t.setLevel(zstd.SpeedBestCompression)
	case t.plain < betterOf:
		return t.setLevel(zstd.SpeedBetterCompression)
	}
	return t.setLevel(zstd.SpeedDefault)
}

// copies reports whether a frame of so many bytes, packed and plain, is joined as it is: from betterOf bytes on others of
// its kind are too far away to refer to them all, and what is hardly smaller than its content stays so.
func (t *tarContainer) copies(packed, plain int64) bool {
	return t.plain >= betterOf || packed > plain-plain/5
}

func (t *tarContainer) codec(dst *overflow) (codec, error) { return &tarBody{dst: dst}, nil }

// tarBody keeps content plain, as the frame that it will share is written when it is whole. What grows above
// sharedEntry becomes a frame of its own, with its padding.
type tarBody struct {
	dst *overflow
	own *zstd.Encoder // nil: small so far
}

func (b *tarBody) Write(p []byte) (int, error) {
	if b.own == nil && b.dst.size+int64(len(p)) > sharedEntry {
		if err := b.leave(); err != nil {
			return 0, err
		}
	}
	if b.own != nil {
		return b.own.Write(p)
	}
	return b.dst.Write(p)
}

// leave begins the frame with what was kept plain.
func (b *tarBody) leave() error {
	plain := *b.dst
	defer plain.close()
	*b.dst = overflow{dir: plain.dir}
	var err error
	if b.own, err = newZstd(b.dst, zstd.SpeedDefault); err != nil {
		return err
	}
	return plain.copyTo(b.own)
}

func (b *tarBody) finish(plain int64) error {
	if b.own == nil {
		return nil
	}
	if _, err := b.own.Write(padding(plain)); err != nil {
		return err
	}
	return b.own.Close()
}

// padding fills the last block of a tar's file.
func padding(size int64) []byte { return make([]byte, (tarBlock-size%tarBlock)%tarBlock) }

func (t *tarContainer) add(e Entry, _ uint32, body stored) error {
	header, err := tarHeader(e)
	if err != nil {
		return err
	}
	if e.Bytes > sharedEntry {
		return t.addOwn(header, body, room(e))
	}
	if t.inside > frameMost || t.forJoin && e.Path == ManifestFile {
		if err := t.endFrame(); err != nil {
			return err
		}
	}
	pad := padding(e.Bytes)
	size := int64(len(header)) + e.Bytes + int64(len(pad))
	// With room for all that waits, an entry that does not fit takes no other with it.
	waits := t.later && t.out.room(2*(t.pending+size)+reserve) == nil
	if !waits {
		if err := t.flush(0); err != nil {
			return err
		}
	}
	at, began := t.here(), time.Now()
	if t.inside == 0 {
		t.began = at.frame
	}
	_, err = t.enc.Write(header)
	if err == nil {
		err = body.copyTo(t.enc)
	}
	if err == nil {
		_, err = t.enc.Write(pad)
	}
	t.took += time.Since(began)
	if err != nil {
		t.drop()
		return err
	}
	t.spots = append(t.spots, at)
	t.inside += size
	t.pending += size
	t.plain += e.Bytes
	if waits && t.pending < together {
		return nil
	}
	return t.flush(room(e))
}

// flush moves what waits in enc into the file, or nothing of it. That much is to stay free.
func (t *tarContainer) flush(free int64) error {
	if t.pending == 0 {
		return nil
	}
	began := time.Now()
	err := t.enc.Flush()
	t.took += time.Since(began)
	if err == nil {
		err = t.append(free)
	}
	if err != nil {
		t.drop()
		return err
	}
	t.open, t.pending, t.written = true, 0, len(t.spots)
	return nil
}

// here is where the next entry will stand.
func (t *tarContainer) here() spot {
	if t.inside > 0 {
		return spot{t.began, t.inside}
	}
	return spot{t.out.size + int64(len(t.ending)), 0}
}

// addOwn appends two frames: the header, and the content as it is compressed already.
func (t *tarContainer) addOwn(header []byte, body stored, free int64) error {
	if err := t.endFrame(); err != nil {
		return err
	}
	at := t.here()
	if err := t.frame(header); err != nil {
		return err
	}
	if err := t.append(body.length()+free, body.copyTo); err != nil {
		return err
	}
	t.spots = append(t.spots, at)
	t.written = len(t.spots)
	return nil
}

// addFrame appends a whole frame of another bundle with the entries in it.
func (t *tarContainer) addFrame(list []placed, packed stored) error {
	if err := t.endFrame(); err != nil {
		return err
	}
	at := t.here()
	if err := t.append(packed.length()+reserve, packed.copyTo); err != nil {
		return err
	}
	for _, p := range list {
		t.spots = append(t.spots, spot{at.frame, p.plain})
	}
	t.written = len(t.spots)
	return nil
}

// frame puts a whole frame into the buffer.
func (t *tarContainer) frame(content []byte) error {
	_, err := t.enc.Write(content)
	err = firstError(err, t.enc.Close())
	t.enc.Reset(&t.buf)
	return err
}

// endFrame lets the next entry begin a frame.
func (t *tarContainer) endFrame() error {
	err := t.flush(reserve)
	t.drop()
	return err
}

// drop leaves the frame, and what of it is not in the file: that must not be referred to.
func (t *tarContainer) drop() {
	if t.open {
		t.open, t.ending = false, endOfFrame
	}
	t.inside, t.pending, t.spots = 0, 0, t.spots[:t.written]
	t.buf.Reset()
	t.enc.Reset(&t.buf)
}

// append moves the buffer into the file, and what more writes after it; need is how much room that takes besides.
func (t *tarContainer) append(need int64, more ...func(io.Writer) error) error {
	defer t.buf.Reset()
	err := t.out.append(int64(len(t.ending)+t.buf.Len())+need, func(w io.Writer) error {
		if _, err := w.Write(t.ending); err != nil {
			return err
		}
		if _, err := w.Write(t.buf.Bytes()); err != nil {
			return err
		}
		for _, write := range more {
			if err := write(w); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		t.ending = nil
	}
	return err
}

// room is what must stay free behind an entry: nothing behind those the reserve is for.
func room(e Entry) int64 {
	switch e.Path {
	case ManifestFile, SignatureFile, SummaryFile, FindingsFile, ReportFile:
		return 0
	}
	return reserve
}

func (t *tarContainer) close() error {
	lost := t.endFrame()
	err := t.frame(make([]byte, tarTrailer))
	t.buf.Write(appendIndex(nil, t.spots))
	return firstError(lost, err, t.append(0), t.out.close())
}
