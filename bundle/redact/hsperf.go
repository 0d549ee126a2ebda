package redact

import (
	"bytes"

	"casefile/bundle/format/hsperf"
)

// hsperf overwrites secrets in the texts of an hsperfdata file with stars, so that every offset stays.
// A damaged file is treated as far as it can be read, then as runs of printable bytes.
func (e *engine) hsperf(b []byte) []byte {
	b = bytes.Clone(b)
	s, err := hsperf.Parse(b)
	if s != nil {
		for entry := range s.Strings() {
			text := b[entry.Offset : entry.Offset+entry.VectorLen]
			if n := bytes.IndexByte(text, 0); n >= 0 {
				text = text[:n]
			}
			if IsSecretKey(entry.Name) && !isPlaceholder(text) {
				if e.learn {
					e.learnValue(string(text), "password")
				}
				e.count("password", entry.Offset)
				stars(text)
				continue
			}
			e.starText(text, entry.Offset)
		}
	}
	if err != nil {
		e.starRuns(b)
	}
	e.publish()
	e.overwrite(b)
	return b
}

// starText puts stars over what the rules find in text.
func (e *engine) starText(text []byte, offset int) {
	for pass := 0; pass < maxPasses; pass++ {
		spans := e.find(text)
		e.inPEM, e.opened = false, opening{}
		if len(spans) == 0 {
			return
		}
		for _, s := range spans {
			stars(text[s.start:s.end])
			e.count(s.rule, offset+s.start)
		}
	}
}

// starRuns treats every run of printable bytes as a text.
func (e *engine) starRuns(b []byte) {
	for at := 0; at < len(b); {
		if b[at] < ' ' {
			at++
			continue
		}
		end := at
		for end < len(b) && b[end] >= ' ' {
			end++
		}
		e.starText(b[at:end], at)
		at = end
	}
}
