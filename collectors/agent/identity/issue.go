package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

const (
	caLife   = 5 * 365 * 24 * time.Hour
	leafLife = 365 * 24 * time.Hour
	// renewCA is what an authority must have left when identities are renewed.
	renewCA = 2 * leafLife
	// backdate lets a certificate be valid on a node whose clock is behind: wrong
	// clocks are what casefile is there to find.
	backdate = 24 * time.Hour
)

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newCA makes an authority, or, given a key, that authority once more with a new
// term: what it has signed stays valid.
func newCA(title, clusterID string, key crypto.Signer, now time.Time) (pair, error) {
	if key == nil {
		var err error
		if key, err = newKey(); err != nil {
			return pair{}, err
		}
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "casefile cluster " + title, Organization: []string{clusterID}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLife),
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
	}
	return sign(template, key, pair{cert: template, key: key})
}

// issue makes a certificate and key for a name.
func (ca pair) issue(n Name, now time.Time) (pair, error) {
	key, err := newKey()
	if err != nil {
		return pair{}, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: string(n.Role) + " " + n.Name, Organization: []string{n.Cluster}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(leafLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		URIs:                  []*url.URL{n.uri()},
	}
	if n.Role == Node {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		template.DNSNames = []string{n.dnsName()}
	}
	if template.NotAfter.After(ca.cert.NotAfter) {
		template.NotAfter = ca.cert.NotAfter
	}
	return sign(template, key, ca)
}

func newKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func sign(template *x509.Certificate, key crypto.Signer, by pair) (pair, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return pair{}, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return pair{}, fmt.Errorf("sign certificate for %s: %w", template.Subject.CommonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	return pair{cert: cert, key: key}, err
}
