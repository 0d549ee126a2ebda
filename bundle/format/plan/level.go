package plan

import "fmt"

// Level is how much is taken out of a bundle before it leaves the house.
type Level string

// The levels; each takes out what those before it do.
const (
	// Secrets takes out passwords, tokens, keys and their like.
	Secrets Level = "secrets"
	// Standard also puts pseudonyms in the place of people, machines, addresses, URLs' values, home folders, titles, literals.
	Standard Level = "standard"
	// Minimal also leaves out every entry that has free text.
	Minimal Level = "minimal"
)

// ParseLevel reads the value of --redact; empty is Secrets.
func ParseLevel(s string) (Level, error) {
	switch l := Level(s); l {
	case "":
		return Secrets, nil
	case Secrets, Standard, Minimal:
		return l, nil
	}
	return "", fmt.Errorf("redaction level %q: want secrets, standard or minimal", s)
}

// Pseudonyms reports whether names are replaced at the level.
func (l Level) Pseudonyms() bool { return l == Standard || l == Minimal }
