package identity

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxFile is more than any identity takes.
const maxFile = 64 << 10

const (
	certBlock = "CERTIFICATE"
	keyBlock  = "PRIVATE KEY"
)

// Errors that a caller may want to tell apart.
var (
	ErrTooOpen   = errors.New("others than its owner may read it")
	ErrExpired   = errors.New("expired")
	ErrWrongKind = errors.New("wrong kind of identity")
)

// contents is what a PEM file of ours holds.
type contents struct {
	certs []*x509.Certificate
	key   crypto.Signer
}

// readPEM reads a file that must be readable by its owner only.
func readPEM(file string) (contents, error) {
	f, err := os.Open(file)
	if err != nil {
		return contents{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return contents{}, err
	}
	if perm := st.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" {
		return contents{}, fmt.Errorf("%s: %w: mode %04o; chmod 600 %[1]s", file, ErrTooOpen, perm)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return contents{}, err
	}
	if len(raw) > maxFile {
		return contents{}, fmt.Errorf("%s: %w: larger than %d bytes", file, ErrWrongKind, maxFile)
	}
	c, err := parsePEM(raw)
	if err != nil {
		return contents{}, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func parsePEM(raw []byte) (contents, error) {
	var c contents
	for n := 1; len(bytes.TrimSpace(raw)) > 0; n++ {
		block, rest := pem.Decode(raw)
		if block == nil {
			return c, fmt.Errorf("%w: no PEM block where number %d should begin", ErrWrongKind, n)
		}
		var err error
		switch block.Type {
		case certBlock:
			err = c.addCert(block.Bytes)
		case keyBlock:
			err = c.addKey(block.Bytes)
		default:
			err = fmt.Errorf("unexpected %q", block.Type)
		}
		if err != nil {
			return c, fmt.Errorf("%w: PEM block %d: %w", ErrWrongKind, n, err)
		}
		raw = rest
	}
	if len(c.certs) == 0 || c.key == nil {
		return c, fmt.Errorf("%w: %d certificates and %d keys, want at least one of each", ErrWrongKind, len(c.certs), count(c.key))
	}
	return c, nil
}

func count(key crypto.Signer) int {
	if key == nil {
		return 0
	}
	return 1
}

func (c *contents) addCert(der []byte) error {
	cert, err := x509.ParseCertificate(der)
	c.certs = append(c.certs, cert)
	return err
}

func (c *contents) addKey(der []byte) error {
	if c.key != nil {
		return errors.New("a second key")
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return fmt.Errorf("key of type %T", key)
	}
	c.key = signer
	return nil
}

// belongs reports whether the key is that of the certificate.
func belongs(key crypto.Signer, cert *x509.Certificate) bool {
	pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && pub.Equal(cert.PublicKey)
}

func encodePEM(key crypto.Signer, certs ...*x509.Certificate) ([]byte, error) {
	var buf bytes.Buffer
	for _, c := range certs {
		if err := pem.Encode(&buf, &pem.Block{Type: certBlock, Bytes: c.Raw}); err != nil {
			return nil, err
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	err = pem.Encode(&buf, &pem.Block{Type: keyBlock, Bytes: der})
	return buf.Bytes(), err
}

// replaceFile writes a file whole or not at all, readable by its owner only.
func replaceFile(file string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".casefile-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.Rename(f.Name(), file)
}

// exists reports whether a file is there; not being able to tell counts as yes.
func exists(file string) bool {
	_, err := os.Lstat(file)
	return !errors.Is(err, fs.ErrNotExist)
}
