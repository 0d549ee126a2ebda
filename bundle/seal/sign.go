package seal

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Signatures have the form of ssh-keygen -Y sign (SSHSIG, openssh's PROTOCOL.sshsig), so that
// ssh-keygen -Y verify checks them too. That of an identity of a cluster is followed by its certificates.
const (
	sshsigMagic = "SSHSIG"
	sshsigHash  = "sha512"
	sshsigBlock = "SSH SIGNATURE"
	certBlock   = "CERTIFICATE"
	// Namespace is what a signature is for.
	Namespace = "casefile"
)

// Errors of signatures.
var (
	ErrForged    = errors.New("the signature is not one of this content by this key: it is forged, or the content was changed after it was signed")
	ErrSignature = errors.New("not a signature")
)

// Signer signs with an SSH key, or with the identity of a cluster.
type Signer struct {
	key ssh.Signer
	// certs are the identity's, the own one first, in PEM.
	certs []byte
}

// NewSigner signs with an identity and its certificates, the own one first.
func NewSigner(key crypto.Signer, certs ...*x509.Certificate) (*Signer, error) {
	k, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return nil, err
	}
	s := &Signer{key: k}
	for _, c := range certs {
		s.certs = append(s.certs, pem.EncodeToMemory(&pem.Block{Type: certBlock, Bytes: c.Raw})...)
	}
	return s, nil
}

// ReadSigner reads an SSH private key.
func ReadSigner(file string) (*Signer, error) {
	text, err := readKeys(file)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("%s: the key has a passphrase, which is not asked for: give one without", file)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &Signer{key: key}, nil
}

type sshsigBlob struct {
	Magic     [6]byte
	Version   uint32
	PublicKey string
	Namespace string
	Reserved  string
	Hash      string
	Signature string
}

// toSign is what the key signs.
func toSign(namespace, hash string, content []byte) []byte {
	sum := sha512.Sum512(content)
	return append([]byte(sshsigMagic), ssh.Marshal(struct{ Namespace, Reserved, Hash, Sum string }{namespace, "", hash, string(sum[:])})...)
}

// Sign returns the signature of content.
func (s *Signer) Sign(content []byte) ([]byte, error) {
	data := toSign(Namespace, sshsigHash, content)
	sig, err := s.sign(data)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	blob := sshsigBlob{Version: 1, PublicKey: string(s.key.PublicKey().Marshal()), Namespace: Namespace, Hash: sshsigHash, Signature: string(ssh.Marshal(sig))}
	copy(blob.Magic[:], sshsigMagic)
	return append(pem.EncodeToMemory(&pem.Block{Type: sshsigBlock, Bytes: ssh.Marshal(blob)}), s.certs...), nil
}

func (s *Signer) sign(data []byte) (*ssh.Signature, error) {
	if a, is := s.key.(ssh.AlgorithmSigner); is && s.key.PublicKey().Type() == ssh.KeyAlgoRSA {
		return a.SignWithAlgorithm(rand.Reader, data, ssh.KeyAlgoRSASHA512) // SHA-1 is no signature any more
	}
	return s.key.Sign(rand.Reader, data)
}

// Signature says by whom something was signed.
type Signature struct {
	Key ssh.PublicKey
	// Name is what the certificate says, Authority the one that issued it; nil: the key stands for itself.
	Name      string
	Authority *x509.Certificate
}

// By names the signer.
func (s *Signature) By() string {
	if s.Authority == nil {
		return s.Key.Type() + " key " + ssh.FingerprintSHA256(s.Key)
	}
	return fmt.Sprintf("%s (key %s), as the authority %q says", s.Name, ssh.FingerprintSHA256(s.Key), s.Authority.Subject.CommonName)
}

// Check reports by whom content was signed; ErrForged, ErrSignature otherwise. Whether that one is to be trusted, Among tells.
func Check(content, signature []byte) (*Signature, error) {
	block, rest := pem.Decode(signature)
	var b sshsigBlob
	if block == nil || block.Type != sshsigBlock || ssh.Unmarshal(block.Bytes, &b) != nil ||
		string(b.Magic[:]) != sshsigMagic || b.Version != 1 || b.Hash != sshsigHash || b.Namespace != Namespace {
		return nil, ErrSignature
	}
	key, err := ssh.ParsePublicKey([]byte(b.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	var sig ssh.Signature
	if err := ssh.Unmarshal([]byte(b.Signature), &sig); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	if sig.Format == ssh.KeyAlgoRSA || key.Verify(toSign(b.Namespace, b.Hash, content), &sig) != nil {
		return nil, ErrForged
	}
	s := &Signature{Key: key}
	return s, s.certified(rest)
}

// certified reads the certificates: that of the key, and that of the authority which issued it.
func (s *Signature) certified(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	certs, err := certificates(text)
	if err != nil || len(certs) != 2 {
		return fmt.Errorf("%w: want the certificate of the key and that of its authority", ErrSignature)
	}
	own, err := ssh.NewPublicKey(certs[0].PublicKey)
	if err != nil || !bytes.Equal(own.Marshal(), s.Key.Marshal()) {
		return fmt.Errorf("%w: its certificate is another key's", ErrForged)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certs[1])
	_, err = certs[0].Verify(x509.VerifyOptions{Roots: roots, CurrentTime: certs[0].NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil || !certs[1].IsCA {
		return fmt.Errorf("%w: its certificate is not from the authority that it names", ErrForged)
	}
	s.Name, s.Authority = strings.Join(certs[0].DNSNames, ", "), certs[1]
	if s.Name == "" {
		s.Name = certs[0].Subject.CommonName
	}
	return nil
}

func certificates(text []byte) (list []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return list, nil
		}
		if block.Type != certBlock {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
}

// Trusted are signers that somebody vouches for.
type Trusted struct {
	keys        [][]byte
	authorities [][]byte
}

// ReadTrusted reads files of SSH public keys, one a line, and of certificates of authorities.
func ReadTrusted(files []string) (*Trusted, error) {
	t := &Trusted{}
	for _, name := range files {
		text, err := readKeys(name)
		if err != nil {
			return nil, err
		}
		before := len(t.keys) + len(t.authorities)
		certs, err := certificates(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, c := range certs {
			if c.IsCA {
				t.authorities = append(t.authorities, c.Raw)
			}
		}
		for line := range strings.Lines(string(text)) {
			if at := strings.Index(line, "ssh-"); at < 0 { // before it the names of an allowed_signers file
				continue
			} else if k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line[at:])); err == nil {
				t.keys = append(t.keys, k.Marshal())
			}
		}
		if len(t.keys)+len(t.authorities) == before {
			return nil, fmt.Errorf("%s: neither SSH public keys nor the certificate of an authority", name)
		}
	}
	return t, nil
}

// Holds reports whether somebody vouches for the signer.
func (t *Trusted) Holds(s *Signature) bool {
	same := func(raw []byte) func([]byte) bool { return func(b []byte) bool { return bytes.Equal(b, raw) } }
	return slices.ContainsFunc(t.keys, same(s.Key.Marshal())) || s.Authority != nil && slices.ContainsFunc(t.authorities, same(s.Authority.Raw))
}
