package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"casefile/bundle/format/budget"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
	"casefile/bundle/seal"
)

// Report is what Verify found.
type Report struct {
	Reader  *Reader
	Entries int
	Bytes   int64
	// Damaged lists entries whose content is not what was written, and entries
	// that the manifest names and the file does not hold.
	Damaged []string
	// Signature is whose signature the manifest has, nil where it has none or SignatureErr says what is wrong with it.
	Signature    *seal.Signature
	SignatureErr error
	// Leaks lists places where a secret or a name would still be replaced: "entry:line rule".
	Leaks []string
}

// maxLeaks bounds the list of leaks; one is too many already.
const maxLeaks = 100

// Verify reads every entry of a bundle and checks sizes and checksums against
// the records, and the text against the rules of redaction and the given secrets.
func Verify(ctx context.Context, path string, secrets *redact.Secrets) (*Report, error) {
	return VerifyAt(ctx, path, secrets, nil)
}

// VerifyAt also searches for names: those that the set knows, and whatever stands at the place or has the shape of one. A
// nil set asks for none.
func VerifyAt(ctx context.Context, path string, secrets *redact.Secrets, set *names.Set) (*Report, error) {
	r, err := Open(ctx, path)
	if err != nil {
		return nil, err
	}
	if r.Foreign {
		return nil, fmt.Errorf("%s: not a casefile bundle: neither %s nor %s inside", path, PlanFile, ManifestFile)
	}
	rep := &Report{Reader: r}
	scrub, noNames := redact.New(secrets).Names(set), redact.New(secrets)
	seen := map[string]string{}
	var signed signedParts
	err = r.Walk(ctx, func(e Entry, body io.Reader) (err error) {
		defer func() {
			var one *unreadable
			if errors.As(err, &one) {
				rep.Damaged = append(rep.Damaged, e.Path+": "+one.Error())
			}
		}()
		sum := sha256.New()
		content := io.TeeReader(body, sum)
		if kept := signed.keep(e.Path); kept != nil {
			content = io.TeeReader(content, kept)
		}
		look := scrub
		if !mayName(e.Path) {
			look = noNames
		}
		if _, twice := seen[e.Path]; twice {
			rep.Damaged = append(rep.Damaged, e.Path+": there twice")
		}
		if e.Path == SignatureFile {
			look = nil // it is checked as what it is
		}
		if look != nil {
			if err := rep.leaks(look, e, content); err != nil {
				return err
			}
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return err
		}
		seen[e.Path] = hex.EncodeToString(sum.Sum(nil))
		switch {
		case e.SHA256 == "" && r.Cut != nil:
			return nil // written, but its record was not: behind the cut
		case e.SHA256 == "":
			rep.Damaged = append(rep.Damaged, e.Path+": not recorded")
		case seen[e.Path] != e.SHA256:
			rep.Damaged = append(rep.Damaged, e.Path+": checksum differs")
		}
		rep.Entries++
		rep.Bytes += e.Bytes
		return nil
	})
	if budget.IsOver(err) {
		r.Cut, err = err, nil
	}
	if err != nil {
		return nil, err
	}
	rep.compare(seen)
	rep.Signature, rep.SignatureErr = signed.check()
	return rep, nil
}

// compare holds the manifest's list against what is there.
func (rep *Report) compare(seen map[string]string) {
	declared := map[string]bool{ManifestFile: true, SignatureFile: true}
	for _, e := range rep.Reader.declared {
		declared[e.Path] = true
		if sum, there := seen[e.Path]; !there {
			rep.Damaged = append(rep.Damaged, e.Path+": missing")
		} else if sum != e.SHA256 {
			rep.Damaged = append(rep.Damaged, e.Path+": differs from "+ManifestFile)
		}
	}
	if rep.Reader.declared == nil {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(seen)) {
		if !declared[path] {
			rep.Damaged = append(rep.Damaged, path+": not in "+ManifestFile)
		}
	}
}

// signedParts are the manifest and its signature.
type signedParts struct {
	manifest, signature bytes.Buffer
	there               bool
}

// maxSignature bounds a signature, in bytes.
const maxSignature = 64 << 10

func (s *signedParts) keep(path string) io.Writer {
	switch path {
	case ManifestFile:
		return &s.manifest
	case SignatureFile:
		s.there = true
		return &s.signature
	}
	return nil
}

// check reports by whom the manifest is signed. What is damaged is not as it was signed.
func (s *signedParts) check() (*seal.Signature, error) {
	switch {
	case !s.there:
		return nil, nil
	case s.signature.Len() > maxSignature:
		return nil, seal.ErrSignature
	}
	return seal.Check(s.manifest.Bytes(), s.signature.Bytes())
}

// leaks runs the leak check over one entry.
func (rep *Report) leaks(scrub *redact.Scrubber, e Entry, body io.Reader) error {
	return rep.leaksIn(scrub, e.Path, KindOf(e.Path), body)
}

func (rep *Report) leaksIn(scrub *redact.Scrubber, name string, kind redact.Kind, body io.Reader) error {
	hits, err := scrub.Check(kind, body)
	for _, h := range hits {
		if len(rep.Leaks) < maxLeaks {
			rep.Leaks = append(rep.Leaks, fmt.Sprintf("%s:%d %s", name, h.Line, h.Rule))
		}
	}
	return err
}
