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
	all        bool      // a map of names to secrets
}

// secretMaps are the members that hold names and their secrets.
var secretMaps = wordSet(`secrets passwords`)

var secretMember = &keyClass{ending: "secrets", rule: "secret", strength: sureKey}

var kubernetesSecret = &keyClass{ending: "data", rule: "kubernetes-secret", strength: sureKey}

// json scrubs JSON by its structure; what is not valid is scrubbed as text.
func (e *engine) json(b []byte) []byte {
	if !validJSON(b) {
		return e.textAll(b)
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
	if s.class != nil {
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
			closed := *top
			stack = stack[:len(stack)-1]
			closeFrame(list, closed, &stack[len(stack)-1])
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
			}
			list = append(list, s)
			at = end
		default:
			at++
		}
	}
	return list
}

// jsonKey is a member's name without its escapes.
func jsonKey(raw []byte) []byte {
	var name string
	if bytes.IndexByte(raw, '\\') >= 0 && json.Unmarshal(raw, &name) == nil {
		return []byte(name)
	}
	return raw[1 : len(raw)-1]
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
	case f.all && s.class == nil && raw[0] == '"' && !isName(f.key, nameNames):
		s.class = secretMember
	case isName(f.key, valueNames) || f.class != nil && isTrailer(bytes.ToLower(f.key)):
		if f.class != nil {
			s.class = f.class
		}
		f.values = append(f.values, index)
	case isName(f.key, nameNames) && raw[0] == '"':
		if c := classify(raw[1 : len(raw)-1]); c != nil && c.strength != nameKey {
			f.named = c
		}
	case string(f.key) == "kind" && string(raw) == `"Secret"`:
		f.secret = true
	}
}

// closeFrame applies what was learned only at the object's end: names may stand behind values.
func closeFrame(list []jsonScalar, f jsonFrame, parent *jsonFrame) {
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
