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
	raw, err := gunzip(b)
	if err != nil {
		return nil, fmt.Errorf("redact: pprof: %w: %w", err, ErrUnreadable)
	}
	p, err := profile.ParseData(raw)
	if err != nil {
		return nil, fmt.Errorf("redact: pprof: %w: %w", err, ErrUnreadable)
	}
	changed := e.profile(p)
	if len(e.learned) > 0 && e.learn { // what stood before its key
		e.publish()
		changed = e.profile(p) || changed
	}
	if !changed {
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

// profile scrubs p and reports whether it changed.
func (e *engine) profile(p *profile.Profile) bool {
	changed := false
	scrub := func(key string, text *string) {
		if clean, differs := e.member([]byte(key), []byte(*text), 0); differs {
			*text, changed = string(clean), true
		}
	}
	for i := range p.Comments {
		scrub("", &p.Comments[i])
	}
	scrub("", &p.DocURL)
	for _, m := range p.Mapping {
		scrub("", &m.File)
	}
	for _, f := range p.Function {
		scrub("", &f.Name)
		scrub("", &f.SystemName)
		scrub("", &f.Filename)
	}
	for _, s := range p.Sample {
		for key, values := range s.Label {
			for i := range values {
				scrub(key, &values[i])
			}
		}
	}
	return changed
}
