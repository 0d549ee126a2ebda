package redact

import (
	"bytes"
	"regexp"
)

// opening tells that a line ends where a secret begins: the next lines hold it.
type opening struct {
	rule   string // of the key; "" when nothing is open
	until  opened
	prefix []byte // what a log writes before each of its lines
	indent int    // blanks before the key
	data   bool   // in the data of a Kubernetes Secret
	lines  int    // that were taken
	prompt []byte // what stands before the name in its line: the next may answer
	class  *keyClass
}

type opened uint8

const (
	atWordEnd    opened = iota // the first word of the next line, after a backslash
	atTag                      // the next line, in an element that holds it alone
	atApostrophe               // up to the closing quote, within maxQuoted lines
	atQuote
	atDedent    // the lines that are indented deeper than the key
	atChildren  // likewise, when they look like secrets
	atValue     // the value in the next line, after the name in this one
	atItem      // the next item of a list
	atAnswer    // the next line is nothing but the secret
	atLastWord  // the last word of the next line
	atEndOfKind // the members of data of a Kubernetes Secret
)

const (
	// maxQuoted bounds a value in quotes, in lines: an apostrophe may never be closed.
	maxQuoted = 20
	// maxOpen bounds what is taken for the lines of one value.
	maxOpen = 1000
)

var (
	backslashRE = regexp.MustCompile(`(?:([A-Za-z0-9_.-]+)\s*[=:]|\s(--?[A-Za-z][A-Za-z0-9_.-]+))\s*\\\s*$`)
	elementRE   = regexp.MustCompile(`<([A-Za-z0-9_:.-]+)(?:\s[^<>]*)?>\s*$`)
	nameAttrRE  = regexp.MustCompile(`\s(?:name|key)\s*=\s*["']([^"']+)["']`)
	assignedRE  = regexp.MustCompile(`^\s*(?:(?:export|set|local|declare -x)\s+)?([A-Za-z_][A-Za-z0-9_]*)=(["'])(.*)$`)
	keyAtEndRE  = regexp.MustCompile(`^(.*?)(\s*)(?:-\s+)?["'{\[\s]*([\p{L}\d_.-]+)["']?\s*:\s*(?:([|>])[0-9+-]*|[\[{])?\s*$`)
	nameLineRE  = regexp.MustCompile(`^(.*?)[\s{-]*(?:["']?\b(?:name|key|id|property)["']?\s*[:=]\s*["']?([\w.-]+)["']?,?|<(?:name|param-name|key|string)>\s*([\w.-]+)\s*</[\w-]+>)\s*$`)
	valueLineRE = regexp.MustCompile(`^[\s,-]*(?:["']?value["']?\s*[:=]\s*["']?(.*?)["']?,?|<(?:value|param-value|string)[^<>]*>([^<]*)</[\w-]+>)\s*$`)
	itemLineRE  = regexp.MustCompile(`^(.*?)\s*-\s+["']?([\w.-]+)["']?\s*$`)
	yamlLineRE  = regexp.MustCompile(`^(?:#|-(?:\s|$)|["']?[\w./-]+["']?\s*:(?:\s|$))`)
	memberRE    = regexp.MustCompile(`^(\s*)["']?([\w.-]+)["']?\s*:\s*(.*?),?\s*$`)
)

// opens tells what a line leaves open.
func opens(line []byte) opening {
	end := trimEnd(line, 0, len(line))
	if end == 0 || end > maxField {
		return opening{}
	}
	switch last := line[end-1]; {
	case last == '\\':
		if m := backslashRE.FindSubmatch(line); m != nil {
			return openedBy(append(m[1], m[2]...), atWordEnd)
		}
	case last == '>' && !bytes.HasSuffix(line[:end], []byte(": >")):
		if o := opensElement(line); o.rule != "" {
			return o
		}
	}
	if bytes.IndexByte(line, '=') < 0 {
		return opensLines(line)
	}
	if m := assignedRE.FindSubmatch(line); m != nil && closingQuote(m[3], 0, m[2][0], 0) < 0 {
		if m[2][0] == '"' {
			return openedBy(m[1], atQuote)
		}
		return openedBy(m[1], atApostrophe)
	}
	return opensLines(line)
}

// closed are the signs with which no line ends that opensLines knows: above all that of a frame of a stack.
var closed = []byte(")];(}!?*%&#@~^$/<=`")

// opensLines reads a line of YAML or JSON that a log may have written.
func opensLines(line []byte) opening {
	if end := len(bytes.TrimRight(line, " \t\r\n\f")); end == 0 || bytes.IndexByte(closed, line[end-1]) >= 0 {
		return opening{}
	}
	if m := keyAtEndRE.FindSubmatchIndex(line); m != nil && !isClassName(line[m[6]:m[7]]) {
		until := atChildren
		if m[8] >= 0 {
			until = atDedent
		}
		o := openedBy(line[m[6]:m[7]], until)
		o.prefix, o.indent, o.prompt = prefixOf(line[m[2]:m[3]]), m[5]-m[4], prefixOf(line[:m[6]])
		if o.rule == "" && m[8] < 0 {
			return opensAnswer(line)
		}
		return o
	}
	if m := yamlSecretRE.FindIndex(line); m != nil {
		return opening{rule: "kubernetes-secret", until: atEndOfKind}
	}
	if i := bytes.Index(line, []byte("kind: Secret")); i >= 0 && trimEnd(line, 0, len(line)) == i+len("kind: Secret") {
		return opening{rule: "kubernetes-secret", until: atEndOfKind, prefix: prefixOf(bytes.TrimRight(line[:i], " "))}
	}
	if bytes.HasSuffix(bytes.TrimSpace(line), []byte("UGFzc3dvcmQ6")) { // "Password:", asked by a mail server
		return opening{rule: "protocol", until: atLastWord}
	}
	if m := nameLineRE.FindSubmatch(line); m != nil {
		o := openedBy(append(m[2], m[3]...), atValue)
		o.prefix = prefixOf(bytes.TrimRight(m[1], " "))
		return o
	}
	if m := itemLineRE.FindSubmatch(line); m != nil {
		o := openedBy(m[2], atItem)
		o.prefix = prefixOf(m[1])
		return o
	}
	return opening{}
}

// maxPromptWords is how far a prompt's last word stands from the name of what it asks for: password for bob at db.
const maxPromptWords = 5

// opensAnswer reads a prompt that ends in other words than the name of the secret.
func opensAnswer(line []byte) opening {
	end := len(bytes.TrimRight(line, " \t:"))
	for range maxPromptWords {
		start := bytes.LastIndexByte(line[:end], ' ') + 1
		one, two := line[start:end], line[bytes.LastIndexByte(line[:max(0, start-1)], ' ')+1:end]
		for _, name := range [][]byte{one, two} {
			name = bytes.Trim(name, `"'()[]`)
			if c := classify(name); c != nil && c.strength >= weakKey && c.strength != nameKey && !isClassName(name) {
				o := openedBy(name, atAnswer)
				o.prompt = prefixOf(line[:start])
				return o
			}
		}
		if end = trimEnd(line, 0, start); end == 0 {
			break
		}
	}
	return opening{}
}

// answer returns the bounds of the secret in a line that holds nothing else after what a log wrote before the prompt too.
func (o *opening) answer(line []byte) (start, stop int) {
	if o.class == nil || o.class.strength < weakKey || o.until != atChildren && o.until != atAnswer || bytes.Contains(line, []byte(markerStart)) {
		return 0, 0
	}
	for head := o.prompt; ; head = head[:bytes.LastIndexByte(bytes.TrimRight(head, " "), ' ')+1] {
		if start = afterPrefix(line, head); start >= 0 {
			start += len(line[start:]) - len(bytes.TrimLeft(line[start:], " \t\"'"))
			stop = len(bytes.TrimRight(line, " \t\"'\r"))
			if v := line[start:max(start, stop)]; !bytes.ContainsAny(v, " =(") && (looksGenerated(v) && bytes.ContainsAny(v, "0123456789") || o.class.strength == sureKey && looksChosen(v)) {
				return start, stop
			}
		}
		if len(head) == 0 {
			return 0, 0
		}
	}
}

func prefixOf(b []byte) []byte {
	if len(b) > maxPrefix {
		return nil
	}
	return bytes.Clone(b)
}

func opensElement(line []byte) opening {
	m := elementRE.FindSubmatchIndex(line)
	if m == nil {
		return opening{}
	}
	o := openedBy(localName(line[m[2]:m[3]]), atTag)
	if named := nameAttrRE.FindSubmatch(line[m[0]:]); o.rule == "" && named != nil {
		o = openedBy(named[1], atTag)
	}
	o.prefix = prefixOf(bytes.TrimRight(line[:m[0]], " \t"))
	return o
}

func openedBy(key []byte, until opened) opening {
	if c := classify(key); c != nil && c.strength != nameKey {
		return opening{rule: c.rule, until: until, class: c}
	}
	return opening{}
}

// goesOn finds what the lines at at hold of the secret that is open, and returns where to look on.
func (e *engine) goesOn(block []byte, at int, spans []found) ([]found, int) {
	o := e.opened
	if o.rule == "" || at >= len(block) {
		return spans, at
	}
	e.opened = opening{}
	switch o.until {
	case atApostrophe, atQuote:
		return e.quotedLines(block, at, o, spans), at
	case atDedent, atEndOfKind:
		return e.openLines(block, at, o, spans)
	}
	_, end := lineAround(block, at)
	line := block[at:end]
	if start, stop := o.answer(line); start < stop {
		return e.open(block, at+start, at+stop, o.rule, spans), at
	}
	switch o.until {
	case atChildren:
		return e.openLines(block, at, o, spans)
	case atAnswer:
		return spans, at
	}
	start := afterPrefix(line, o.prefix)
	if start < 0 {
		return spans, at
	}
	if start, stop := o.inLine(line, start); start < stop && !isPlaceholder(line[start:stop]) && !isMarked(line[start:stop]) {
		f := secretAt(at+start, at+stop, o.rule, true)
		e.note(block, f)
		return append(spans, f), at
	}
	return spans, at
}

// inLine returns the bounds of the secret in the line after the one that opened it.
func (o *opening) inLine(line []byte, from int) (start, stop int) {
	start = from + len(line[from:]) - len(bytes.TrimLeft(line[from:], " \t\""))
	stop = trimEnd(line, start, len(line))
	switch o.until {
	case atWordEnd:
		if n := bytes.IndexAny(line[start:stop], " \t\""); n >= 0 {
			stop = start + n
		}
	case atTag:
		if start < stop && line[start] == '<' {
			return valueInLine(line, from)
		}
	case atLastWord:
		start = bytes.LastIndexByte(line[:stop], ' ') + 1
		if len(bytes.Trim(line[start:stop], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")) > 0 {
			return 0, 0
		}
	case atValue:
		return valueInLine(line, from)
	case atItem:
		m := itemLineRE.FindSubmatchIndex(line[from:])
		if m == nil || !o.class.implies(nil, line[from+m[4]:from+m[5]]) {
			return 0, 0
		}
		start, stop = from+m[4], from+m[5]
	}
	return start, stop
}

// valueInLine returns the bounds of what follows "value:", or stands in an element of that name.
func valueInLine(line []byte, from int) (start, stop int) {
	m := valueLineRE.FindSubmatchIndex(line[from:])
	if m == nil {
		return 0, 0
	}
	if start, stop = m[2], m[3]; start < 0 {
		start, stop = m[4], m[5]
	}
	return start + from, stop + from
}

// openLines finds the secrets in the lines that belong to the key, those of the rules too, and returns where they end. At
// the end of the block the key stays open.
func (e *engine) openLines(block []byte, at int, o opening, spans []found) ([]found, int) {
	for ; at < len(block) && o.lines < maxOpen; o.lines++ {
		_, end := lineAround(block, at)
		line := block[at:end]
		from := afterPrefix(line, o.prefix)
		if from < 0 || opensPEM(line) {
			return spans, at
		}
		rest := line[from:]
		indent := len(rest) - len(bytes.TrimLeft(rest, " \t"))
		body := bytes.TrimSpace(rest)
		switch {
		case len(body) == 0 && (o.until == atDedent || o.until == atEndOfKind):
		case len(body) == 0, bytes.HasPrefix(body, []byte("---")):
			return spans, at
		case o.until == atEndOfKind && indent == 0 && !yamlLineRE.Match(body):
			return spans, at
		case o.until == atEndOfKind:
			if indent == 0 || o.data && indent <= o.indent {
				o.data = bytes.HasPrefix(body, []byte("data:")) || bytes.HasPrefix(body, []byte("stringData:"))
				o.indent = indent
			} else if bytes.HasSuffix(body, []byte("ata:")) {
				o.data, o.indent = true, indent
			} else if m := memberRE.FindSubmatchIndex(rest); m != nil && o.data {
				spans = e.open(block, at+from+m[6], at+from+m[7], o.rule, spans)
			}
		case indent < o.indent || indent == o.indent && body[0] != '-':
			return spans, at
		case o.until == atDedent:
			spans = e.open(block, at+from+indent, at+trimEnd(line, 0, len(line)), o.rule, spans)
		default:
			if start, stop := childValue(rest, o.class); start < stop {
				spans = e.open(block, at+from+start, at+from+stop, o.rule, spans)
			}
		}
		spans = e.findLine(line, 0, spans, at)
		at = min(end+1, len(block))
	}
	if at >= len(block) && o.lines < maxOpen {
		e.opened = o
	}
	return spans, at
}

// quotedAloneRE is a value that JSON or YAML writes into the line after its name.
var quotedAloneRE = regexp.MustCompile(`^\s*"([^"\s]{6,})",?\s*$`)

// childValue returns the bounds of an item or a member that looks like a secret.
func childValue(line []byte, class *keyClass) (start, stop int) {
	var key []byte
	if m := quotedAloneRE.FindSubmatchIndex(line); m != nil {
		return m[2], m[3]
	}
	start, stop = 0, trimEnd(line, 0, len(line))
	if m := memberRE.FindSubmatchIndex(line); m != nil {
		if isUserKey(line[m[4]:m[5]]) {
			return 0, 0
		}
		key, start, stop = line[m[4]:m[5]], m[6], m[7]
	}
	for start < stop && bytes.IndexByte([]byte(" \t-\"'[,"), line[start]) >= 0 {
		start++
	}
	for start < stop && bytes.IndexByte([]byte(" \t\"',]}"), line[stop-1]) >= 0 {
		stop--
	}
	if v := line[start:stop]; bytes.IndexByte(v, ' ') >= 0 || bytes.IndexByte(v, '(') >= 0 || !class.implies(key, v) {
		return 0, 0
	}
	return start, stop
}

func (e *engine) open(block []byte, start, stop int, rule string, spans []found) []found {
	v := block[start:max(start, stop)]
	if isPlaceholder(v) || isMarked(v) {
		return spans
	}
	f := secretAt(start, stop, rule, true)
	e.note(block, f)
	return append(spans, f)
}

// quotedLines finds the lines of a value in quotes whose first line was handled by the rules.
func (e *engine) quotedLines(block []byte, at int, o opening, spans []found) []found {
	quote := byte('"')
	if o.until == atApostrophe {
		quote = '\''
	}
	first := len(spans)
	for range maxQuoted {
		if at >= len(block) {
			break
		}
		_, end := lineAround(block, at)
		line := block[at:end]
		close := closingQuote(line, 0, quote, 0)
		stop := trimEnd(line, 0, len(line))
		if close >= 0 {
			stop = close
		}
		if stop > 0 && !isPlaceholder(line[:stop]) {
			spans = append(spans, secretAt(at, at+stop, o.rule, false))
		}
		if close >= 0 {
			return spans
		}
		at = end + 1
	}
	return spans[:first] // never closed: an apostrophe
}
