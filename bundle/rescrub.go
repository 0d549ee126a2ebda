package bundle

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// LeakCheck reads the whole bundle again and searches for every secret known by
// now: one learnt late may stand in an early entry. Then the bundle is written
// anew, scrubbed once more. It returns the writer to go on with, also with an
// error, and notes the result in the manifest.
func (w *Writer) LeakCheck(ctx context.Context) (*Writer, error) {
	ctx = w.Reading(ctx)
	rep, err := Verify(ctx, w.path, w.secrets)
	if err != nil {
		return w, err
	}
	if len(rep.Leaks) == 0 {
		w.noteLeaks("clean: %d entries read again for %d known values", rep.Entries, w.secrets.Count())
		return w, nil
	}
	again, err := w.rescrub(ctx)
	if err != nil {
		return w, err
	}
	if rep, err = Verify(ctx, again.path, again.secrets); err != nil {
		return again, err
	}
	if len(rep.Leaks) > 0 {
		again.noteLeaks("%d places left that look like a secret: %s", len(rep.Leaks), strings.Join(rep.Leaks[:min(5, len(rep.Leaks))], ", "))
	} else {
		again.noteLeaks("clean after a second pass: %d entries read again for %d known values", rep.Entries, again.secrets.Count())
	}
	return again, nil
}

func (w *Writer) noteLeaks(format string, args ...any) {
	w.Update(func(m *Manifest) { m.Redaction = &Redaction{LeakCheck: fmt.Sprintf(format, args...)} })
}

// rescrub writes the bundle anew with all secrets known by now and returns the
// writer that goes on in its place. On an error the old bundle stays as it is,
// and so does the old writer.
func (w *Writer) rescrub(ctx context.Context) (*Writer, error) {
	r, err := Open(ctx, w.path)
	if err != nil {
		return nil, err
	}
	next, err := createNaming(w.keys, w.path+".scrubbing", r.Format, w.opening(), w.secrets, w.names)
	if err != nil {
		return nil, err
	}
	next.level = w.level
	if w.hurried() {
		next.Hurry()
	}
	if t, is := w.c.(*tarContainer); is && t.forJoin {
		next.ForJoin()
	}
	err = r.Walk(ctx, func(e Entry, body io.Reader) error {
		if e.Path == PlanFile {
			return nil
		}
		return next.AddReader(e, KindOf(e.Path), body)
	})
	if err != nil {
		_ = next.c.close() // it is given up
		os.RemoveAll(next.path)
		return nil, fmt.Errorf("scrub again: %w", err)
	}
	return next, w.replacedBy(next)
}

// hurried reports whether Hurry was called.
func (w *Writer) hurried() bool {
	t, is := w.c.(*tarContainer)
	return is && t.level == zstd.SpeedFastest
}

func (w *Writer) opening() Manifest {
	m := w.Manifest()
	m.Entries, m.Redaction = nil, nil
	return m
}

// replacedBy puts the new file in the place of the old one.
func (w *Writer) replacedBy(next *Writer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rule, n := range w.rules {
		next.rules[rule] += n
	}
	w.closed = true
	if err := w.c.close(); err != nil {
		return err
	}
	if _, isDir := next.c.(*dirContainer); isDir { // a folder cannot be renamed over another
		if err := os.RemoveAll(w.path); err != nil {
			return err
		}
	}
	if err := os.Rename(next.path, w.path); err != nil {
		return err
	}
	next.path = w.path
	return nil
}
