// Package seal encrypts bundles to their recipients while they are written, in the format of
// age (age-encryption.org/v1): what it writes, age -d opens. It goes beyond the library in two things:
// a file can be read while it is written, by whoever writes it and nobody else, and one that was
// cut gives all that is whole before the cut.
//
// A file is a header, in which its key is wrapped for each recipient, 16 bytes of nonce, and pieces
// of 64 KiB, each encrypted and authenticated by itself (STREAM with ChaCha20-Poly1305; the nonce of
// a piece is its number, and a flag in the last one). The piece that is being filled is in memory only.
package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"
)

// Ext is what the name of a sealed file ends in.
const Ext = ".age"

// Keys are what files are sealed to and opened with. They also remember the files that were made with
// them, which can be read as long as this process lives. A nil *Keys seals nothing and opens nothing.
type Keys struct {
	Recipients []age.Recipient
	Identities []age.Identity

	mu   sync.Mutex
	made map[string]*File // by their headers
}

// Ephemeral are keys that are in the memory of this process alone: what is sealed to them is lost with it.
func Ephemeral() (*Keys, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	return &Keys{Recipients: []age.Recipient{id.Recipient()}}, nil
}

// Sealing reports whether files are sealed with these keys.
func (k *Keys) Sealing() bool { return k != nil && len(k.Recipients) > 0 }

type key struct{}

// With lets what reads and writes bundles under this context use the keys.
func With(ctx context.Context, k *Keys) context.Context { return context.WithValue(ctx, key{}, k) }

// From returns the keys of a context; nil: there are none.
func From(ctx context.Context) *Keys {
	k, _ := ctx.Value(key{}).(*Keys)
	return k
}

// maxKeyFile bounds a file of keys, in bytes.
const maxKeyFile = 1 << 20

// ParseRecipients reads values of --encrypt-to: age1..., ssh-ed25519 ..., ssh-rsa ..., or a file of such lines.
func ParseRecipients(values []string) ([]age.Recipient, error) {
	var list []age.Recipient
	for _, v := range values {
		if isRecipient(v) {
			r, err := parseRecipient(v)
			if err != nil {
				return nil, err
			}
			list = append(list, r)
			continue
		}
		text, err := readKeys(v)
		if err != nil {
			return nil, fmt.Errorf("%q is no recipient (age1..., ssh-ed25519 ..., ssh-rsa ...) and no file of them: %w", v, err)
		}
		before := len(list)
		for i, line := range strings.Split(string(text), "\n") {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			r, err := parseRecipient(line)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", v, i+1, err)
			}
			list = append(list, r)
		}
		if len(list) == before {
			return nil, fmt.Errorf("%s: no recipient in it", v)
		}
	}
	return list, nil
}

func isRecipient(text string) bool {
	return strings.HasPrefix(text, "age1") || strings.HasPrefix(text, "ssh-") || strings.HasPrefix(text, "AGE-SECRET-KEY-")
}

func parseRecipient(text string) (age.Recipient, error) {
	switch {
	case strings.HasPrefix(text, "AGE-SECRET-KEY-"):
		return nil, errors.New("a secret key was given as recipient: give its public key (age-keygen -y FILE)")
	case strings.HasPrefix(text, "ssh-"):
		return agessh.ParseRecipient(text)
	}
	list, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(list) != 1 {
		return nil, errors.New("no recipient: want an age1, ssh-ed25519 or ssh-rsa key")
	}
	return list[0], nil
}

// ParseIdentities reads files of age's secret keys and of SSH private keys.
func ParseIdentities(files []string) ([]age.Identity, error) {
	var list []age.Identity
	for _, name := range files {
		text, err := readKeys(name)
		if err != nil {
			return nil, err
		}
		ids, err := parseIdentities(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, ids...)
	}
	return list, nil
}

func parseIdentities(text []byte) ([]age.Identity, error) {
	if bytes.Contains(text, []byte("-----BEGIN")) && !bytes.Contains(text, []byte("BEGIN AGE ENCRYPTED FILE")) {
		id, err := agessh.ParseIdentity(text)
		var locked *ssh.PassphraseMissingError
		if errors.As(err, &locked) {
			return nil, errors.New("the key has a passphrase, which is not asked for: give a copy without one (ssh-keygen -p), " +
				"or open the bundle with age -d first")
		}
		return []age.Identity{id}, err
	}
	if bytes.HasPrefix(text, []byte(magic)) || bytes.Contains(text, []byte("BEGIN AGE ENCRYPTED FILE")) {
		return nil, errors.New("the file of keys is encrypted itself: open it with age -d first")
	}
	return age.ParseIdentities(bytes.NewReader(text))
}

func readKeys(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("%s: larger than %d bytes: no file of keys", name, maxKeyFile)
	}
	return text, err
}
