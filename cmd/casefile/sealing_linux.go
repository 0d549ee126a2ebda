package main

import (
	"context"

	"github.com/spf13/pflag"

	"casefile/bundle/seal"
)

// sealing is --encrypt-to.
type sealing struct {
	to         []string
	identities []string // of what is read next to the capture
}

func (s *sealing) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&s.to, "encrypt-to", nil, "seal the bundle to this recipient while it is written: age1..., an SSH public key (ssh-ed25519 ..., ssh-rsa ...), or a file of them; no page is written next to it (repeatable)")
	f.StringArrayVar(&s.identities, "age-identity", nil, "file of keys that opens a sealed --baseline (repeatable)")
}

func (s *sealing) wanted() bool { return len(s.to) > 0 }

// keys gives the keys to what writes the bundle.
func (s *sealing) keys(ctx context.Context) (context.Context, error) {
	if len(s.to)+len(s.identities) == 0 {
		return ctx, nil
	}
	k := &seal.Keys{}
	var err error
	if k.Recipients, err = seal.ParseRecipients(s.to); err != nil {
		return nil, usage("--encrypt-to: %w", err)
	}
	if k.Identities, err = seal.ParseIdentities(s.identities); err != nil {
		return nil, usage("--age-identity: %w", err)
	}
	return seal.With(ctx, k), nil
}
