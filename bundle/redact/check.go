package redact

import (
	"bytes"
	"encoding/base64"
	"io"
	"unicode/utf8"

	"casefile/bundle/redact/names"
)

// MaxHits bounds the hits that Check returns.
const MaxHits = 1000

// Hit is a place where a secret still stands. It does not repeat the secret.
type Hit struct {
	Offset int64  // bytes from the start; near the place for documents, 0 for profiles
	Line   int    // from 1; 0 for entries without lines
	Rule   string // name of the rule, "known" for a value that is in the set; of a name its kind
}

// Check is the leak check: it runs the rules and the known values over a finished entry and
// returns what they would still replace. It learns nothing and writes nothing. On output of a
// Writer it finds nothing, unless the set has learned since.
func (s *Scrubber) Check(kind Kind, r io.Reader) ([]Hit, error) {
	w := s.Writer(io.Discard, kind)
	w.e.learn = false
	var hits []Hit
	w.e.onHit = func(offset int, rule string) {
		if len(hits) == MaxHits {
			return
		}
		hit := Hit{Offset: int64(offset), Rule: rule}
		if kind != Binary && kind != Pprof && kind != Hsperf && kind != JFR {
			hit.Line = w.lineOf(offset)
		}
		hits = append(hits, hit)
	}
	w.onName = func(offset, line int, name names.Kind) {
		if len(hits) == MaxHits {
			return
		}
		hit := Hit{Offset: int64(offset), Line: line, Rule: name.String()}
		if !kind.textual() {
			hit.Offset, hit.Line = 0, 0
		}
		hits = append(hits, hit)
	}
	if _, err := io.Copy(w, r); err != nil {
		return hits, err
	}
	return hits, w.Close()
}

// decodeBase64 reads a Kubernetes secret; false when it is not a text.
func decodeBase64(s string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(b) {
		return "", false
	}
	return string(bytes.TrimSpace(b)), true
}
