package canary

import (
	"math/rand/v2"
	"strings"
)

// words are names of secrets, their parts apart. Weak ones have other uses too.
var words = []struct {
	text string
	weak bool
}{
	{"password", false}, {"db password", false}, {"key store password", false}, {"ldap bind password", false}, {"user passwd", false}, {"admin pwd", false}, {"passphrase", false}, {"mail smtp password", false},
	{"client secret", true}, {"shared secret", true}, {"api key", true}, {"access token", true}, {"refresh token", true}, {"auth token", true}, {"private key", true}, {"secret access key", true}, {"encryption key", true},
	{"proxy credentials", true}, {"webhook secret", true}, {"signing key", true}, {"passcode", false}, {"trust store password", false}, {"old password", false}, {"new password", false},
	{"passwort", false}, {"kennwort", false}, {"contraseña", false}, {"senha", false}, {"hasło", false}, {"heslo", false}, {"wachtwoord", false}, {"salasana", false}, {"jelszó", false}, {"пароль", false}, {"密码", false}, {"パスワード", false},
}

// style is how the parts of a name are put together.
type style int

const (
	anyStyle style = iota
	camel
	snake
	kebab
	dotted
	capitals
	styles
	spoken // as in a sentence
	option // of a command line
)

func (s style) write(name string, r *rand.Rand) string {
	parts := strings.Fields(name)
	switch s {
	case camel:
		for i := range parts[1:] {
			parts[i+1] = strings.ToUpper(parts[i+1][:1]) + parts[i+1][1:]
		}
		return strings.Join(parts, "")
	case snake:
		return strings.Join(parts, "_")
	case kebab, option:
		return strings.Join(parts, "-")
	case capitals:
		return strings.ToUpper(strings.Join(parts, "_"))
	case spoken:
		return strings.Join(parts, " ")
	}
	return []string{"spring.app.", "x.", "com.example.module."}[r.IntN(3)] + strings.Join(parts, ".")
}
