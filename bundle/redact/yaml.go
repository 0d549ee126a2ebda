package redact

import (
	"bytes"
	"regexp"
)

// yamlScan scrubs YAML line by line with what indentation tells. It does not build a tree: comments, order
// and style of everything that is kept stay as they are.
type yamlScan struct {
	e        *engine
	out      []byte
	parents  []yamlParent
	named    *keyClass // what "name: X" says about the "value:" in the same column
	namedCol int
	secret   bool      // in a Kubernetes Secret
	option   *keyClass // of the list item before: "- --password"
	items    []argument
	aliases  map[string]bool // anchors whose value is used as a secret
	complex  *keyClass       // of a key that was written as "? key"
	column   int             // of that key
}

// yamlParent is a key whose value starts on a later line.
type yamlParent struct {
	column int
	class  *keyClass
	all    bool // every scalar below is secret
}

var (
	yamlKeyRE    = regexp.MustCompile(`^(\s*(?:-\s+)*)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#"'\[\]{},&*!|>%@` + "`" + `-][^#]*?|-[^\s#][^#]*?)\s*:(\s+|$)`)
	yamlItemRE   = regexp.MustCompile(`^(\s*(?:-\s+)+)`)
	yamlTagRE    = regexp.MustCompile(`^(?:[!&][^\s]*\s+)+`)
	yamlBlockRE  = regexp.MustCompile(`^[|>][0-9+-]*\s*(?:#.*)?$`)
	yamlAliasRE  = regexp.MustCompile(`["']?([\p{L}\d_.-]+)["']?\s*:\s+\*([^\s,\]}]+)`)
	yamlAnchorRE = regexp.MustCompile(`&([^\s,\[\]{}]+)`)
	yamlAskRE    = regexp.MustCompile(`^(\s*(?:-\s+)*)\?\s+(.+?)\s*$`)
	yamlAnswerRE = regexp.MustCompile(`^(\s*):\s+`)
	yamlSecretRE = regexp.MustCompile(`(?m)^\s*(?:-\s+)?kind:\s*["']?Secret["']?\s*$`)
)

func (e *engine) yaml(b []byte) []byte {
	y := &yamlScan{e: e, secret: yamlSecretRE.Match(b), aliases: secretAliases(b)}
	for at := 0; at < len(b); {
		at = y.line(b, at)
	}
	e.inPEM = false
	return y.out
}

// line handles the line at from, and the lines that continue its value. It returns where the next starts.
func (y *yamlScan) line(b []byte, from int) int {
	_, end := lineAround(b, from)
	line := bytes.TrimSuffix(b[from:end], []byte("\r"))
	if next, ok := y.complexKey(b, from, line); ok {
		return next
	}
	m := yamlKeyRE.FindSubmatchIndex(line)
	if m == nil {
		return y.plainLine(b, from, line)
	}
	column := m[3]
	y.items = y.items[:0]
	key := bytes.Trim(line[m[4]:m[5]], `"'`)
	y.leave(column)
	class := y.classOf(key, column)
	if class == nil && string(key) == "value" {
		class = nameBehind(b, next(b, end), column)
	}
	start := m[1]
	if t := yamlTagRE.Find(line[start:]); t != nil {
		start += len(t)
		if a := yamlAnchorRE.FindSubmatch(t); class == nil && a != nil && y.aliases[string(a[1])] {
			class = aliasClass
		}
	}
	value := line[start:]
	if class == nil && y.within() != nil && !isUserKey(key) && y.within().implies(key, bytes.Trim(bytes.TrimSpace(value), `"'`)) {
		class = y.within().inner()
	}
	switch {
	case len(bytes.TrimSpace(value)) == 0 || value[0] == '#':
		all := y.secret && (string(key) == "data" || string(key) == "stringData")
		y.parents = append(y.parents, yamlParent{column, class, all})
		y.out = append(y.out, line[:start]...)
		y.text(b, from+start, next(b, end))
		return next(b, end)
	case yamlBlockRE.Match(value):
		stop := deeper(b, next(b, end), column)
		y.out = append(y.out, b[from:next(b, end)]...)
		y.block(b, next(b, end), stop, class)
		return stop
	}
	y.remember(key, value, column)
	y.out = append(y.out, line[:start]...)
	return y.value(b, from+start, column, class, key)
}

var aliasClass = &keyClass{ending: "alias", rule: "password", strength: sureKey}

// secretAliases lists the anchors that a secret key refers to.
func secretAliases(b []byte) map[string]bool {
	if bytes.IndexByte(b, '*') < 0 || bytes.IndexByte(b, '&') < 0 {
		return nil
	}
	names := map[string]bool{}
	for _, m := range yamlAliasRE.FindAllSubmatch(b, -1) {
		if isSecretWord(m[1]) {
			names[string(m[2])] = true
		}
	}
	return names
}

// within is what a key further out says.
func (y *yamlScan) within() *keyClass {
	for i := len(y.parents) - 1; i >= 0; i-- {
		if c := y.parents[i].class; c != nil {
			return c
		}
	}
	return nil
}

// complexKey handles "? key" and the ": value" that answers it.
func (y *yamlScan) complexKey(b []byte, from int, line []byte) (int, bool) {
	_, end := lineAround(b, from)
	if m := yamlAskRE.FindSubmatchIndex(line); m != nil {
		y.complex, y.column = nil, m[3]
		if c := classify(bytes.ReplaceAll(bytes.Trim(line[m[4]:m[5]], `"'`), []byte{' '}, []byte{'_'})); c != nil && c.strength != nameKey {
			y.complex = c
		}
		y.text(b, from, next(b, end))
		return next(b, end), true
	}
	m := yamlAnswerRE.FindSubmatchIndex(line)
	if m == nil || y.complex == nil || m[3] != y.column {
		return 0, false
	}
	class := y.complex
	y.complex = nil
	y.out = append(y.out, line[:m[1]]...)
	return y.value(b, from+m[1], y.column, class, nil), true
}

// itemClass is what the items of the list before this one say about it: an option, a program, a name.
func (y *yamlScan) itemClass(item []byte) *keyClass {
	var class *keyClass
	if n := len(y.items); n > 0 {
		if c := classify(y.items[n-1].text); c != nil && c.strength != nameKey && c.implies(nil, item) {
			class = c
		}
	}
	const enough = 12 // words from a program to its secret
	if len(y.items) >= enough {
		y.items = append(y.items[:0], y.items[1:]...)
	}
	y.items = append(y.items, argument{text: item})
	for _, s := range programArguments(y.items) {
		if s.word == len(y.items)-1 {
			class = argumentClass
		}
	}
	return class
}

// leave forgets the parents that end before a key in that column.
func (y *yamlScan) leave(column int) {
	for n := len(y.parents); n > 0 && y.parents[n-1].column >= column; n-- {
		y.parents = y.parents[:n-1]
	}
}

func (y *yamlScan) classOf(key []byte, column int) *keyClass {
	if string(key) == "value" && y.named != nil && y.namedCol == column {
		c := y.named
		y.named = nil
		return c
	}
	if n := len(y.parents); n > 0 {
		switch p := y.parents[n-1]; {
		case p.all:
			return kubernetesSecret
		case p.class != nil && isName(key, valueNames):
			return p.class
		}
	}
	if c := classify(key); c != nil && c.strength != nameKey {
		return c
	}
	return nil
}

// nameBehind is what a "name: X" behind the value in the same item says about it.
func nameBehind(b []byte, at, column int) *keyClass {
	for range maxBehind {
		_, end := lineAround(b, at)
		line := b[at:end]
		m := yamlKeyRE.FindSubmatchIndex(line)
		if m == nil || m[3] != column || indentOf(line) < column {
			return nil
		}
		if isName(line[m[4]:m[5]], nameNames) {
			if c := classify(bytes.Trim(bytes.TrimSpace(line[m[1]:]), `"'`)); c != nil && c.strength != nameKey {
				return c
			}
			return nil
		}
		at = next(b, end)
	}
	return nil
}

// maxBehind bounds how far the name of a value is looked for, in lines.
const maxBehind = 4

// remember notes "name: DB_PASSWORD" for the value next to it.
func (y *yamlScan) remember(key, value []byte, column int) {
	if !isName(key, nameNames) {
		return
	}
	y.named = nil
	if c := classify(bytes.Trim(bytes.TrimSpace(value), `"'`)); c != nil && c.strength != nameKey {
		y.named, y.namedCol = c, column
	}
}

// plainLine handles a line without a key: a list item, the value of the key above, a comment.
func (y *yamlScan) plainLine(b []byte, from int, line []byte) int {
	_, end := lineAround(b, from)
	trimmed := bytes.TrimSpace(line)
	if len(trimmed) == 0 || trimmed[0] == '#' || bytes.HasPrefix(line, []byte("---")) {
		y.text(b, from, next(b, end))
		return next(b, end)
	}
	start := indentOf(line)
	if item := yamlItemRE.Find(line); item != nil {
		start = len(item)
		y.leave(indentOf(line) + 1) // a list may stand in its key's column
	}
	var class *keyClass
	if n := len(y.parents); n > 0 {
		class = y.parents[n-1].class
	}
	if y.option != nil && !bytes.HasPrefix(line[start:], []byte("-")) {
		class = y.option
	}
	item := bytes.Trim(bytes.TrimSpace(line[start:]), `"'`)
	y.option = optionClass(item)
	if start > indentOf(line) {
		if c := y.itemClass(item); class == nil {
			class = c
		}
	}
	if class == nil {
		y.text(b, from, next(b, end))
		return next(b, end)
	}
	y.out = append(y.out, line[:start]...)
	return y.value(b, from+start, indentOf(line), class, nil)
}

// value handles the scalar at from, which may go on over lines indented more than indent.
func (y *yamlScan) value(b []byte, from, indent int, class *keyClass, key []byte) int {
	if from >= len(b) {
		return len(b)
	}
	_, end := lineAround(b, from)
	quote := b[from]
	if quote == '"' || quote == '\'' {
		if close := yamlQuoteEnd(b, from+1, quote); close >= 0 {
			y.quoted(b[from+1:close], from+1, quote, class, key)
			_, end = lineAround(b, close)
			y.out = append(y.out, b[close+1:next(b, end)]...)
			return next(b, end)
		}
	}
	stop := next(b, end)
	text := bytes.TrimRight(b[from:end], " \t\r")
	if n := bytes.Index(text, []byte(" #")); n >= 0 {
		text = bytes.TrimRight(text[:n], " \t")
	}
	tail := b[from+len(text) : stop]
	if n := flowEnd(b, from); n > end {
		return y.flow(b, from, n, class)
	}
	if quote == '{' || quote == '[' || quote == '*' {
		class = nil
	}
	var clean []byte
	var changed bool
	if class != nil {
		clean, changed = y.e.secretScalar(class, text, from)
		if changed {
			stop = deeper(b, stop, indent) // the rest of a plain scalar over several lines
		}
	} else if quote == '{' || quote == '[' {
		clean, _ = y.e.member(key, y.e.flowSpans(text), from)
		changed = !bytes.Equal(clean, text)
	} else {
		clean, changed = y.e.member(key, text, from)
	}
	if changed && clean[0] == '[' && quote != '[' {
		clean = []byte(`"` + jsonEscape(string(clean), false) + `"`)
	}
	y.out = append(append(y.out, clean...), tail...)
	return stop
}

// maxFlow bounds a list or map in brackets, in bytes.
const maxFlow = 4 << 10

// flowEnd is the end of the list or map in brackets that starts at from; 0 when there is none or it does not end.
func flowEnd(b []byte, from int) int {
	depth := 0
	for at := from; at < min(len(b), from+maxFlow); at++ {
		switch b[at] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth == 0 {
			if at == from { // no bracket
				return 0
			}
			return at + 1
		}
	}
	return 0
}

// flowSpans replaces what the structure of a list or map in brackets says is secret.
func (e *engine) flowSpans(b []byte) []byte { return e.spansOf(b, jsonInText, programsInText) }

// flow handles a list or map over several lines. Of a secret list nothing is kept; a map's members tell their own.
func (y *yamlScan) flow(b []byte, from, to int, class *keyClass) int {
	_, end := lineAround(b, to)
	stop := next(b, end)
	if class == nil || b[from] != '[' || isPlaceholder(b[from:to]) {
		clean, _ := y.e.scalar(y.e.flowSpans(b[from:stop]), from)
		y.out = append(y.out, clean...)
		return stop
	}
	if y.e.learn {
		for item := range bytes.SplitSeq(bytes.Trim(b[from:to], "[]"), []byte(",")) {
			y.e.learnValue(string(bytes.Trim(bytes.TrimSpace(item), `"'`)), class.rule)
		}
	}
	y.e.count(class.rule, from)
	y.out = append(append(append(y.out, '"'), marker(class.rule)...), '"')
	y.text(b, to, stop)
	return stop
}

func (y *yamlScan) quoted(raw []byte, offset int, quote byte, class *keyClass, key []byte) {
	var text []byte
	if quote == '"' {
		text = []byte(unescapeBackslashes(string(raw)))
	} else {
		text = bytes.ReplaceAll(raw, []byte("''"), []byte("'"))
	}
	var clean []byte
	var changed bool
	if class != nil {
		clean, changed = y.e.secretScalar(class, text, offset)
	} else {
		clean, changed = y.e.member(key, text, offset)
	}
	y.out = append(y.out, quote)
	switch {
	case !changed:
		y.out = append(y.out, raw...)
	case quote == '"':
		y.out = append(y.out, jsonEscape(string(clean), false)...)
	default:
		y.out = append(y.out, bytes.ReplaceAll(clean, []byte("'"), []byte("''"))...)
	}
	y.out = append(y.out, quote)
}

// block handles the lines of a | or > scalar.
func (y *yamlScan) block(b []byte, from, to int, class *keyClass) {
	body := b[from:to]
	if class == nil || len(bytes.TrimSpace(body)) == 0 || isPlaceholder(body) || isMarked(body) {
		y.text(b, from, to)
		return
	}
	if y.e.learn {
		for line := range bytes.Lines(body) {
			y.e.learnValue(string(bytes.TrimSpace(line)), class.rule)
		}
	}
	y.e.count(class.rule, from)
	y.out = append(y.out, body[:indentOf(body)]...)
	y.out = append(y.out, marker(class.rule)...)
	y.out = append(y.out, '\n')
}

func (y *yamlScan) text(b []byte, from, to int) {
	clean, _ := y.e.scalar(b[from:to], from)
	y.out = append(y.out, clean...)
}

func isMarked(b []byte) bool {
	b = bytes.TrimSpace(b)
	return markerLen(b) == len(b)
}

func yamlQuoteEnd(b []byte, from int, quote byte) int {
	for at := from; at < len(b); at++ {
		switch {
		case quote == '"' && b[at] == '\\':
			at++
		case b[at] == quote && quote == '\'' && at+1 < len(b) && b[at+1] == '\'':
			at++
		case b[at] == quote:
			return at
		}
	}
	return -1
}

func indentOf(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " ")) }

func next(b []byte, lineEnd int) int { return min(lineEnd+1, len(b)) }

// deeper returns the end of the lines from at on that are blank or indented more than indent.
func deeper(b []byte, at, indent int) int {
	for at < len(b) {
		_, end := lineAround(b, at)
		if line := b[at:end]; len(bytes.TrimSpace(line)) > 0 && indentOf(line) <= indent {
			break
		}
		at = next(b, end)
	}
	return at
}
