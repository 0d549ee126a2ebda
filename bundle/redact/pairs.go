package redact

import (
	"bytes"
	"regexp"
)

// loosePairs finds a secret that something else than = or : parts from its name: password -> X, password ..... X, a column
// of a table, quotes, brackets, password for bob: X, X (password). So little says that it is one that the value must look
// like a secret: chosen by a person where the name is sure and what parts them is drawn or spoken, else generated.
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
		if v := valueBefore(line, start, end, class); v.start < v.end {
			report(secretAt(v.start, v.end, class.rule, true))
			continue
		}
		changes(line, end, class, report)
		v, ok := looseValue(line, end, class)
		if !ok {
			v, ok = valueOfOwner(line, end, class)
		}
		if ok {
			report(secretAt(v.start, v.end, class.rule, true))
			changedTo(line, v.end, class, report)
			at = v.end
		}
	}
}

// looseValue finds the value that follows a name which ends at end.
func looseValue(line []byte, end int, class *keyClass) (valueSpan, bool) {
	if end == len(line) || line[end] == '=' {
		return valueSpan{}, false
	}
	sep := looseSeparator(line, end)
	if sep.at == end || sep.at >= len(line) {
		return valueSpan{}, false
	}
	sep.listed = sep.listed || sep.column && bytes.Count(line[:end], []byte{'|'}) > 1
	v := looseBounds(line, sep)
	stem := v
	if n := bytes.IndexAny(line[v.start:v.end], `()[],;`); sep.quote == 0 && n >= 0 {
		stem.end = v.start + n
	}
	ok := v.start < v.end && sep.admits(line, stem, class)
	if !ok && stem.end < v.end && !isCode(line[v.start:v.end]) {
		ok = sep.admits(line, v, class)
	}
	return v, ok
}

// isCode reports whether a word with brackets is a call or an element of a list, as in sources: args[1], key().
func isCode(word []byte) bool {
	open := bytes.IndexAny(word, "([")
	close := bytes.LastIndexAny(word, ")]")
	return open <= 0 || close < open || close+1 == len(word) || !isDigit(word[close+1]) && !isLetter(word[close+1]) || !bytes.ContainsAny(word, "0123456789")
}

// looseBounds returns the bounds of the value after a separator: up to the quote that closes it, or to the next blank,
// without what closes around it.
func looseBounds(line []byte, sep separator) valueSpan {
	if sep.quote != 0 {
		if end := closingQuote(line, sep.at, sep.quote, 0); end >= 0 {
			return valueSpan{start: sep.at, end: end}
		}
	}
	stop := sep.at
	for stop < len(line) && !isSpace(line[stop]) && bytes.IndexByte([]byte(`"'<>|`), line[stop]) < 0 {
		if c := line[stop]; c == sep.closer || sep.listed && (c == ',' || c == ';') || (c == ',' || c == ';') && pairFollows(line[stop+1:]) {
			break
		}
		stop++
	}
	for stop > sep.at && bytes.IndexByte([]byte(".:,;?!"), line[stop-1]) >= 0 {
		stop--
	}
	return valueSpan{start: sep.at, end: trimBare(line, sep.at, stop)}
}

// admits reports whether the value may be the secret that the name before the separator promises.
func (s separator) admits(line []byte, v valueSpan, class *keyClass) bool {
	text := line[v.start:v.end]
	if bytes.IndexByte(text, ' ') >= 0 {
		return s.quote != 0 && class.strength == sureKey && !s.attached && !s.listed && isPhrase(text)
	}
	if len(text) == 0 || !isPassable(text) {
		return false
	}
	if looksGenerated(text) {
		return s.wide || class.strength == sureKey
	}
	if class.strength != sureKey || s.attached {
		return false
	}
	if s.listed { // a list of columns, unless it is a row of two
		return looksChosen(text) && len(bytes.Trim(line[v.end:], "\"' \t\r")) == 0 && isRowStart(line, v.start)
	}
	switch {
	case s.drawn:
		return looksChosen(text) || looksGenerated(bytes.Trim(text, `/\=&`)) && !isPlainSetting(text)
	case s.spoken:
		return looksChosen(text) && (s.verb || class.rule == "password") && !isShort(class)
	}
	// a blank or a quote
	return class.rule == "password" && len(text) >= minGenerated && looksChosen(text) && bytes.IndexByte(text, '/') < 0
}

// isShort reports whether a class is a word that is a verb or a part of others too: pin, otp.
func isShort(c *keyClass) bool { return c.exact && len(c.ending) <= 4 }

// isRowStart reports whether there is one word only before the value at at.
func isRowStart(line []byte, at int) bool {
	return len(bytes.Fields(bytes.Trim(line[:at], "\"',; \t"))) == 1 && bytes.Count(line[:at], []byte{','})+bytes.Count(line[:at], []byte{';'}) == 1
}

// ownerRE is what may stand between a name and its value: whose it is, or what for.
var ownerRE = regexp.MustCompile(`^["')\]]*\s+(?:for|of|to|from|on|at|in)\s[^=;,]{1,80}?(?::\s+|=\s*|\s(?:is|was|[=-]>)\s+)` +
	"[\"'`(\\[<]*" + `([^\s"'<>()\[\]|,;]{6,})`)

// valueOfOwner finds the value in "password for bob: X".
func valueOfOwner(line []byte, end int, class *keyClass) (valueSpan, bool) {
	m := ownerRE.FindSubmatchIndex(line[end:min(len(line), end+maxKey+maxField)])
	if m == nil {
		return valueSpan{}, false
	}
	v := valueSpan{start: end + m[2], end: end + m[3]}
	for v.end > v.start && bytes.IndexByte([]byte(".:?!"), line[v.end-1]) >= 0 {
		v.end--
	}
	text := line[v.start:v.end]
	return v, looksGenerated(text) || class.strength == sureKey && looksChosen(text)
}

// valueBefore finds the value that a name in brackets, or after "is the", explains: X (password).
func valueBefore(line []byte, start, end int, class *keyClass) valueSpan {
	stop, believed := start, class.strength == sureKey && class.rule == "password"
	if stop > 0 && end < len(line) && bracketPairs[line[stop-1]] == line[end] && line[end] != 0 {
		stop--
		believed = false // the way in which somebody logged in
	} else {
		stop = trimSuffixes(line[:start], "the ", "a ", "his ", "her ", "their ", "my ")
		verb := trimSuffixes(line[:stop], "is ", "was ", "as ", "for ", "<- ", "<= ")
		if verb == stop {
			return valueSpan{}
		}
		believed = believed && string(line[verb:stop]) != "for "
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
	if v := line[from:value]; !looksGenerated(v) && !(believed && looksChosen(v)) {
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

// separator is what parts a loose value from its name.
type separator struct {
	at       int  // where the value starts
	wide     bool // more than a blank
	drawn    bool // an arrow, dots, a column, brackets: what a program draws between a name and its value
	spoken   bool // a word
	verb     bool // is, was: the word says that it is the value
	listed   bool // a comma: the next may be a name as well
	column   bool // of a table
	attached bool // no blank before the bracket: a call, a type
	quote    byte // that opens the value
	closer   byte // what closes a bracket around it
}

// spokenSeparators are words between a name and its value; those that say that it is the value are true.
var spokenSeparators = map[string]bool{"is": true, "was": true, "equals": true, "lautet": true, "lautete": true, "ist": true, "war": true, "est": true, "était": true, "etait": true,
	"es": true, "era": true, "fue": true, "é": true, "è": true, "är": true, "ar": true, "er": true, "on": true, "oli": true, "jest": true, "brzmi": true, "je": true, "olarak": true, "luidt": true,
	"to": false, "as": false, "from": false, "zu": false, "auf": false, "von": false, "with": false, "of": false}

const maxVerb = 8 // bytes

// looseSeparator reads what stands between a name that ends at from and its value.
func looseSeparator(line []byte, from int) separator {
	var s separator
	blanks := 0
	for s.at = from; s.at < len(line); s.at++ {
		switch c := line[s.at]; c {
		case ' ':
			blanks++
			continue
		case '"', '\'', '`':
			s.wide, s.quote = true, c
			if next := s.at + 1; s.at == from || next < len(line) && (line[next] == ' ' || line[next] == c || line[next] == '|' || line[next] == ',' || line[next] == ';') { // the name's own quote
				s.quote = 0
			}
			continue
		case '(', '[', '<':
			s.wide, s.drawn, s.closer = true, true, bracketPairs[c]
			s.attached = s.attached || s.at == from
			continue
		case ',', ';':
			s.wide, s.listed = true, true
			continue
		case '|':
			s.wide, s.drawn, s.column, s.quote = true, true, true, 0
			continue
		case '\t', '>', '-', '=', '~', '_', '.':
			s.wide, s.drawn, s.quote = true, true, 0
			continue
		case ':':
			if s.at > from {
				s.wide, s.drawn = true, true
				continue
			}
		}
		if word := spokenWord(line, s.at, blanks); word != "" && !s.spoken {
			s.wide, s.spoken, s.verb = true, true, spokenSeparators[word]
			s.at += len(word) - 1
			blanks = 0
			continue
		}
		break
	}
	s.wide = s.wide || blanks > 1
	s.drawn = s.drawn || blanks > 3
	return s
}

// spokenWord is the word of spokenSeparators that stands at at, after a blank and before one or a colon.
func spokenWord(line []byte, at, blanks int) string {
	if blanks == 0 {
		return ""
	}
	n := bytes.IndexAny(line[at:min(len(line), at+maxVerb+1)], " :")
	if n <= 0 {
		return ""
	}
	word := string(line[at : at+n])
	if _, ok := spokenSeparators[word]; !ok {
		return ""
	}
	return word
}
