package names

import (
	"slices"
	"strings"
)

// Kind is what a name names.
type Kind uint8

// The kinds.
const (
	Host Kind = iota
	Domain
	User
	Mail
	Address // IPv4 or IPv6
	MAC
	Cluster
	Space
	Title
	Query // value of a URL's query or path parameter
	Path  // folder or file below a home folder
	Literal
	Network // of addresses: not replaced by itself
	Kinds   = int(iota)
)

var kindNames = [Kinds]string{"host", "domain", "user", "e-mail", "address", "mac", "cluster", "space",
	"title", "url value", "home path", "sql literal", "network"}

func (k Kind) String() string { return kindNames[k] }

// prefixes are how the pseudonyms of a kind begin.
var prefixes = [Kinds]string{Host: "host-", Domain: "domain-", User: "user-", Cluster: "cluster-",
	Space: "space-", Title: "title-", Query: "value-",
	Path: "dir-", Literal: "text-"}

// invalid is the top-level domain that RFC 2606 keeps free.
const invalid = ".invalid"

// alphabet has no vowels, so that no words come out, and no digits that look like letters.
const alphabet = "23456789bcdfghjkmnpqrstvwxz"

// codeLen is the length of the word of a pseudonym; one that is taken gets more.
const codeLen = 4

// KindNames are the names of the kinds that are replaced.
func KindNames() []string { return slices.Clone(kindNames[:Network]) }

// IsPseudonym reports whether a word is one already, of any kind but an address.
func IsPseudonym(s string) bool { return isPseudonym(s) }

// isPseudonym reports whether a word is one already, of any kind but an address.
func isPseudonym(s string) bool {
	s = strings.TrimSuffix(s, invalid)
	i := strings.IndexByte(s, '-')
	if i < 0 || len(s)-i-1 < codeLen {
		return false
	}
	for _, p := range prefixes {
		if p != "" && s[:i+1] == p || s[:i+1] == filePrefix {
			code, _, _ := strings.Cut(s[i+1:], ".")
			return len(code) >= codeLen && strings.Trim(code, alphabet) == ""
		}
	}
	return false
}

// filePrefix is that of the last part of a path.
const filePrefix = "file-"
