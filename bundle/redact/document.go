package redact

import (
	"bytes"
	"regexp"
)

// document scrubs a whole entry of any kind. What the first pass learns, the second finds where
// it stood before its key.
func (e *engine) document(kind Kind, b []byte) ([]byte, error) {
	e.inDocument = true
	defer func() { e.inDocument = false; e.publish() }()
	switch kind {
	case Hsperf:
		return e.hsperf(b), nil
	case Pprof:
		return e.pprof(b)
	case JFR:
		b = bytes.Clone(b)
		e.jfr(b)
		return b, nil
	case Binary:
		return e.binaryAll(b), nil
	}
	scrub := e.scrubberOf(kind)
	if e.learn {
		quiet := e.quiet
		e.quiet = true
		scrub(b)
		e.publish()
		e.quiet = quiet
	}
	if e.quiet {
		return nil, nil
	}
	// A replacement can uncover another match, in what is not well-formed above all.
	out := scrub(b)
	for pass := 1; pass < maxPasses && !bytes.Equal(out, b); pass++ {
		b, out = out, scrub(out)
	}
	return out, nil
}

func (e *engine) scrubberOf(kind Kind) func([]byte) []byte {
	switch kind {
	case Properties:
		return e.properties
	case XML:
		return e.xml
	case JSON:
		return e.json
	case YAML:
		return e.yaml
	case Environ:
		return e.environ
	}
	return e.textAll
}

// textAll scrubs a text that is at hand as a whole. The result is the caller's own.
func (e *engine) textAll(b []byte) []byte {
	e.inPEM, e.opened = false, opening{}
	out := e.textBlock(b, 0)
	e.inPEM, e.opened = false, opening{}
	return bytes.Clone(out)
}

// scalar scrubs a value inside a document. The second result reports whether it differs.
func (e *engine) scalar(b []byte, offset int) ([]byte, bool) {
	if len(b) == 0 {
		return b, false
	}
	base := e.base
	e.base += offset
	out := e.textAll(b)
	e.base = base
	return out, !bytes.Equal(out, b)
}

// secretScalar decides about a value behind a secret key: its replacement, and whether it differs.
// text is the value as it reads, without escapes.
func (e *engine) secretScalar(class *keyClass, text []byte, offset int) ([]byte, bool) {
	trimmed := bytes.TrimSpace(text)
	v := innerDefault(text, valueSpan{0, len(text), false})
	if isPlaceholder(trimmed) || len(trimmed) <= 3 && isNumber(trimmed) || v.start >= v.end || isPlaceholder(text[v.start:v.end]) || markerLen(trimmed) == len(trimmed) || isMarked(text[v.start:v.end]) {
		return e.scalar(text, offset)
	}
	if class.ending == "pwd" && trimmed[0] == '/' || !class.believes(trimmed) {
		return e.scalar(text, offset)
	}
	if e.learn && class.rule != "cookie" {
		e.learnValue(string(bytes.TrimSpace(text[v.start:v.end])), class.rule)
	}
	e.count(class.rule, offset)
	out := append([]byte(nil), text[:v.start]...)
	out = append(out, marker(class.rule)...)
	return append(out, text[v.end:]...), true
}

// userPasswordRE is a user and a password.
var userPasswordRE = regexp.MustCompile(`^[A-Za-z][\w.@+-]*:([^\s/:][^\s:]{5,})$`)

func isStrongOrChosen(v []byte) bool { return isStrong(v) || looksChosen(v) }

// member scrubs a value next to its key.
func (e *engine) member(key, text []byte, offset int) ([]byte, bool) {
	class := classify(bytes.TrimSpace(key))
	if k := bytes.ToLower(bytes.TrimSpace(key)); bytes.HasSuffix(k, []byte("auth")) || bytes.HasSuffix(k, []byte("basic")) { // of Docker, of npm
		if _, password, ok := decodeBasic(text); ok && isBasic(text) {
			if e.learn {
				e.learnValue(password, "authorization")
			}
			e.count("authorization", offset)
			return []byte(marker("authorization")), true
		}
		if m := userPasswordRE.FindSubmatchIndex(text); m != nil && isStrongOrChosen(text[m[2]:m[3]]) {
			clean, _ := e.secretScalar(argumentClass, text[m[2]:m[3]], offset)
			return append(bytes.Clone(text[:m[2]]), clean...), true
		}
	}
	if class == nil {
		return e.scalar(text, offset)
	}
	if class.strength == nameKey {
		if e.learn {
			e.user(string(text))
		}
		return e.scalar(text, offset)
	}
	return e.secretScalar(class, text, offset)
}
