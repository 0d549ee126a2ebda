package redact

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"casefile/bundle/format/charset"
)

// MaxSecrets bounds the values that are remembered. What comes after it is still
// found by the rules, but not where it stands without a key; Dropped counts it.
const MaxSecrets = 5000

// Secrets is the set of secret values known on this node. The zero value is not
// usable; it is safe for concurrent use. It never leaves the process.
type Secrets struct {
	mu      sync.Mutex
	values  map[string]forms
	ignored map[string]bool
	common  map[string]bool // behind a secret key, and not looked for elsewhere
	dropped int
	text    *matcher // built from values when asked for; nil after a change
	binary  *matcher
}

// forms are the ways in which a value is written.
type forms struct{ text, binary []string }

// NewSecrets makes an empty set. The values of ignore are never learned: names of users,
// hosts, products, anything that is no secret even when somebody uses it as a password.
func NewSecrets(ignore ...string) *Secrets {
	s := &Secrets{values: map[string]forms{}, ignored: map[string]bool{}, common: map[string]bool{}}
	for _, v := range ignore {
		s.ignored[v] = true
	}
	return s
}

// Learn adds a value that is to disappear wherever it stands, as it is or encoded
// for a URL, XML, JSON, .properties or in base64. It returns false when the value is too short
// or too common to be looked for: replacing "true" or "confluence" everywhere would
// destroy evidence and hide nothing.
func (s *Secrets) Learn(value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.values[value]; ok {
		return true
	}
	if s.ignored[value] || !worthLearning(value) {
		if !s.ignored[value] && tooCommon(value) && len(s.common) < MaxSecrets {
			s.common[value] = true
		}
		return false
	}
	if len(s.values) >= MaxSecrets {
		s.dropped++
		return false
	}
	s.values[value] = formsOf(value)
	s.text, s.binary = nil, nil
	return true
}

// demote stops looking for a value that evidence is full of.
func (s *Secrets) demote(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.common[value], s.ignored[value] = true, true
	delete(s.values, value)
	s.text, s.binary = nil, nil
}

// Common is the number of values that stand behind a secret key and are replaced only there, because they are too
// short or too common to be looked for.
func (s *Secrets) Common() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.common)
}

// Ignore takes a value out and keeps it out.
func (s *Secrets) Ignore(value string) {
	if value == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ignored[value] = true
	if _, ok := s.values[value]; ok {
		delete(s.values, value)
		s.text, s.binary = nil, nil
	}
}

// LearnText runs the rules over a text only to learn its secrets. Use it on the
// command line, the environment and the configuration of a process before anything of it
// is collected: what is known from the start is found everywhere.
func (s *Secrets) LearnText(kind Kind, text []byte) {
	e := newEngine(s)
	e.learn, e.trusted, e.quiet = true, true, true
	if kind.encoded() {
		text = charset.Text(text)
	}
	_, _ = e.document(kind, text) // only a profile that cannot be read is an error: it has no keys of secrets
	e.publish()
}

// Count is the number of values known; encodings of a value are not counted.
func (s *Secrets) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.values)
}

// Dropped is the number of values refused because of MaxSecrets.
func (s *Secrets) Dropped() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// inTexts returns the searcher for the values in texts.
func (s *Secrets) inTexts() *matcher {
	return s.matcher(&s.text, func(v string) []string { return s.values[v].text })
}

// inBinary returns the searcher for the values in binary data.
func (s *Secrets) inBinary() *matcher {
	return s.matcher(&s.binary, func(v string) []string { return s.values[v].binary })
}

func (s *Secrets) matcher(built **matcher, forms func(string) []string) *matcher {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *built == nil {
		*built = newMatcher(slices.Sorted(maps.Keys(s.values)), forms)
	}
	return *built
}

// learnValue remembers a value as it stands and as it reads: behind the escapes of the text it was found in.
func (e *engine) learnValue(v, rule string) {
	if strings.ContainsAny(v, "\r\n") { // each line on its own: no text is searched for more
		for line := range strings.Lines(v) {
			if line = strings.TrimSpace(line); line != v {
				e.learnValue(line, rule)
			}
		}
		return
	}
	v = strings.ReplaceAll(v, "\x00", "") // as UTF-32 has them
	e.learned = append(e.learned, v)
	for _, decode := range []func(string) string{decodedURL, unescapeXML, unescapeBackslashes, unescapeUnicode, fromLatin1} {
		if d := decode(v); d != v {
			e.learned = append(e.learned, d)
		}
	}
	if rule == "kubernetes-secret" {
		if d, ok := decodeBase64(v); ok {
			e.learned = append(e.learned, d)
		}
	}
}

// user keeps a user name from being learned: many databases have it as the password too. Only
// configuration is believed; a log line "user: ..." may hold what was typed into the wrong field.
func (e *engine) user(name string) {
	if e.trusted && worthLearning(name) {
		e.secrets.Ignore(name)
	}
}
