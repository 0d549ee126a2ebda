package redact

import (
	"bytes"
	"fmt"
	"io"
	"maps"

	"casefile/bundle/format/charset"
	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/jfr"
	"casefile/bundle/redact/names"
)

// Names makes the scrubber also replace names by the pseudonyms of a set; nil: it does not. Binary entries are
// refused then: nothing of them can be read, and so nothing be replaced.
func (s *Scrubber) Names(set *names.Set) *Scrubber {
	return &Scrubber{secrets: s.secrets, block: s.block, names: set}
}

// naming replaces names in what a Writer gives on.
type naming struct {
	*names.Rewriter
	held    []byte // the start of a line
	written int    // bytes given on
	lines   int
	block   []byte // at hand
}

// longestHeld is how much of a line is waited for before it is cut between two words.
const longestHeld = 64 << 10

func (w *Writer) nameWith(set *names.Set) {
	if set == nil {
		return
	}
	w.e.names = true
	w.names = &naming{Rewriter: set.Rewriter()}
	w.names.OnFound(func(offset int, kind names.Kind) {
		if w.e.onHit != nil {
			w.onName(w.names.written+offset, w.names.lines+bytes.Count(w.names.block[:offset], newline)+1, kind)
		}
	})
}

// rename gives on the whole lines of what was held and b; last: all of it.
func (w *Writer) rename(b []byte, last bool) []byte {
	n := w.names
	n.held = append(n.held, b...)
	end := len(n.held)
	if !last {
		end = bytes.LastIndexByte(n.held, '\n') + 1
		if end == 0 && len(n.held) > longestHeld {
			end = bytes.LastIndexAny(n.held, " \t\",;\x00") + 1
			if end == 0 {
				end = len(n.held)
			}
		}
	}
	n.block = n.held[:end]
	out := bytes.Clone(n.Text(n.block))
	n.written += end
	n.lines += bytes.Count(n.block, newline)
	n.held = n.held[:copy(n.held, n.held[end:])]
	return out
}

// renamed applies names to an entry that is no text.
func (n *naming) renamed(kind Kind, b []byte) ([]byte, error) {
	if n == nil {
		return b, nil
	}
	switch kind {
	case Hsperf:
		return renameHsperf(n.Rewriter, b)
	case Pprof:
		return renamePprof(n.Rewriter, b)
	case JFR:
		return renameJFR(n.Rewriter, b), nil
	}
	return b, nil
}

func (n *naming) counts() map[string]int {
	if n == nil {
		return nil
	}
	return n.Counts()
}

// LearnNames reads an entry only for the names that stand at their places in it. What cannot be read has none.
func LearnNames(set *names.Set, kind Kind, r io.Reader) error {
	learner := set.Learner()
	defer learner.Done()
	switch kind {
	case Hsperf, Pprof, JFR:
		limit := map[Kind]int64{Hsperf: hsperf.MaxSize, Pprof: MaxProfile, JFR: MaxChunk}[kind]
		if kind == JFR {
			return learnRecording(learner, r, limit)
		}
		b, err := io.ReadAll(io.LimitReader(r, limit))
		if err != nil {
			return err
		}
		_, _ = (&naming{Rewriter: learner}).renamed(kind, b)
		return nil
	case Binary:
		return nil
	}
	w := &Writer{names: &naming{Rewriter: learner}}
	in, buf := charset.NewReader(r), make([]byte, BlockSize)
	for {
		n, err := in.Read(buf)
		w.rename(buf[:n], err != nil)
		if err == io.EOF { //nolint:errorlint // as io.Reader gives it
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func learnRecording(learner *names.Rewriter, r io.Reader, limit int64) error {
	chunks := jfr.NewReader(r, jfr.Limits{ChunkBytes: int(limit)})
	for {
		c, err := chunks.Next()
		if err == io.EOF { //nolint:errorlint // as Next gives it
			return nil
		}
		if err != nil {
			return nil //nolint:nilerr // what follows is no chunk
		}
		renameChunk(learner, c)
	}
}

// renameHsperf replaces names in the texts of an hsperfdata file. One that is damaged cannot be written anew.
func renameHsperf(names *names.Rewriter, b []byte) ([]byte, error) {
	s, err := hsperf.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("redact: %w: %w", err, ErrUnreadable)
	}
	return s.Rewrite(b, func(e *hsperf.Entry) string { return names.Value(e.Name, e.Str) }), nil
}

// renamePprof replaces names in labels, comments and the names of files; frames stay.
func renamePprof(names *names.Rewriter, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return b, nil
	}
	return changeProfile(b, func(key, text string, frame bool) string {
		if frame {
			return text
		}
		return names.Value(key, text)
	})
}

// renameJFR replaces names in the chunks of a recording, which are written anew: sizes and offsets are those of the new
// strings. What is no chunk is left out.
func renameJFR(names *names.Rewriter, b []byte) []byte {
	var out []byte
	r := jfr.NewReader(bytes.NewReader(b), jfr.Limits{ChunkBytes: len(b)})
	for {
		c, err := r.Next()
		if err != nil { // the end, or what is no chunk
			return out
		}
		out = append(out, c.Rewrite(renameChunk(names, c))...)
	}
}

// renameChunk finds the strings of a chunk that have names. The place of a constant is that of the event that
// refers to it.
func renameChunk(names *names.Rewriter, c *jfr.Chunk) []jfr.Edit {
	var edits []jfr.Edit
	places := map[int64]string{} // of constants: the field that refers to them
	rename := func(text *jfr.Text, place string) {
		if text.Len() < 2 {
			return
		}
		was := text.String()
		if is := names.Value(place, was); is != was {
			edits = append(edits, text.Edit(is))
		}
	}
	c.Texts(func(_ *jfr.Type, texts []jfr.Text) {
		key := nameOfPair(c, texts)
		for i := range texts {
			place := texts[i].Field
			if key != "" && place == "value" {
				place = key
			}
			if texts[i].Key != 0 {
				places[texts[i].Key] = place
				continue
			}
			rename(&texts[i], place)
		}
	}, func(t *jfr.Type, key int64, texts []jfr.Text) {
		if noText[t.Name] {
			return
		}
		for i := range texts {
			place := ""
			if t.Name == "java.lang.String" {
				place = places[key]
			}
			rename(&texts[i], place)
		}
	})
	return edits
}

// mergeCounts adds what was replaced by kind.
func mergeCounts(rules, kinds map[string]int) map[string]int {
	all := maps.Clone(rules)
	for k, n := range kinds {
		all[k] += n
	}
	return all
}
