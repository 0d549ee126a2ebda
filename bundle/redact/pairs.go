package redact

import (
	"bytes"
	"regexp"
)

// loosePairs finds a secret that something else than = or : parts from its name: password -> X, password ..... X, a column
// of a table, quotes, brackets, password for bob: X, X (password). So little says that it is one that the value must look
// like a secret.
func loosePairs(line []byte, report func(found)) {
	for at := 0; at < len(line); {
		if !isKeyByte(line[at]) {
			at++
			continue
		}
		start := at
		for at < len(line) && isKeyByte(line[at]) {
			at++
		}
		class, start, end := classOfWord(line, start, at)
		if class == nil {
			continue
		}
		if v := valueBefore(line, start, end); v.start < v.end {
			report(secretAt(v.start, v.end, class.rule, true))
			continue
		}
		v, ok := looseValue(line, end, class)
		if !ok {
			v, ok = valueOfOwner(line, end)
		}
		if ok {
			report(secretAt(v.start, v.end, class.rule, true))
			at = v.end
		}
	}
}

// looseValue finds the value that follows a name which ends at end.
func looseValue(line []byte, end int, class *keyClass) (valueSpan, bool) {
	if end == len(line) || line[end] == '=' {
		return valueSpan{}, false
	}
	from, wide := looseSeparator(line, end)
	if from == end || from >= len(line) {
		return valueSpan{}, false
	}
	stop := from
	for stop < len(line) && !isSpace(line[stop]) && bytes.IndexByte([]byte(`"'<>()[]|,;`), line[stop]) < 0 {
		stop++
	}
	v := valueSpan{start: from, end: stop}
	if stop > from && (line[stop-1] == '.' || line[stop-1] == ':') {
		v.end--
	}
	return v, looksSecret(line[v.start:v.end]) && (wide || class.strength == sureKey)
}

// ownerRE is what may stand between a name and its value: whose it is, or what for.
var ownerRE = regexp.MustCompile(`^["')\]]*\s+(?:for|of|to|from|on|at|in)\s[^=;,]{1,80}?(?::\s+|=\s*|\s(?:is|was|[=-]>)\s+)` +
	"[\"'`(\\[<]*" + `([^\s"'<>()\[\]|,;]{8,})`)

// valueOfOwner finds the value in "password for bob: X".
func valueOfOwner(line []byte, end int) (valueSpan, bool) {
	m := ownerRE.FindSubmatchIndex(line[end:min(len(line), end+maxKey+maxField)])
	if m == nil {
		return valueSpan{}, false
	}
	v := valueSpan{start: end + m[2], end: end + m[3]}
	return v, looksSecret(line[v.start:v.end])
}

// valueBefore finds the value that a name in brackets, or after "is the", explains: X (password).
func valueBefore(line []byte, start, end int) valueSpan {
	stop := start
	if stop > 0 && end < len(line) && bracketPairs[line[stop-1]] == line[end] && line[end] != 0 {
		stop--
	} else {
		stop = trimSuffixes(line[:start], "the ", "a ", "his ", "her ", "their ", "my ")
		verb := trimSuffixes(line[:stop], "is ", "was ", "as ", "for ", "<- ", "<= ")
		if verb == stop {
			return valueSpan{}
		}
		stop = verb
	}
	value := trimEnd(line, max(0, start-maxKey), stop)
	if value == stop {
		return valueSpan{} // method(Password)
	}
	for value > 0 && bytes.IndexByte([]byte(`"'`+"`"+`)]>,;`), line[value-1]) >= 0 {
		value--
	}
	from := value
	for from > 0 && value-from < maxKey && !isSpace(line[from-1]) && bytes.IndexByte([]byte(`"'<>()[]|,;`+"`"), line[from-1]) < 0 {
		from--
	}
	if !looksSecret(line[from:value]) {
		return valueSpan{}
	}
	return valueSpan{start: from, end: value}
}

var bracketPairs = [256]byte{'(': ')', '[': ']', '<': '>', '{': '}'}

// trimSuffixes returns the length of b without the first of these that it ends with.
func trimSuffixes(b []byte, suffixes ...string) int {
	for _, s := range suffixes {
		if bytes.HasSuffix(b, []byte(s)) {
			return len(b) - len(s)
		}
	}
	return len(b)
}

// classOfWord classifies a word, with the one before it where that says what it is, and without the dots, lines and
// tildes of a table that are drawn right after it. It returns the bounds of what it classified.
func classOfWord(line []byte, start, end int) (class *keyClass, from, to int) {
	word := bytes.TrimRight(line[start:end], "._-")
	from, to = start, start+len(word)
	if class = classify(word); class == nil {
		if class = spacedKey(line, keySpan{start: from, end: to}); class != nil {
			from = bytes.LastIndexAny(line[:start-1], " \t\"'([{<,;:=") + 1
		}
	}
	if class == nil || class == spokenKey || class.strength == nameKey || isClassName(word) {
		return nil, 0, 0
	}
	return class, from, to
}

// looseSeparator returns where the value starts, and whether more than a blank parts it from its name.
func looseSeparator(line []byte, from int) (at int, wide bool) {
	blanks := 0
	for at = from; at < len(line); at++ {
		switch c := line[at]; {
		case c == ' ':
			blanks++
		case c == '\t' || c == '|' || c == '>' || c == '-' || c == '=' || c == '~' || c == '_' || c == '.' || c == '"' || c == '\'' ||
			c == '(' || c == '[' || c == '<' || c == ',' || c == ';' || c == '`' || c == ':' && at > from:
			wide = true
		default:
			for _, word := range [][]byte{[]byte("is "), []byte("was "), []byte("to "), []byte("as ")} {
				if blanks > 0 && bytes.HasPrefix(line[at:], word) {
					blanks, wide = 0, true
					at += len(word)
					for at < len(line) && (line[at] == '"' || line[at] == '\'' || line[at] == ' ' || line[at] == ':') {
						at++
					}
				}
			}
			return at, wide || blanks > 1
		}
	}
	return at, wide
}

// looksSecret reports whether a value looks like one that a generator made: letters and digits in turn.
func looksSecret(v []byte) bool {
	return len(v) >= 8 && !wordlike(v) && !isPlaceholder(v) && !bytes.HasPrefix(v, []byte("0x")) && !bytes.HasPrefix(v, []byte(markerStart[1:])) &&
		!bytes.ContainsAny(v, "/\\=&") && !isHexNumber(v)
}

func isHexNumber(v []byte) bool { return len(bytes.Trim(v, "0123456789abcdef-")) == 0 }
