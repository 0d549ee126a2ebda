// Package canary makes secrets, and the texts in which programs write them, for tests that look for them afterwards.
//
// A site is a form of writing, a name and a value: every form of every channel is filled with several names, in the spellings
// that languages and products use, and with values of every shape that can stand there. What people choose - words and
// digits, phrases - stands only where a reader would be sure that it is a secret.
package canary

import (
	"math/rand/v2"
	"strings"
)

// Channel is where a process shows a text.
type Channel string

// The channels. Arguments and variables of the environment are separated by NUL.
const (
	Arguments   Channel = "arguments"
	Environment Channel = "environment"
	Properties  Channel = "properties"
	YAML        Channel = "yaml"
	JSON        Channel = "json"
	XML         Channel = "xml"
	Log         Channel = "log"
	Access      Channel = "access log"
	Thread      Channel = "thread name"
)

// Site is a text with a secret.
type Site struct {
	Channel Channel
	Text    string
	Form    string   // it was made of
	Secrets []string // none of which may be left
}

// PerForm is how many sites are made of each form.
const PerForm = 4

// Sites makes the sites of all channels; the same seed makes the same.
func Sites(seed uint64) []Site {
	r := rand.New(rand.NewPCG(seed, 77))
	var list []Site
	for _, f := range forms {
		for n := 0; n < PerForm; {
			if site, ok := f.fill(r); ok {
				list = append(list, site)
				n++
			}
			if !strings.Contains(f.text, "{V}") {
				break
			}
		}
	}
	return list
}

// sure says how sure a reader is that a value at that place is a secret.
type sure int

const (
	anything sure = iota // whatever stands there
	chosen               // no ordinary word
	made                 // what only a program makes
)

// form is a way to write a secret: {K} is the name, {V} the value, {M} a value that a program made.
type form struct {
	channel Channel
	text    string
	quote   quoting
	needs   sure
	style   style // of the name; any if it is zero
}

func (f form) fill(r *rand.Rand) (Site, bool) {
	w := words[r.IntN(len(words))]
	needs := f.needs
	if w.weak && needs == chosen {
		needs = made
	}
	shape := shapes[r.IntN(len(shapes))]
	if shape.needs > anything && needs > anything && shape.needs < needs {
		return Site{}, false
	}
	if needs == made && shape.needs != made {
		return Site{}, false
	}
	value := shape.make(r)
	quoted, ok := quoters[f.quote](value)
	if !ok || f.channel == Log && f.quote == inXML && strings.Contains(value, "\n") { // a log writes its own words before each line
		return Site{}, false
	}
	st := f.style
	if st == anyStyle {
		st = style(1 + r.IntN(int(styles)-1))
	}
	name := st.write(w.text, r)
	if strings.Contains(f.text, "{K}") && !isASCII(name) && f.channel == Arguments {
		return Site{}, false // what a launcher makes of it depends on the locale
	}
	text := strings.ReplaceAll(strings.ReplaceAll(f.text, "{K}", name), "{V}", quoted)
	secrets := []string{}
	for _, line := range strings.Split(value, "\n") {
		secrets = append(secrets, line)
	}
	if q := quoted; q != value && !strings.Contains(q, "\n") {
		secrets = append(secrets, q)
	}
	for strings.Contains(text, "{M}") {
		v := generated(r)
		text, secrets = strings.Replace(text, "{M}", v, 1), append(secrets, v)
	}
	if !strings.Contains(f.text, "{V}") {
		secrets = secrets[len(secrets)-strings.Count(f.text, "{M}"):]
	}
	return Site{Channel: f.channel, Text: text, Form: f.text, Secrets: secrets}, true
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// pieceLen is how much of a secret is too much to be left, in bytes.
const pieceLen = 7

// Pieces are the parts of its secrets that must not be left, those left out that the form itself holds.
func (s Site) Pieces() []string {
	var list []string
	for _, secret := range s.Secrets {
		for at := 0; at+pieceLen <= len(secret); at++ {
			if piece := secret[at : at+pieceLen]; !strings.Contains(s.Form, piece) {
				list = append(list, piece)
			}
		}
	}
	return list
}
