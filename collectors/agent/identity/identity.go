package identity

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"casefile/bundle/seal"
)

// Identity is who this process is in a cluster.
type Identity struct {
	Name
	Expires time.Time

	file string
	ca   *x509.Certificate
	own  tls.Certificate
	now  func() time.Time
}

// Load reads an identity file and checks all that can be known of it alone.
func Load(file string) (*Identity, error) { return LoadAt(file, time.Now) }

// LoadAt is Load with a clock, which also decides whether peers are expired.
func LoadAt(file string, now func() time.Time) (*Identity, error) {
	c, err := readPEM(file)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	id, err := c.identity(now)
	if err != nil {
		return nil, fmt.Errorf("identity: %s: %w", file, err)
	}
	id.file = file
	return id, nil
}

func (c contents) identity(now func() time.Time) (*Identity, error) {
	switch {
	case len(c.certs) == 1 && c.certs[0].IsCA:
		return nil, fmt.Errorf("%w: this is the authority; want %s or node-<name>.pem", ErrWrongKind, AdminFile)
	case len(c.certs) != 2 || !c.certs[0].IsCA:
		return nil, fmt.Errorf("%w: want the certificate of the authority, then the own one", ErrWrongKind)
	}
	ca, own := c.certs[0], c.certs[1]
	name, err := NameOf(own)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWrongKind, err)
	}
	if !belongs(c.key, own) {
		return nil, fmt.Errorf("%w: the key is not that of the certificate", ErrWrongKind)
	}
	id := &Identity{Name: name, Expires: own.NotAfter, ca: ca, now: now,
		own: tls.Certificate{Certificate: [][]byte{own.Raw}, PrivateKey: c.key, Leaf: own}}
	_, err = own.Verify(x509.VerifyOptions{Roots: id.pool(), CurrentTime: now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return id, nil
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now().Before(own.NotBefore):
		return nil, fmt.Errorf("not valid before %s, and the clock of this node shows %s: set the clock", stamp(own.NotBefore), stamp(now()))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return nil, fmt.Errorf("%w on %s; casefile cluster renew makes new ones", ErrExpired, stamp(own.NotAfter))
	}
	return nil, fmt.Errorf("%w: not signed by the authority in the same file: %w", ErrWrongKind, err)
}

// Signer signs in the name of this identity.
func (id *Identity) Signer() (*seal.Signer, error) {
	key, is := id.own.PrivateKey.(crypto.Signer)
	if !is {
		return nil, ErrWrongKind
	}
	return seal.NewSigner(key, id.own.Leaf, id.ca)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func (id *Identity) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(id.ca)
	return pool
}

// base is what both sides ask for: TLS 1.3, HTTP/2, this cluster's authority only.
// No session is resumed, so that an expired identity is refused at once.
func (id *Identity) base() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{id.own},
		NextProtos:             []string{"h2"},
		Time:                   id.now,
		SessionTicketsDisabled: true,
	}
}

// ServerTLS lets in identities of this cluster only. What each may do is up to
// the server: PeerOf tells who asks.
func (id *Identity) ServerTLS() (*tls.Config, error) {
	if id.Role != Node {
		return nil, fmt.Errorf("identity: %s: %w: %s is an %s; an agent needs node-<name>.pem", id.file, ErrWrongKind, id.Name.Name, id.Role)
	}
	c := id.base()
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.ClientCAs = id.pool()
	c.VerifyConnection = func(s tls.ConnectionState) error {
		_, err := id.peer(&s)
		return err
	}
	return c, nil
}

// ClientTLS reaches the node of that name and nobody else.
func (id *Identity) ClientTLS(node string) (*tls.Config, error) {
	if err := CheckName(node); err != nil {
		return nil, err
	}
	want := Name{Cluster: id.Cluster, Role: Node, Name: node}
	c := id.base()
	c.RootCAs = id.pool()
	c.ServerName = want.dnsName()
	c.VerifyConnection = func(s tls.ConnectionState) error {
		got, err := id.peer(&s)
		if err == nil && got != want {
			err = &WrongNodeError{Want: node, Got: got.Name}
		}
		return err
	}
	return c, nil
}

// WrongNodeError says that another node answers at an address.
type WrongNodeError struct{ Want, Got string }

func (e *WrongNodeError) Error() string { return fmt.Sprintf("node %s answers, not %s", e.Got, e.Want) }

// peer reads who is on the other side; TLS has verified the certificate.
func (id *Identity) peer(s *tls.ConnectionState) (Name, error) {
	n, err := PeerOf(s)
	if err == nil && n.Cluster != id.Cluster {
		err = fmt.Errorf("%s is of another cluster", n)
	}
	return n, err
}

// PeerOf tells who is on the other side of a connection made with a config of
// this package.
func PeerOf(s *tls.ConnectionState) (Name, error) {
	if s == nil || len(s.VerifiedChains) == 0 || len(s.PeerCertificates) == 0 {
		return Name{}, errors.New("no certificate was shown")
	}
	return NameOf(s.PeerCertificates[0])
}
