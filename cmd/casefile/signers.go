package main

import (
	"casefile/bundle/seal"
)

// signers is --signed-by.
type signers struct{ files []string }

// check notes by whom bundles are signed. A part of a node is never signed: the one who joins it signs the whole.
func (s *signers) check(list []checked) error {
	var trusted *seal.Trusted
	if len(s.files) > 0 {
		var err error
		if trusted, err = seal.ReadTrusted(s.files); err != nil {
			return usage("--signed-by: %w", err)
		}
	}
	c := &list[0]
	switch sig := c.Signature; {
	case c.SignatureErr != nil:
		c.signed, c.badly = "signature: "+c.SignatureErr.Error(), true
	case sig == nil && trusted != nil && c.Reader.Cut != nil:
		c.signed, c.badly = "signature: none, it would stand at the end that is missing", true
	case sig == nil && trusted != nil:
		c.signed, c.badly = "signature: none", true
	case sig == nil:
	case trusted != nil && !trusted.Holds(sig):
		c.signed, c.badly = "signature: by "+sig.By()+", which is none of --signed-by", true
	case len(c.Damaged) > 0:
		c.signed = "signed by " + sig.By() + ": what is damaged is not what was signed"
	case trusted == nil:
		c.signed = "signed by " + sig.By() + ", and whole; whose key that is, --signed-by FILE tells"
	default:
		c.signed = "signed by " + sig.By() + ", one of --signed-by, and whole"
	}
	return nil
}
