package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"casefile/bundle/format/budget"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
)

// Report is what Verify found.
type Report struct {
	Reader  *Reader
	Entries int
	Bytes   int64
	// Damaged lists entries whose content is not what was written, and entries
	// that the manifest names and the file does not hold.
	Damaged []string
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
	err = r.Walk(ctx, func(e Entry, body io.Reader) (err error) {
		defer func() {
			var one *unreadable
			if errors.As(err, &one) {
				rep.Damaged = append(rep.Damaged, e.Path+": "+one.Error())
			}
		}()
		sum := sha256.New()
		content := io.TeeReader(body, sum)
		look := scrub
		if !mayName(e.Path) {
			look = noNames
		}
		if err := rep.leaks(look, e, content); err != nil {
			return err
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
	for _, e := range r.declared {
		if sum, there := seen[e.Path]; !there {
			rep.Damaged = append(rep.Damaged, e.Path+": missing")
		} else if sum != e.SHA256 {
			rep.Damaged = append(rep.Damaged, e.Path+": differs from "+ManifestFile)
		}
	}
	return rep, nil
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
