package seal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func signerKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"ed25519": ed, "ecdsa": ec, "rsa": rs}
}

func TestSignatures(t *testing.T) {
	content := []byte("the manifest\n")
	for name, key := range signerKeys(t) {
		s, err := NewSigner(key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.Sign(content)
		if err != nil {
			t.Fatal(err)
		}
		by, err := Check(content, text)
		if err != nil || !bytes.Equal(by.Key.Marshal(), s.key.PublicKey().Marshal()) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Check([]byte("the manifest!\n"), text); !errors.Is(err, ErrForged) {
			t.Errorf("%s: changed content: %v", name, err)
		}
		for at := range text {
			forged := bytes.Clone(text)
			forged[at] ^= 1
			got, err := Check(content, forged)
			if err == nil && !bytes.Equal(got.Key.Marshal(), by.Key.Marshal()) {
				t.Errorf("%s: flipped at %d: signed by somebody else", name, at)
			}
		}
		byKeygen(t, content, text)
	}
}

// byKeygen lets openssh check a signature.
func byKeygen(t *testing.T, content, signature []byte) {
	t.Helper()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Log("no ssh-keygen: not checked with it")
		return
	}
	file := filepath.Join(t.TempDir(), "sig")
	if err := os.WriteFile(file, signature, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ssh-keygen", "-Y", "check-novalidate", "-n", Namespace, "-s", file)
	cmd.Stdin = bytes.NewReader(content)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen: %v: %s", err, out)
	}
}

func authority(t *testing.T, name string, key crypto.Signer) (ca *x509.Certificate, issue func(crypto.Signer) *x509.Certificate) {
	t.Helper()
	make := func(template, parent *x509.Certificate, public any) *x509.Certificate {
		raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	until := time.Now().Add(time.Hour)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, NotAfter: until}
	ca = make(root, root, key.Public())
	return ca, func(own crypto.Signer) *x509.Certificate {
		return make(&x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{"admin.example"}, NotAfter: until}, ca, own.Public())
	}
}

func TestSignatureOfAnIdentity(t *testing.T) {
	keys := signerKeys(t)
	content := []byte("the manifest\n")
	ca, issue := authority(t, "wiki", keys["ecdsa"])
	own := issue(keys["ed25519"])
	s, err := NewSigner(keys["ed25519"], own, ca)
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Sign(content)
	if err != nil {
		t.Fatal(err)
	}
	by, err := Check(content, text)
	if err != nil || by.Name != "admin.example" || !by.Authority.Equal(ca) {
		t.Fatalf("%+v %v", by, err)
	}
	byKeygen(t, content, text)

	trusted := &Trusted{authorities: [][]byte{ca.Raw}}
	if !trusted.Holds(by) {
		t.Error("not trusted")
	}
	// another authority of the same name, and a certificate of another key
	fake, issueFake := authority(t, "wiki", keys["rsa"])
	s, _ = NewSigner(keys["ed25519"], issueFake(keys["ed25519"]), fake)
	text, _ = s.Sign(content)
	if by, err = Check(content, text); err != nil || trusted.Holds(by) {
		t.Errorf("an authority that only has the name is believed: %v", err)
	}
	s, _ = NewSigner(keys["ed25519"], issueFake(keys["ed25519"]), ca)
	text, _ = s.Sign(content)
	if _, err = Check(content, text); !errors.Is(err, ErrForged) {
		t.Errorf("a certificate that the authority did not issue: %v", err)
	}
	s, _ = NewSigner(keys["rsa"], own, ca)
	text, _ = s.Sign(content)
	if _, err = Check(content, text); !errors.Is(err, ErrForged) {
		t.Errorf("a certificate of another key: %v", err)
	}
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, ssh.MarshalAuthorizedKey(s.key.PublicKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := ReadTrusted([]string{file})
	if err != nil || !read.Holds(&Signature{Key: s.key.PublicKey()}) || read.Holds(by) {
		t.Error("keys of a file", err)
	}
}
