package identity

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Role is what an identity may do.
type Role string

const (
	// Admin may ask nodes for everything that the agent serves.
	Admin Role = "admin"
	// Node serves, and may ask other nodes for the time.
	Node Role = "node"
)

const scheme = "casefile"

// Name says who a certificate was made for.
type Name struct {
	Cluster string // id of the cluster, not its title
	Role    Role
	Name    string
}

func (n Name) String() string { return n.uri().String() }

func (n Name) uri() *url.URL {
	return &url.URL{Scheme: scheme, Host: n.Cluster, Path: "/" + string(n.Role) + "/" + n.Name}
}

// dnsName is the name that a client of a node asks TLS to check; no resolver
// knows it.
func (n Name) dnsName() string {
	return n.Name + "." + string(n.Role) + "." + n.Cluster + ".casefile.internal"
}

// NameOf reads the name in a certificate. It says nothing about who signed it.
func NameOf(cert *x509.Certificate) (Name, error) {
	if len(cert.URIs) != 1 || cert.URIs[0].Scheme != scheme {
		return Name{}, fmt.Errorf("certificate %q is not of casefile", cert.Subject.CommonName)
	}
	u := cert.URIs[0]
	role, name, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	n := Name{Cluster: u.Host, Role: Role(role), Name: name}
	if n.Role != Admin && n.Role != Node || CheckName(name) != nil || n.uri().String() != u.String() {
		return Name{}, fmt.Errorf("certificate names %q, which is no admin and no node", u)
	}
	return n, nil
}

// validName is what a node may be called: it becomes a file name, a folder in the
// bundle and a part of a host name.
var validName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?)*$`)

const maxName = 63

// CheckName reports whether a node can have this name.
func CheckName(name string) error {
	if len(name) > maxName || !validName.MatchString(name) {
		return fmt.Errorf("node name %q: want 1 to %d letters, digits, '.', '_' or '-', with letters or digits at both ends", name, maxName)
	}
	return nil
}
