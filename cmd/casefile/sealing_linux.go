package main

import (
	"context"

	"github.com/spf13/pflag"

	"casefile/bundle/seal"
	"casefile/collectors/agent/identity"
)

// sealing is --encrypt-to.
type sealing struct {
	to         []string
	identities []string // of what is read next to the capture
	signWith   string
	signer     *seal.Signer // nil: nobody signs
}

func (s *sealing) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&s.to, "encrypt-to", nil, "seal the bundle to this recipient while it is written: age1..., an SSH public key (ssh-ed25519 ..., ssh-rsa ...), or a file of them; no page is written next to it (repeatable)")
	f.StringArrayVar(&s.identities, "age-identity", nil, "file of keys that opens a sealed --baseline (repeatable)")
	f.StringVar(&s.signWith, "sign-with", "", "sign the bundle with this SSH private key without passphrase (default, with agents, at --redact secrets: the identity of the cluster); none: with nothing")
}

func (s *sealing) wanted() bool { return len(s.to) > 0 }

// keys gives the keys to what writes the bundle.
func (s *sealing) keys(ctx context.Context) (context.Context, error) {
	var err error
	if s.signWith != "" && s.signWith != signNone {
		if s.signer, err = seal.ReadSigner(s.signWith); err != nil {
			return nil, usage("--sign-with: %w", err)
		}
	}
	if len(s.to)+len(s.identities) == 0 {
		return ctx, nil
	}
	k := &seal.Keys{}
	if k.Recipients, err = seal.ParseRecipients(s.to); err != nil {
		return nil, usage("--encrypt-to: %w", err)
	}
	if k.Identities, err = seal.ParseIdentities(s.identities); err != nil {
		return nil, usage("--age-identity: %w", err)
	}
	return seal.With(ctx, k), nil
}

const signNone = "none"

// identity signs as a cluster's identity, which names cluster and admin, where nobody asked for another signature.
func (s *sealing) identity(id *identity.Identity) error {
	if s.signWith != "" || id == nil {
		return nil
	}
	var err error
	s.signer, err = id.Signer()
	return err
}
