package bundle

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"casefile/bundle/format/budget"
	"casefile/bundle/format/plan"
	"casefile/bundle/newfile"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
)

// Replaced is what became of an archive, a folder or a file that no casefile wrote.
type Replaced struct {
	// Entries is how many files were written, Places and In how many places of how many of them were replaced, by rule
	// or kind.
	Entries    int
	Places, In map[string]int
	// LeftOut are files that could not be made safe, with the reason.
	LeftOut []string
	// Leaks are places that look like a secret or a name still, see Report.
	Leaks []string
}

// Foreign scrubs what no casefile wrote.
type Foreign struct {
	Level   plan.Level
	Secrets *redact.Secrets
	Set     *names.Set // nil at level Secrets
}

// deepestForeign is how many archives may lie in one another.
const deepestForeign = 3

// Archive writes an archive or a folder anew. Its files keep their places, with pseudonyms in their paths;
// archives within it become folders. A secret or a name that is found late is looked for in what came before, by
// writing once more.
func (f *Foreign) Archive(ctx context.Context, r *Reader, to string, format Format) (*Replaced, error) {
	if f.Set != nil {
		if err := f.learn(ctx, r); err != nil {
			return nil, err
		}
	}
	const most = 3
	for try := 1; ; try++ {
		known := f.Secrets.Count()
		rep, err := f.archive(ctx, r, to+newfile.Suffix+"-out", format)
		if err != nil {
			return nil, err
		}
		if try < most && f.Secrets.Count() > known {
			os.RemoveAll(to + newfile.Suffix + "-out")
			continue
		}
		check, err := VerifyForeign(ctx, to+newfile.Suffix+"-out", f.Secrets, f.Set)
		if err != nil {
			return nil, err
		}
		rep.Leaks = check.Leaks
		return rep, os.Rename(to+newfile.Suffix+"-out", to)
	}
}

func (f *Foreign) archive(ctx context.Context, r *Reader, to string, format Format) (*Replaced, error) {
	w := &Writer{path: to, secrets: f.Secrets, names: f.Set, level: f.Level, paths: map[string]bool{},
		rules: map[string]int{}, ruleEntries: map[string]int{}}
	publish, err := w.open(format)
	if err != nil {
		return nil, err
	}
	rep := &Replaced{}
	out := &foreignWriter{f: f, w: w, rep: rep}
	if f.Set != nil {
		out.texts = f.Set.Rewriter()
	}
	if err := out.copy(ctx, r, "", 0); err != nil {
		_ = w.c.close() // it is given up
		os.RemoveAll(to)
		os.Remove(to + newfile.Suffix)
		return nil, err
	}
	rep.Entries, rep.Places, rep.In = len(w.manifest.Entries), maps.Clone(w.rules), maps.Clone(w.ruleEntries)
	if err = firstError(publish(), w.c.close()); err == nil && format == Dir {
		err = os.Remove(filepath.Join(to, journalFile)) // it is no bundle
	}
	return rep, err
}

// learn reads all files for names.
func (f *Foreign) learn(ctx context.Context, r *Reader) error {
	return eachFile(ctx, r, "", 0, func(name string, kind redact.Kind, body io.Reader) error {
		if base := path.Base(name); slices.Contains(names.Tables, base) {
			head, err := io.ReadAll(io.LimitReader(body, 1<<20))
			if err != nil {
				return err
			}
			f.Set.LearnTable(base, head)
			body = bytes.NewReader(head)
		}
		return redact.LearnNames(f.Set, kind, body)
	}, func(string, error) {})
}

type foreignWriter struct {
	f     *Foreign
	w     *Writer
	rep   *Replaced
	texts *names.Rewriter
}

func (o *foreignWriter) copy(ctx context.Context, r *Reader, below string, depth int) error {
	return eachFile(ctx, r, below, depth, func(name string, kind redact.Kind, body io.Reader) error {
		name = o.path(name)
		if kind == redact.Binary && o.f.Level.Pseudonyms() {
			o.leave(name, errors.New("of an unknown binary format, in which names cannot be replaced"))
			return nil
		}
		if o.f.Level == plan.Minimal && kind != redact.Hsperf && kind != redact.Pprof {
			o.leave(name, errors.New("may have free text: left out at level minimal"))
			return nil
		}
		err := o.w.AddReader(Entry{Path: name}, kind, body)
		if errors.Is(err, redact.ErrUnreadable) || isOutsider(err) {
			o.leave(name, err)
			return nil
		}
		return err
	}, o.leave)
}

// isOutsider reports whether an error is that of the file which was read, not of the disk that is written to.
func isOutsider(err error) bool {
	var one *unreadable
	return errors.As(err, &one) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader)
}

func (o *foreignWriter) leave(name string, err error) {
	o.rep.LeftOut = append(o.rep.LeftOut, fmt.Sprintf("%s: %v", name, err))
}

// path gives the parts of a path their pseudonyms; one that is taken gets a number.
func (o *foreignWriter) path(name string) string {
	if o.texts != nil {
		parts := strings.Split(name, "/")
		for i := range parts {
			if as := o.texts.String(parts[i]); as != "" && as != "." && as != ".." && !strings.Contains(as, "/") {
				parts[i] = as
			}
		}
		name = strings.Join(parts, "/")
	}
	for n, free := 2, name; ; n++ {
		if !o.w.paths[free] {
			return free
		}
		ext := path.Ext(name)
		free = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
	}
}

// eachFile gives the files of an archive, unpacked, and those of archives within it; left those that cannot be read.
func eachFile(ctx context.Context, r *Reader, below string, depth int, visit func(name string,
	kind redact.Kind, body io.Reader) error, left func(string, error)) error {
	room := budget.NewRoom(ctx, 0)
	return r.Walk(ctx, func(e Entry, body io.Reader) error {
		name := path.Join(below, e.Path)
		in := bufio.NewReaderSize(body, 64<<10)
		head, _ := in.Peek(512)
		kind, packed := kindBySight(name, head)
		if packed {
			plain, err := room.Unpack(in)
			if err != nil {
				left(name, err)
				return nil
			}
			in = bufio.NewReaderSize(plain, 64<<10)
			if head, err = in.Peek(512); err != nil && !errors.Is(err, io.EOF) {
				left(name, err)
				return nil
			}
			name = unpackedName(name)
			kind, packed = kindBySight(name, head)
		}
		switch {
		case packed:
			left(name, errors.New("packed twice"))
			return nil
		case !isArchive(head):
			return visit(name, kind, in)
		case depth == deepestForeign:
			left(name, fmt.Errorf("an archive in %d others", depth))
			return nil
		}
		return nested(ctx, in, func(inner *Reader) error {
			return eachFile(ctx, inner, name, depth+1, visit,
				left)
		}, func(err error) { left(name, err) })
	})
}

// unpackedName is the name of a file without that of its compression.
func unpackedName(name string) string {
	for _, end := range []string{".gz", ".zst", ".xz", ".bz2"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

func isArchive(head []byte) bool {
	return bytes.HasPrefix(head, zipMagic) || len(head) >= 262 && string(head[257:262]) == "ustar"
}

// nested opens an archive within another one.
func nested(ctx context.Context, in io.Reader, visit func(*Reader) error, left func(error)) error {
	tmp, file, remove, err := newfile.Unnamed("casefile-redact-*")
	if err != nil {
		return err
	}
	defer remove()
	if _, err = io.Copy(tmp, in); err != nil {
		return err
	}
	r, err := Open(ctx, file)
	if err != nil {
		left(err)
		return nil
	}
	return visit(r)
}

// kindBySight tells by its first bytes, and then by its name, how a file is scrubbed; packed: it is compressed.
func kindBySight(name string, head []byte) (kind redact.Kind, packed bool) {
	named := KindOf(name)
	switch {
	case bytes.HasPrefix(head, []byte("FLR\x00")):
		return redact.JFR, false
	case len(head) >= 4 && binary.BigEndian.Uint32(head) == 0xcafec0c0:
		return redact.Hsperf, false
	case named == redact.Pprof || isProfileName(name) && bytes.HasPrefix(head, gzipMagic):
		return redact.Pprof, false
	case bytes.HasPrefix(head, gzipMagic), bytes.HasPrefix(head, zstdMagic), budget.IsXZ(head), budget.IsBzip2(head):
		return redact.Text, true
	case named == redact.Environ || named == redact.Hsperf || named == redact.JFR:
		return redact.Environ, false
	case isBinary(head):
		return redact.Binary, false
	}
	return named, false
}

var gzipMagic = []byte{0x1f, 0x8b}

func isProfileName(name string) bool {
	return slices.Contains([]string{".pprof", ".prof", ".pb"}, strings.ToLower(path.Ext(strings.TrimSuffix(name, ".gz"))))
}

// isBinary reports whether a file begins as no text does: with NULs that are no half of UTF-16, or many control
// characters.
func isBinary(head []byte) bool {
	nul, control := 0, 0
	for _, c := range head {
		switch {
		case c == 0:
			nul++
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 0x1b && c != '\f':
			control++
		}
	}
	wide := bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) ||
		nul*5 > len(head)*2 && nul*5 < len(head)*3 && control == 0
	return !wide && (nul > 0 || control*10 > len(head))
}

// File writes one file anew, and returns it with what was replaced.
func (f *Foreign) File(ctx context.Context, name string, in io.ReadSeeker, to string) (*Replaced, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	kind, packed := kindBySight(name, head[:n])
	source := func() (io.Reader, error) {
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		if !packed {
			return in, nil
		}
		return budget.NewRoom(ctx, 0).Unpack(in)
	}
	if packed {
		plain, err := source()
		if err != nil {
			return nil, err
		}
		n, err := io.ReadFull(plain, head)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return nil, err
		}
		var again bool
		if kind, again = kindBySight(unpackedName(name), head[:n]); again || kind == redact.Binary && f.Level.Pseudonyms() {
			return nil, fmt.Errorf("%s: of an unknown binary format: %w", name, redact.ErrUnreadable)
		}
	}
	if kind == redact.Binary && f.Level.Pseudonyms() {
		return nil, fmt.Errorf("%s: of an unknown binary format: %w", name, redact.ErrUnreadable)
	}
	if f.Set != nil {
		plain, err := source()
		if err == nil {
			err = redact.LearnNames(f.Set, kind, plain)
		}
		if err != nil {
			return nil, err
		}
	}
	rep := &Replaced{Entries: 1, In: map[string]int{}}
	scrub := redact.New(f.Secrets).Names(f.Set)
	err = newfile.Write(to, func(out io.Writer) error {
		plain, err := source()
		if err != nil {
			return err
		}
		var packing *gzip.Writer
		if packed && strings.HasSuffix(to, ".gz") {
			packing = gzip.NewWriter(out)
			out = packing
		}
		w := scrub.Writer(out, kind)
		_, err = io.Copy(w, plain)
		if err = firstError(err, w.Close()); err != nil || packing == nil {
			rep.Places = w.Counts()
			return err
		}
		rep.Places = w.Counts()
		return packing.Close()
	})
	for rule := range rep.Places {
		rep.In[rule] = 1
	}
	return rep, err
}

// VerifyForeign is the leak check over an archive or a folder that no casefile wrote.
func VerifyForeign(ctx context.Context, name string, secrets *redact.Secrets, set *names.Set) (*Report, error) {
	r, err := Open(ctx, name)
	if err != nil {
		return nil, err
	}
	rep := &Report{Reader: r}
	scrub := redact.New(secrets).Names(set)
	err = eachFile(ctx, r, "", 0, func(name string, kind redact.Kind, body io.Reader) error {
		rep.Entries++
		in := &counted{r: body}
		defer func() { rep.Bytes += in.n }()
		err := rep.leaksIn(scrub, name, kind, in)
		if errors.Is(err, redact.ErrUnreadable) {
			return nil
		}
		return err
	}, func(string, error) {})
	return rep, err
}

// VerifyFile is the leak check over one file.
func VerifyFile(ctx context.Context, name string, secrets *redact.Secrets, set *names.Set) (*Report, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return nil, err
	}
	buf := bufio.NewReader(in)
	head, _ := buf.Peek(512)
	kind, packed := kindBySight(filepath.Base(name), head)
	body := io.Reader(buf)
	if packed {
		if body, err = budget.NewRoom(ctx, st.Size()).Unpack(buf); err != nil {
			return nil, err
		}
	}
	rep := &Report{Reader: &Reader{Path: name, Foreign: true}, Entries: 1, Bytes: st.Size()}
	return rep, rep.leaksIn(redact.New(secrets).Names(set), filepath.Base(name), kind, body)
}
