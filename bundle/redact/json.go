package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// valueNames are the members that hold the value when a neighbour or a parent names it.
var valueNames = wordSet(`value values val content text string data default defaultvalue plaintext cleartext
	param-value env-entry-value property-value stringdata`)

// nameNames are the members that hold the name.
var nameNames = wordSet(`name key id property variable param-name env-entry-name property-name`)

func isName(b []byte, set map[string]bool) bool {
	return set[string(bytes.ToLower(bytes.TrimSpace(b)))]
}

// jsonScalar is a string or number of a document, and what its place says about it.
type jsonScalar struct {
	start, end int
	key        []byte // the member's name, raw
	class      *keyClass
	part       argumentSecret // of a command line's word
}

// jsonFrame is an open object or array.
type jsonFrame struct {
	object     bool
	key        []byte    // of the member at hand
	class      *keyClass // what the container's own key says
	named      *keyClass // what a name member says about the value member
	values     []int     // scalars that are value members
	secret     bool      // kind: Secret
	from, to   int       // scalars below data
	dataDepth  bool      // the container is a data member
	wantMember bool      // the next string is a key
	option     *keyClass // of the array's element before: "--password"
	before     []byte    // the array's element before
	within     *keyClass // what a container further out says
	jwk        bool      // has a kty
	own        []int     // scalars of the container itself
	all        bool      // a map of names to secrets
}

// secretMaps are the members that hold names and their secrets.
var secretMaps = wordSet(`secrets passwords credentials tokens`)

var secretMember = &keyClass{ending: "secrets", rule: "secret", strength: sureKey}

var kubernetesSecret = &keyClass{ending: "data", rule: "kubernetes-secret", strength: sureKey}

// json scrubs JSON by its structure; what is not valid is scrubbed as text.
func (e *engine) json(b []byte) []byte {
	if !validJSON(b) {
		return e.textAll(e.spansOf(b, jsonInText))
	}
	out := make([]byte, 0, len(b))
	at := 0
	for _, s := range jsonScalars(b) {
		out = append(out, b[at:s.start]...)
		out = append(out, e.jsonScalar(b, s)...)
		at = s.end
	}
	return append(out, b[at:]...)
}

func validJSON(b []byte) bool {
	d := json.NewDecoder(bytes.NewReader(b))
	for n := 0; ; n++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return errors.Is(err, io.EOF) && n > 0
		}
	}
}

// spansOf replaces what the finders find in b, and leaves everything else as it is.
func (e *engine) spansOf(b []byte, finders ...func([]byte, func(found))) []byte {
	var spans []found
	for _, find := range finders {
		find(b, func(f found) {
			e.note(b, f)
			if f.start < f.end && !isMarked(b[f.start:f.end]) {
				spans = append(spans, f)
			}
		})
	}
	if spans = effective(b, spans); len(spans) == 0 {
		return b
	}
	return e.replace(nil, b, spans, 0, false)
}

// jsonInText finds the secrets that the structure of JSON tells, in a text that holds some, whole or not.
func jsonInText(line []byte, report func(found)) {
	from := bytes.IndexAny(line, "{[")
	if from < 0 || bytes.IndexByte(line[from:], '"') < 0 {
		return
	}
	for _, s := range jsonScalars(line[from:]) {
		start, end := from+s.start, from+s.end
		if line[start] == '"' {
			if end-start < 2 || line[end-1] != '"' {
				continue
			}
			start, end = start+1, end-1
		} else if s.part.end == 0 {
			continue
		}
		class := s.class
		if s.part.end > 0 {
			start, end, class = start+s.part.start, start+s.part.end, argumentClass
		}
		v := line[start:end]
		if class == nil || start >= end || isPlaceholder(v) || isNumber(v) && len(v) <= 3 || !class.believes(v) {
			continue
		}
		report(secretAt(start, end, class.rule, class.rule != "cookie" && bytes.IndexByte(v, '\\') < 0))
	}
}

// argumentClass is what a word of a command line is that programArguments finds.
var argumentClass = &keyClass{rule: "program", strength: sureKey}

// jsonScalar returns the scalar as it may leave.
func (e *engine) jsonScalar(b []byte, s jsonScalar) []byte {
	raw := b[s.start:s.end]
	if raw[0] != '"' { // a number; it stays unless it is the secret
		if s.class == nil || isNumber(raw) && len(raw) <= 3 {
			return raw
		}
		clean, _ := e.secretScalar(s.class, raw, s.start)
		return append(append([]byte{'"'}, clean...), '"')
	}
	text := raw[1 : len(raw)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		var decoded string
		if json.Unmarshal(raw, &decoded) == nil {
			text = []byte(decoded)
		}
	}
	var clean []byte
	var changed bool
	if p := s.part; p.end > 0 && p.end <= len(text) && bytes.Equal(text, raw[1:len(raw)-1]) && !isMarked(text[p.start:p.end]) {
		secret, _ := e.secretScalar(argumentClass, text[p.start:p.end], s.start)
		clean, changed = append(append(bytes.Clone(text[:p.start]), secret...), text[p.end:]...), true
	} else if s.class != nil {
		clean, changed = e.secretScalar(s.class, text, s.start)
	} else {
		clean, changed = e.member(s.key, text, s.start)
	}
	if !changed {
		return raw
	}
	return []byte(`"` + jsonEscape(string(clean), false) + `"`)
}

// jsonScalars lists the strings (keys too) and numbers of valid JSON in order.
func jsonScalars(b []byte) []jsonScalar {
	var list []jsonScalar
	stack := []jsonFrame{{}}
	for at := 0; at < len(b); {
		top := &stack[len(stack)-1]
		switch c := b[at]; {
		case c == '{' || c == '[':
			stack = append(stack, openFrame(top, c == '{', len(list)))
			at++
		case c == '}' || c == ']':
			if closed := *top; len(stack) > 1 {
				stack = stack[:len(stack)-1]
				closeFrame(b, list, closed, &stack[len(stack)-1])
			}
			at++
		case c == ',':
			top.wantMember = top.object
			at++
		case c == '"' || isDigit(c) || c == '-':
			end := jsonEnd(b, at)
			s := jsonScalar{start: at, end: end}
			if top.wantMember {
				top.wantMember, top.key = false, jsonKey(b[at:end])
			} else {
				top.place(&s, b[at:end], len(list))
				top.own = append(top.own, len(list))
			}
			list = append(list, s)
			at = end
		default:
			at++
		}
	}
	for len(stack) > 1 { // cut off
		closed := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		closeFrame(b, list, closed, &stack[len(stack)-1])
	}
	return list
}

// jsonKey is a member's name without its escapes.
func jsonKey(raw []byte) []byte {
	var name string
	if bytes.IndexByte(raw, '\\') >= 0 && json.Unmarshal(raw, &name) == nil {
		return []byte(name)
	}
	return unquoted(raw)
}

// unquoted is a string as it stands; of one that is cut off, what there is.
func unquoted(raw []byte) []byte {
	raw = bytes.TrimPrefix(raw, []byte{'"'})
	return bytes.TrimSuffix(raw, []byte{'"'})
}

func openFrame(parent *jsonFrame, object bool, scalars int) jsonFrame {
	f := jsonFrame{object: object, wantMember: object, from: scalars}
	if parent.class != nil && isName(parent.key, valueNames) {
		f.class = parent.class
	}
	f.dataDepth = object && (string(parent.key) == "data" || string(parent.key) == "stringData")
	if c := classify(parent.key); c != nil && c.strength != nameKey {
		f.class = c
	}
	if f.within = parent.within; f.class != nil {
		f.within = f.class
	} else if parent.class != nil {
		f.within = parent.class
	}
	f.all = object && isName(parent.key, secretMaps)
	if !object && parent.class != nil && !parent.object {
		f.class = parent.class
	}
	return f
}

// place decides what the scalar's neighbours say about it.
func (f *jsonFrame) place(s *jsonScalar, raw []byte, index int) {
	s.key = f.key
	if c := classify(f.key); c != nil && c.strength != nameKey {
		s.class = c
	}
	switch {
	case !f.object:
		s.class = f.class
		if f.option != nil && !bytes.HasPrefix(raw, []byte(`"-`)) {
			s.class = f.option
		}
		f.option = optionClass(bytes.Trim(raw, `"`))
		value := unquoted(raw)
		if c := classify(f.before); s.class == nil && c != nil && c.strength != nameKey && c.implies(nil, value) {
			s.class = c
		}
		f.before = value
	case f.all && s.class == nil && raw[0] == '"' && !isName(f.key, nameNames):
		s.class = secretMember
	case isName(f.key, valueNames) || f.class != nil && isTrailer(bytes.ToLower(f.key)):
		if f.class != nil {
			s.class = f.class
		}
		f.values = append(f.values, index)
	case isName(f.key, nameNames) && raw[0] == '"':
		if c := classify(unquoted(raw)); c != nil && c.strength != nameKey {
			f.named = c
		}
	case string(f.key) == "kind" && string(raw) == `"Secret"`:
		f.secret = true
	case string(f.key) == "kty":
		f.jwk = true
	}
	if s.class == nil && f.within != nil && raw[0] == '"' && f.within.implies(f.key, unquoted(raw)) && !isUserKey(f.key) {
		s.class = f.within.inner()
	}
}

// isUserKey reports whether a key names a user, or the name of a thing.
func isUserKey(key []byte) bool {
	c := classify(key)
	return isName(key, nameNames) || c != nil && c.strength == nameKey
}

// privateMembers are those of a JSON web key that must not be known.
var privateMembers = wordSet("d p q dp dq qi k oth")

var jwkMember = &keyClass{ending: "jwk", rule: "jwk", strength: sureKey}

// closeFrame applies what was learned only at the object's end: names may stand behind values.
func closeFrame(b []byte, list []jsonScalar, f jsonFrame, parent *jsonFrame) {
	if f.jwk {
		for _, i := range f.own {
			if privateMembers[string(list[i].key)] {
				list[i].class = jwkMember
			}
		}
	}
	if !f.object && len(f.own) > 1 && len(f.own) <= maxArguments {
		words := make([]argument, len(f.own))
		for n, i := range f.own {
			words[n].text = unquoted(b[list[i].start:list[i].end])
		}
		for _, s := range programArguments(words) {
			list[f.own[s.word]].part = s
		}
	}
	if f.named != nil {
		for _, i := range f.values {
			list[i].class = f.named
		}
	}
	if f.dataDepth {
		parent.from, parent.to = f.from, len(list)
	}
	if f.secret {
		for i := f.from; i < f.to; i++ {
			if list[i].key != nil {
				list[i].class = kubernetesSecret
			}
		}
	}
}

// maxArguments bounds an array that is read as a command line, in words.
const maxArguments = 500

// jsonEnd returns the end of the string or number at from.
func jsonEnd(b []byte, from int) int {
	if b[from] != '"' {
		at := from + 1
		for at < len(b) && (isDigit(b[at]) || b[at] == '.' || b[at] == '+' || b[at] == '-' || b[at]|0x20 == 'e') {
			at++
		}
		return at
	}
	for at := from + 1; at < len(b); at++ {
		switch b[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(b)
}
