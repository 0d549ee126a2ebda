package redact

import (
	"bytes"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// part is a piece of XML that holds text: an attribute's value, or what stands between tags.
type part struct {
	kind       partKind
	start, end int
	key        []byte    // an attribute's name or the element's
	class      *keyClass // what names around it say
}

type partKind int

const (
	attribute partKind = iota
	charData
	cdata
	comment
	other // declarations and processing instructions
)

var xmlAttrEscape = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `"`, `&quot;`, `'`, `&apos;`, "\n", "&#10;", "\t", "&#9;", "\r", "&#13;")

func unescapeXML(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	return html.UnescapeString(s)
}

// xml scrubs XML by its structure. What is not well-formed is scrubbed as text in addition.
func (e *engine) xml(b []byte) []byte {
	out := e.xmlParts(b)
	if !wellFormed(b) {
		return e.textAll(out)
	}
	return out
}

func (e *engine) xmlParts(b []byte) []byte {
	out := make([]byte, 0, len(b))
	at := 0
	entities := secretEntities(b)
	scanXML(b, func(p part) {
		out = append(out, b[at:p.start]...)
		if p.kind == other {
			if start, end := entityValue(b[p.start:p.end], entities); start < end {
				secret, _ := e.secretScalar(entityClass, b[p.start+start:p.start+end], p.start+start)
				out = append(append(append(out, b[p.start:p.start+start]...), secret...), b[p.start+end:p.end]...)
				at = p.end
				return
			}
		}
		out = append(out, e.xmlPart(b, p)...)
		at = p.end
	})
	return append(out, b[at:]...)
}

var (
	entityRE      = regexp.MustCompile(`(?:^|<!)ENTITY\s+(?:%\s+)?([\w.-]+)\s+(?:"([^"]*)"|'([^']*)')`)
	entityRefRE   = regexp.MustCompile(`&([A-Za-z_][\w.-]*);`)
	entityClass   = &keyClass{ending: "entity", rule: "xml", strength: sureKey}
	entityMention = []byte("ENTITY")
)

// secretEntities lists the entities that stand where a secret does.
func secretEntities(b []byte) map[string]bool {
	if !bytes.Contains(b, entityMention) {
		return nil
	}
	names := map[string]bool{}
	scanXML(b, func(p part) {
		c := p.class
		if c == nil {
			c = classify(p.key)
		}
		if c == nil || c.strength == nameKey {
			return
		}
		for _, m := range entityRefRE.FindAllSubmatch(b[p.start:p.end], -1) {
			names[string(m[1])] = true
		}
	})
	return names
}

// entityValue returns the bounds of the value that a declaration gives to a secret entity.
func entityValue(declaration []byte, secret map[string]bool) (start, end int) {
	m := entityRE.FindSubmatchIndex(declaration)
	if m == nil || !secret[string(declaration[m[2]:m[3]])] && !isSecretWord(declaration[m[2]:m[3]]) {
		return 0, 0
	}
	if start, end = m[4], m[5]; start < 0 {
		start, end = m[6], m[7]
	}
	if v := declaration[start:end]; isPlaceholder(v) || isMarked(v) {
		return 0, 0
	}
	return start, end
}

func (e *engine) xmlPart(b []byte, p part) []byte {
	raw := b[p.start:p.end]
	if len(bytes.TrimSpace(raw)) == 0 {
		return raw
	}
	switch p.kind {
	case comment:
		base := e.base
		e.base += p.start
		inner := e.xmlParts(raw)
		e.base = base
		return inner
	case other:
		text, _ := e.scalar(raw, p.start)
		return text
	}
	text := raw
	if p.kind != cdata {
		text = []byte(unescapeXML(string(raw)))
	}
	var clean []byte
	var changed bool
	if p.class != nil {
		clean, changed = e.secretScalar(p.class, text, p.start)
	} else {
		clean, changed = e.member(p.key, text, p.start)
	}
	switch {
	case !changed:
		return raw
	case p.kind == attribute:
		return []byte(xmlAttrEscape.Replace(string(clean)))
	case p.kind == charData:
		return []byte(xmlText.Replace(string(clean)))
	}
	return bytes.ReplaceAll(clean, []byte("]]>"), []byte("]]]]><![CDATA[>"))
}

func wellFormed(b []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for n := 0; ; n++ {
		if _, err := d.RawToken(); err != nil {
			return errors.Is(err, io.EOF) && n > 0
		}
	}
}

const maxDepth = 10000 // elements inside each other; deeper ones inherit nothing

// xmlScanner reads tags without judging them.
type xmlScanner struct {
	b       []byte
	report  func(part)
	stack   []xmlElement
	sibling *keyClass // what <name>...</name> said about the <value> to come
}

type xmlElement struct {
	name   []byte
	class  *keyClass // of its text
	within *keyClass // what an element further out says
}

// stringNames are elements of which one may be the key of the next: <string>password</string><string>X</string>.
var stringNames = wordSet("string str")

// wrapNames are elements that only hold the value of the element around them.
var wrapNames = wordSet("constructor-arg argument arg list set array plain plaintext item element string str util:constant")

func scanXML(b []byte, report func(part)) {
	s := xmlScanner{b: b, report: report}
	for at := 0; at < len(b); {
		lt := bytes.IndexByte(b[at:], '<')
		if lt < 0 {
			s.text(charData, at, len(b))
			return
		}
		s.text(charData, at, at+lt)
		at = s.markup(at + lt)
	}
}

// markup reads what starts with < at from and returns where it ends.
func (s *xmlScanner) markup(from int) int {
	rest := s.b[from:]
	for _, m := range []struct {
		open, close string
		kind        partKind
	}{{"<!--", "-->", comment}, {"<![CDATA[", "]]>", cdata}, {"<?", "?>", other}, {"<!", ">", other}} {
		if !bytes.HasPrefix(rest, []byte(m.open)) {
			continue
		}
		start, end := from+len(m.open), len(s.b)
		n := bytes.Index(s.b[start:], []byte(m.close))
		if n >= 0 {
			end = start + n
		} else if m.kind == comment {
			m.kind = other // no end: not looked into, so that comments do not nest
		}
		if m.kind == cdata {
			s.text(cdata, start, end)
		} else {
			s.report(part{kind: m.kind, start: start, end: end})
		}
		return min(end+len(m.close), len(s.b))
	}
	if len(rest) > 1 && rest[1] == '/' {
		return s.endTag(from)
	}
	return s.startTag(from)
}

func (s *xmlScanner) endTag(from int) int {
	if n := len(s.stack); n > 0 {
		s.stack = s.stack[:n-1]
	}
	if n := bytes.IndexByte(s.b[from:], '>'); n >= 0 {
		return from + n + 1
	}
	return len(s.b)
}

func (s *xmlScanner) text(kind partKind, start, end int) {
	if start >= end {
		return
	}
	p := part{kind: kind, start: start, end: end}
	if n := len(s.stack); n > 0 {
		top := s.stack[n-1]
		p.key, p.class = top.name, top.class
		if p.class == nil && top.within != nil && top.within.implies(top.name, bytes.TrimSpace(s.b[start:end])) && !isUserKey(top.name) {
			p.class = top.within.inner()
		}
		if isName(top.name, nameNames) || endsIn(top.name, "-name") || isName(top.name, stringNames) || n > 1 && isName(top.name, valueNames) && isName(s.stack[n-2].name, nameNames) {
			if c := classify(bytes.TrimSpace(s.b[start:end])); c != nil && c.strength != nameKey {
				s.sibling = c
			} else if len(bytes.TrimSpace(s.b[start:end])) > 0 {
				s.sibling = nil
			}
		}
	}
	s.report(p)
}

func (s *xmlScanner) startTag(from int) int {
	at := from + 1
	for at < len(s.b) && !isSpace(s.b[at]) && s.b[at] != '>' && s.b[at] != '/' && s.b[at] != '<' {
		at++
	}
	name := s.b[from+1 : at]
	if len(name) == 0 || !isLetter(name[0]) && name[0] != '_' && name[0] < utf8.RuneSelf {
		return max(at, from+1) // a bare <
	}
	attrs, at, closed := s.attributes(at)
	element := xmlElement{name: localName(name)}
	element.class = s.elementClass(element.name)
	if n := len(s.stack); n > 0 {
		if element.within = s.stack[n-1].within; s.stack[n-1].class != nil {
			element.within = s.stack[n-1].class
		}
	}
	var named *keyClass
	for _, a := range attrs {
		if c := classify(bytes.TrimSpace(s.b[a.start:a.end])); isName(a.key, nameNames) && c != nil && c.strength != nameKey {
			named = c
		}
	}
	if named != nil {
		element.class = named
	}
	for _, a := range attrs {
		if named != nil && isName(a.key, valueNames) || element.class != nil && isName(a.key, valueNames) {
			a.class = element.class
		}
		s.report(a)
	}
	if !closed && len(s.stack) < maxDepth {
		s.stack = append(s.stack, element)
	}
	return at
}

// elementClass says what an element's name, or the name next to it, or its parent, tell about its text.
func (s *xmlScanner) elementClass(name []byte) *keyClass {
	if c := classify(name); c != nil && c.strength != nameKey {
		return c
	}
	value := isName(name, valueNames) || endsIn(name, "-value") || isName(name, stringNames)
	if c := s.sibling; c != nil && value {
		s.sibling = nil
		if isName(name, stringNames) {
			return &keyClass{ending: c.ending, rule: c.rule, strength: likelyKey}
		}
		return c
	}
	if n := len(s.stack); n > 0 && (value || isName(name, wrapNames)) {
		return s.stack[n-1].class
	}
	return nil
}

// attributes reads a start tag's attributes. closed: the tag ends with />.
func (s *xmlScanner) attributes(at int) (attrs []part, end int, closed bool) {
	b := s.b
	for at < len(b) {
		for at < len(b) && isSpace(b[at]) {
			at++
		}
		if at >= len(b) || b[at] == '<' {
			return attrs, at, false
		}
		if b[at] == '>' {
			return attrs, at + 1, at > 0 && b[at-1] == '/'
		}
		start := at
		for at < len(b) && !isSpace(b[at]) && b[at] != '=' && b[at] != '>' && b[at] != '<' && b[at] != '"' && b[at] != '\'' {
			at++
		}
		key := localName(b[start:at])
		for at < len(b) && isSpace(b[at]) {
			at++
		}
		if at < len(b) && b[at] == '=' {
			at++
			for at < len(b) && isSpace(b[at]) {
				at++
			}
		}
		if at < len(b) && (b[at] == '"' || b[at] == '\'') {
			n := bytes.IndexByte(b[at+1:], b[at])
			if n < 0 {
				return append(attrs, part{kind: attribute, start: at + 1, end: len(b), key: key}), len(b), false
			}
			attrs = append(attrs, part{kind: attribute, start: at + 1, end: at + 1 + n, key: key})
			at += n + 2
		}
	}
	return attrs, at, false
}

func endsIn(name []byte, end string) bool { return bytes.HasSuffix(bytes.ToLower(name), []byte(end)) }

func localName(name []byte) []byte { return name[bytes.LastIndexByte(name, ':')+1:] }

// xmlInText finds secrets in XML that stands in one line of a text.
func xmlInText(line []byte, report func(found)) {
	if bytes.IndexByte(line, '<') < 0 || bytes.IndexByte(line, '>') < 0 {
		return
	}
	scanXML(line, func(p part) {
		if p.kind == comment {
			xmlInText(line[p.start:p.end], func(f found) {
				f.start, f.end = f.start+p.start, f.end+p.start
				report(f)
			})
			return
		}
		class := p.class
		if class == nil && p.kind == attribute {
			class = classify(p.key)
		}
		if class == nil || class.strength == nameKey || isPlaceholder(line[p.start:p.end]) {
			return
		}
		if p.kind == charData && !bytes.HasPrefix(line[p.end:], []byte("</")) {
			return // Map<Token, X> is no element
		}
		if v := line[p.start:p.end]; isNumber(v) && len(v) <= 3 || !class.believes(v) {
			return
		}
		report(secretAt(p.start, p.end, class.rule, true))
	})
}
