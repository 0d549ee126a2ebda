package redact

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/google/pprof/profile"
)

// pprof scrubs the labels, comments and file names of a profile; samples, frames and numbers stay. A
// profile without secrets keeps its bytes. One that cannot be read is refused: what is packed cannot be checked.
func (e *engine) pprof(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return b, nil
	}
	scrub := func(key, text string, _ bool) string {
		clean, _ := e.member([]byte(key), []byte(text), 0)
		return string(clean)
	}
	out, err := changeProfile(b, scrub)
	if err == nil && len(e.learned) > 0 && e.learn { // what stood before its key
		e.publish()
		out, err = changeProfile(out, scrub)
	}
	return out, err
}

// changeProfile returns a profile with other texts: change is given each with its key, which only labels have, and whether
// it is the name or the place of a function. A profile whose texts stay keeps its bytes.
func changeProfile(b []byte, change func(key, text string, frame bool) string) ([]byte, error) {
	raw, err := gunzip(b)
	if err != nil {
		return nil, fmt.Errorf("redact: pprof: %w: %w", err, ErrUnreadable)
	}
	p, err := profile.ParseData(raw)
	if err != nil {
		return nil, fmt.Errorf("redact: pprof: %w: %w", err, ErrUnreadable)
	}
	if !changeTexts(p, change) {
		return b, nil
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		return nil, fmt.Errorf("redact: pprof: %w: %w", err, ErrUnreadable)
	}
	return out.Bytes(), nil
}

func gunzip(b []byte) ([]byte, error) {
	if len(b) < 2 || b[0] != 0x1f || b[1] != 0x8b {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(z, MaxProfile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxProfile {
		return nil, fmt.Errorf("more than %d bytes unpacked", MaxProfile)
	}
	return raw, nil
}

// changeTexts reports whether p changed.
func changeTexts(p *profile.Profile, change func(key, text string, frame bool) string) bool {
	changed := false
	apply := func(key string, text *string, frame bool) {
		if now := change(key, *text, frame); now != *text {
			*text, changed = now, true
		}
	}
	for i := range p.Comments {
		apply("", &p.Comments[i], false)
	}
	apply("", &p.DocURL, false)
	for _, m := range p.Mapping {
		apply("", &m.File, false)
	}
	for _, f := range p.Function {
		apply("", &f.Name, true)
		apply("", &f.SystemName, true)
		apply("", &f.Filename, false)
	}
	for _, s := range p.Sample {
		for key, values := range s.Label {
			for i := range values {
				apply(key, &values[i], false)
			}
		}
	}
	return changed
}
