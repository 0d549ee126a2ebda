package plan

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"
)

// Probes are what a node measures the latency of. They name places, never
// secrets: a password stands where Credential points to, on the node itself.
type Probes struct {
	Databases []Database `json:"databases,omitempty"`
	Storage   []Storage  `json:"storage,omitempty"`
	// Names are host names to look up.
	Names []string `json:"names,omitempty"`
	// Directories are servers of users, ldap://host[:port] or ldaps://host[:port]. Nobody logs in.
	Directories []string `json:"directories,omitempty"`
	// AppCredentials has each node also measure the databases that its products'
	// configuration names, with the login that stands there.
	AppCredentials bool `json:"use_app_credentials,omitempty" yaml:"-"`
}

// Database is one database server.
type Database struct {
	// URL is a JDBC URL, postgres:// or mysql:// URL, or host:port.
	URL string `json:"url"`
	// Credential is "env:NAME" or "file:/path" on the node. It holds user:password, or the
	// password alone where the URL names the user. Empty: nobody logs in.
	Credential string `json:"credential,omitempty"`
}

// Storage is one folder in which small files are written and removed.
type Storage struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
}

// Kinds of storage; thresholds differ.
const (
	SharedHome = "shared-home"
	LocalHome  = "local-home"
	OtherPlace = "other"
)

// Bounds of Probes.
const (
	MaxDatabases = 8
	MaxStorage   = 8
	MaxNames     = 16
	maxURL       = 2048
	maxPath      = 4096
	maxHostName  = 253 // RFC 1035

	MaxDirectories = 4
)

// Validate tells what is wrong, naming the field by its place and never its content
// where that may hold a secret.
func (p *Probes) Validate() error {
	if p == nil {
		return nil
	}
	for _, c := range []struct {
		what       string
		count, max int
	}{{"databases", len(p.Databases), MaxDatabases}, {"storage folders", len(p.Storage), MaxStorage}, {"names", len(p.Names), MaxNames}, {"directories", len(p.Directories), MaxDirectories}} {
		if c.count > c.max {
			return fmt.Errorf("probes: %d %s, at most %d", c.count, c.what, c.max)
		}
	}
	for i, d := range p.Databases {
		if err := d.validate(); err != nil {
			return fmt.Errorf("probes: database %d: %w", i+1, err)
		}
	}
	for i, s := range p.Storage {
		if err := s.validate(); err != nil {
			return fmt.Errorf("probes: storage %d: %w", i+1, err)
		}
	}
	for i, n := range p.Names {
		if !hostName(n) {
			return fmt.Errorf("probes: name %d: %q is no host name", i+1, n[:min(len(n), 80)])
		}
	}
	for i, d := range p.Directories {
		if _, _, err := Directory(d); err != nil {
			return fmt.Errorf("probes: directory %d: %w", i+1, err)
		}
	}
	return nil
}

var errDirectory = errors.New("want ldap://host[:port] or ldaps://host[:port], and nothing else")

// Directory gives the address of a directory server, and whether it is spoken to by TLS from the start.
func Directory(text string) (address string, secure bool, err error) {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL {
		return "", false, errDirectory // what url.Parse says may hold a secret
	}
	ports := map[string]string{"ldap": "389", "ldaps": "636"}
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	plain := u.User == nil && u.RawQuery == "" && u.Fragment == "" && (u.Path == "" || u.Path == "/")
	if ports[u.Scheme] == "" || !plain || !hostName(u.Hostname()) && net.ParseIP(u.Hostname()) == nil {
		return "", false, errDirectory
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", false, errDirectory
	}
	return net.JoinHostPort(u.Hostname(), port), u.Scheme == "ldaps", nil
}

func (d Database) validate() error {
	switch {
	case d.URL == "":
		return errors.New("no url")
	case len(d.URL) > maxURL:
		return fmt.Errorf("url of %d bytes, at most %d", len(d.URL), maxURL)
	case !printable(d.URL):
		return errors.New("url holds spaces or control characters")
	case holdsPassword(d.URL):
		return errors.New("url holds a password: a plan goes into the bundle, so name it with credential env:NAME or file:/path")
	}
	return validCredential(d.Credential)
}

// holdsPassword reports whether a secret stands in a URL: as a parameter or before the host.
func holdsPassword(url string) bool {
	low := strings.ToLower(url)
	if i := strings.IndexAny(low, "?;&"); i >= 0 {
		for _, param := range strings.FieldsFunc(low[i:], func(r rune) bool { return strings.ContainsRune("?;&", r) }) {
			name, value, _ := strings.Cut(param, "=")
			if value != "" && (strings.Contains(name, "pass") || strings.Contains(name, "pwd") || strings.Contains(name, "secret") || strings.Contains(name, "token")) {
				return true
			}
		}
	}
	if strings.Contains(low, "password=") {
		return true // address=(password=...), Oracle descriptors
	}
	for part := range strings.SplitSeq(strings.SplitN(low, "?", 2)[0], ",") {
		if at := strings.LastIndexByte(part, '@'); at > 0 {
			before := part[:at]
			if i := strings.LastIndex(before, "//"); i >= 0 {
				if strings.Contains(before[i+2:], ":") {
					return true // //user:password@host
				}
			} else if strings.Contains(before, "/") || !strings.HasPrefix(before, "jdbc:") && strings.Contains(before, ":") {
				return true // Oracle's user/password@, the second host's user:password@
			}
		}
	}
	return false
}

func validCredential(c string) error {
	kind, where, _ := strings.Cut(c, ":")
	switch {
	case c == "":
		return nil
	case kind == "env" && envName(where):
		return nil
	case kind == "file" && cleanPath(where):
		return nil
	}
	return errors.New("credential must be env:NAME or file:/absolute/path")
}

func envName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

func (s Storage) validate() error {
	switch s.Kind {
	case SharedHome, LocalHome, OtherPlace:
	default:
		return fmt.Errorf("kind %q: want %s, %s or %s", s.Kind, SharedHome, LocalHome, OtherPlace)
	}
	if !cleanPath(s.Path) {
		return fmt.Errorf("path %q: must be absolute and without dot elements", s.Path[:min(len(s.Path), 200)])
	}
	for _, kernel := range []string{"/proc", "/sys", "/dev"} {
		if (s.Path == kernel || strings.HasPrefix(s.Path, kernel+"/")) && !strings.HasPrefix(s.Path, "/dev/shm") {
			return fmt.Errorf("path %q: lies in a file system of the kernel", s.Path)
		}
	}
	return nil
}

// cleanPath reports whether p is an absolute path that names its target plainly.
func cleanPath(p string) bool {
	return path.IsAbs(p) && path.Clean(p) == p && len(p) <= maxPath && !strings.ContainsFunc(p, unicode.IsControl)
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar })
}

func hostName(s string) bool {
	if s == "" || len(s) > maxHostName || s[0] == '-' || s[0] == '.' {
		return false
	}
	for _, r := range s {
		if r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return true
}
