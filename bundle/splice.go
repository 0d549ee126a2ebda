package bundle

import (
	"fmt"
	"strings"
)

// splice appends an entry whose body is as the container stores it.
func (w *Writer) splice(e Entry, crc uint32, body stored) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return fmt.Errorf("entry %s: bundle is closed", e.Path)
	case w.paths[e.Path]:
		return fmt.Errorf("entry %s exists already", e.Path)
	}
	if t, isTar := w.c.(*tarContainer); isTar {
		if err := w.settle(t.joining()); err != nil {
			return err
		}
		t.later = true
		defer func() { t.later = false }()
	}
	if err := w.settle(w.c.add(e, crc, body)); err != nil {
		return fmt.Errorf("entry %s: %w", e.Path, err)
	}
	w.paths[e.Path] = true
	w.manifest.Entries = append(w.manifest.Entries, e)
	return nil
}

// joined brings what was taken from a node into the file, and reports what of it never came there.
func (w *Writer) joined(dir string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, isTar := w.c.(*tarContainer)
	if !isTar || w.closed {
		return nil
	}
	err := w.settle(t.flush(reserve))
	n := 0
	for path := range w.lost {
		if strings.HasPrefix(path, "nodes/"+dir+"/") {
			n++
		}
	}
	if n == 0 {
		return err
	}
	return fmt.Errorf("%d of its entries could not be written: %w", n, w.lostWhy)
}

// settle passes on the error of the container, and takes back the entries that waited to come into the file with the one
// that failed. The caller holds w.mu.
func (w *Writer) settle(err error) error {
	t, isTar := w.c.(*tarContainer)
	if err == nil || !isTar {
		return err
	}
	list := w.manifest.Entries
	for _, e := range list[min(len(t.spots), len(list)):] {
		delete(w.paths, e.Path)
		w.lost[e.Path], w.lostWhy = true, err
	}
	w.manifest.Entries = list[:min(len(t.spots), len(list))]
	return err
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
