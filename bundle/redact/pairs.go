package redact

import "bytes"

// loosePairs finds a secret that something else than = or : parts from its name: password -> X, password ..... X, a column
// of a table, quotes, brackets. So little says that it is one that the value must look like a secret.
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
		class, end := classOfWord(line, start, at)
		if class == nil || end == len(line) || line[end] == '=' {
			continue
		}
		from, wide := looseSeparator(line, end)
		if from == end || from >= len(line) {
			continue
		}
		stop := from
		for stop < len(line) && !isSpace(line[stop]) && bytes.IndexByte([]byte(`"'<>()[]|,;`), line[stop]) < 0 {
			stop++
		}
		value := line[from:stop]
		if n := len(value); n > 0 && (value[n-1] == '.' || value[n-1] == ':') {
			value = value[:n-1]
		}
		if looksSecret(value) && (wide || class.strength == sureKey) {
			report(secretAt(from, from+len(value), class.rule, true))
			at = stop
		}
	}
}

// classOfWord classifies a word, without the dots, lines and tildes of a table that are drawn right after it.
func classOfWord(line []byte, start, end int) (*keyClass, int) {
	word := bytes.TrimRight(line[start:end], "._-")
	c := classify(word)
	if c == nil || c.strength == nameKey || isClassName(word) {
		return nil, 0
	}
	return c, start + len(word)
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
