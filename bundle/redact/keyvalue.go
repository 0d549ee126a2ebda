package redact

import "bytes"

// found is one secret in a text: the bytes from start to end of what was searched.
type found struct {
	start, end int
	rule       string // "" for a user name
	learn      bool
	value      string // what to learn, when it is not the bytes themselves
}

// secretAt makes a finding of the bytes from start to end.
func secretAt(start, end int, rule string, learn bool) found {
	return found{start: start, end: end, rule: rule, learn: learn}
}

const maxLookBack = 2048 // bytes searched to the left for an open quote or bracket

// keyed finds what a name next to it makes a secret.
func keyed(line []byte, report func(found)) {
	keyValues(line, report)
	optionPairs(line, report)
	xmlInText(line, report)
	nameValuePairs(line, report)
	loosePairs(line, report)
	jsonInText(line, report)
}

// keyValues finds the values of secret keys: key=value, key: value, -Dkey=value, "key":"value", \"key\":\"value\",
// key => value, key='two words', ?key=value&, User{key=value, ...}.
func keyValues(line []byte, report func(found)) {
	for i := 0; i < len(line); i++ {
		if line[i] != '=' && line[i] != ':' {
			continue
		}
		key, ok := keyBefore(line, i)
		if !ok {
			continue
		}
		class := classify(line[key.start:key.end])
		if class == nil {
			class = spacedKey(line, key)
		}
		needsLook := class == nil
		if needsLook {
			class = subscriptedKey(line[key.start:key.end])
		}
		if class == nil {
			continue
		}
		at, ok := afterSeparator(line, i, key)
		if !ok {
			continue
		}
		v := valueAt(line, at, key)
		if class.strength == nameKey {
			report(secretAt(v.start, v.end, "", true))
			continue
		}
		v = innerDefault(line, restOfPhrase(line, v, key, class))
		if v.start >= v.end || isPlaceholder(line[v.start:v.end]) || !credible(class, line, key, i, v) {
			continue
		}
		if value := line[v.start:v.end]; needsLook && !(looksRandom(value) && looksGenerated(value) || class.rule != "token" && looksChosen(value)) {
			continue
		}
		report(secretAt(v.start, v.end, class.rule, class.rule != "cookie" && !v.open))
		if class.strength == sureKey {
			changedTo(line, v.end, class, report)
		}
		i = v.end - 1
	}
}

type keySpan struct {
	start, end int
	quoted     bool
}

// keyBefore finds the key that ends left of the separator at sep.
func keyBefore(line []byte, sep int) (keySpan, bool) {
	end := sep
	for end > 0 && (line[end-1] == ' ' || line[end-1] == '\t') {
		end--
	}
	quoted, subscript := false, false
	for end > 0 && (line[end-1] == '"' || line[end-1] == '\'' || line[end-1] == '\\' || line[end-1] == ']' || line[end-1] == '`') {
		quoted = quoted || line[end-1] == '"' || line[end-1] == '\''
		subscript = subscript || line[end-1] == ']'
		end--
	}
	start := end
	for start > 0 {
		if isKeyByte(line[start-1]) {
			start--
			continue
		}
		open := subscriptStart(line, start, subscript && start < end)
		if open == start {
			break
		}
		start, subscript = open, false
	}
	return keySpan{start, end, quoted}, start < end
}

const maxSubscript = 64 // bytes

// subscriptStart returns where the subscript opens that ends before at, or, when at is inside of one, that one; at when
// there is none, or when it does not follow a name.
func subscriptStart(line []byte, at int, inside bool) int {
	open := at - 1
	if line[open] == ']' {
		from := max(0, at-maxSubscript)
		open = from + bytes.LastIndexByte(line[from:at], '[')
	} else if !inside {
		return at
	} else if (line[open] == '"' || line[open] == '\'') && open > 0 {
		open--
	}
	if open <= 0 || line[open] != '[' || !isKeyByte(line[open-1]) {
		return at
	}
	return open
}

// subscriptedKey reads passwords[main], whose subscript says nothing.
func subscriptedKey(key []byte) *keyClass {
	open := bytes.IndexByte(key, '[')
	if open < 0 {
		return nil
	}
	if c := classify(key[:open]); c != nil && c.strength != nameKey {
		return c.inner()
	}
	return nil
}

func isKeyByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '_' || c == '.' || c == '-' || c == '$'
}

// spokenKey is the class of "the password is: X", which needs a value that looks like a secret.
var spokenKey = &keyClass{ending: "is", rule: "password", strength: weakKey}

// secondWords are those that need the word before them: API key, pin code.
var secondWords = wordSet("key phrase code")

// spokenVerbs stand between a name and its value in prose.
var spokenVerbs = wordSet(`is was lautet ist est era es`)

// spacedKey reads "API key" and "pin code": the last word alone says too little.
func spacedKey(line []byte, key keySpan) *keyClass {
	if spokenVerbs[string(line[key.start:key.end])] {
		end := trimEnd(line, 0, key.start)
		start := bytes.LastIndexByte(line[:end], ' ') + 1
		if isSecretWord(line[start:end]) || spacedKey(line, keySpan{start: start, end: end}) != nil {
			return spokenKey
		}
		return nil
	}
	if c := compoundKey(line, key); c != nil {
		return c
	}
	if !secondWords[string(bytes.ToLower(line[key.start:min(key.end, key.start+maxSubscript)]))] {
		return nil
	}
	end := key.start
	if end == 0 || line[end-1] != ' ' {
		return nil
	}
	start := end - 1
	for start > 0 && isLetter(line[start-1]) {
		start--
	}
	if start == end-1 {
		return nil
	}
	return classify(line[start:key.end])
}

// compoundKey reads "parola d'ordine".
func compoundKey(line []byte, key keySpan) *keyClass {
	for _, head := range compoundKeys[string(bytes.ToLower(line[key.start:min(key.end, key.start+maxSubscript)]))] {
		if at := key.start - len(head); at >= 0 && bytes.EqualFold(line[at:key.start], []byte(head)) && (at == 0 || !isLetter(line[at-1])) {
			return compoundClass
		}
	}
	return nil
}

var compoundClass = &keyClass{ending: "compound", rule: "password", strength: sureKey}

// afterSeparator returns where the value behind the separator at i starts.
func afterSeparator(line []byte, i int, key keySpan) (int, bool) {
	at := i + 1
	rest := line[at:]
	switch {
	case line[i] == ':' && bytes.HasPrefix(rest, []byte(": ")): // LDIF: what follows is base64
		at++
	case line[i] == '=' && bytes.HasPrefix(rest, []byte("=")), // a comparison
		line[i] == ':' && bytes.HasPrefix(rest, []byte(":")),  // Class::method
		line[i] == ':' && bytes.HasPrefix(rest, []byte("//")): // a URL's scheme
		return 0, false
	case line[i] == '=' && bytes.HasPrefix(rest, []byte(">")), line[i] == ':' && bytes.HasPrefix(rest, []byte("=")):
		at++
	}
	if line[i] == ':' && isClassName(line[key.start:key.end]) {
		return 0, false // com.example.AccessToken : a log line's logger
	}
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	return at, at < len(line)
}

// isClassName tells a.b.CamelCase from a.b.key.
func isClassName(key []byte) bool {
	dot := bytes.LastIndexByte(key, '.')
	if dot < 0 || dot+2 >= len(key) {
		return false
	}
	last := key[dot+1:]
	return last[0] >= 'A' && last[0] <= 'Z' && bytes.ContainsAny(last[1:], "abcdefghijklmnopqrstuvwxyz")
}

type valueSpan struct {
	start, end int
	open       bool // its end is a guess: do not learn it
}

// valueAt finds the value that starts at at.
func valueAt(line []byte, at int, key keySpan) valueSpan {
	slashes := 0
	for at+slashes < len(line) && line[at+slashes] == '\\' {
		slashes++
	}
	if q := at + slashes; q < len(line) && (line[q] == '"' || line[q] == '\'' || line[q] == '`') {
		start := q + 1
		if end := closingQuote(line, start, line[q], slashes); end >= 0 {
			return shellQuotes(line, valueSpan{start, end, false})
		}
		if quoteOpen(line, key.start, line[q]) {
			return valueSpan{q, q, true} // "...password=" : the text ends here
		}
		return valueSpan{start, trimEnd(line, start, len(line)), true}
	}
	switch {
	case line[at] == '[' && !bytes.HasPrefix(line[at:], []byte(markerStart)): // a list: [value]
		end := bytes.IndexByte(line[at:], ']')
		if end < 0 {
			return valueSpan{at + 1, trimEnd(line, at+1, len(line)), true}
		}
		v := valueSpan{at + 1, at + end, false}
		for v.start < v.end && (line[v.start] == '"' || line[v.start] == ' ') {
			v.start++
		}
		for v.end > v.start && (line[v.end-1] == '"' || line[v.end-1] == ' ') {
			v.end--
		}
		return v
	case line[at] == '{' && key.start > 0 && line[key.start-1] == ';':
	case line[at] == '{' && !bracedWord(line[at:min(len(line), at+maxField)]):
		return valueSpan{at, at, false} // an object; its members are looked at on their own
	}
	return bareValue(line, at, key)
}

// bracedWord tells {noop}secret and {vault} from an object.
func bracedWord(b []byte) bool {
	end := bytes.IndexByte(b, '}')
	return end > 0 && isLetter(b[1]) && bytes.IndexByte(b[:end], '=') < 0
}

// closingQuote finds the quote that ends a value which starts at from; slashes is the number of backslashes
// before the opening one, for JSON in a JSON string.
func closingQuote(line []byte, from int, quote byte, slashes int) int {
	for i := from; i < len(line); i++ {
		if line[i] != quote {
			continue
		}
		n := 0
		for i-n-1 >= from && line[i-n-1] == '\\' {
			n++
		}
		if slashes == 0 && n%2 == 0 || slashes > 0 && n <= slashes {
			return i - min(n, slashes)
		}
	}
	return -1
}

// shellQuotes goes on where a shell does: 'it'\\”s one' and 'it'"'"'s one' are one word.
func shellQuotes(line []byte, v valueSpan) valueSpan {
	for _, joint := range []string{`'\''`, `'"'"'`} {
		for bytes.HasPrefix(line[v.end:], []byte(joint)) {
			n := bytes.IndexByte(line[v.end+len(joint):], '\'')
			if n < 0 {
				break
			}
			v.end += len(joint) + n
			v.open = true // what is written is not what it is
		}
	}
	return v
}

// quoteOpen reports whether a quote stands open before position at.
func quoteOpen(line []byte, at int, quote byte) bool {
	from := max(0, at-maxLookBack)
	return bytes.Count(line[from:at], []byte{quote})%2 == 1
}

// bareValue finds the end of a value without quotes.
func bareValue(line []byte, at int, key keySpan) valueSpan {
	var before byte
	if key.start > 0 {
		before = line[key.start-1]
	}
	inQuery := before == '?' || before == '&' || before == ';' && bytes.HasSuffix(line[:key.start], []byte("&amp;"))
	double, single := quoteOpen(line, key.start, '"'), quoteOpen(line, key.start, '\'')
	if before == ';' && at < len(line) && line[at] == '{' { // SQL Server: password={a;}}b};
		if end := closingBrace(line, at+1); end > at {
			return valueSpan{at, end, true}
		}
	}
	end := at
scan:
	for ; end < len(line); end++ {
		switch c := line[end]; {
		case isSpace(c),
			c == '"' && double, c == '\'' && single,
			c == '<' && end+1 < len(line) && (line[end+1] == '/' || isLetter(line[end+1])),
			inQuery && (c == '&' || c == '#'),
			before == ';' && c == ';',
			(c == ',' || c == ';' || c == '&' || c == '|') && pairFollows(line[end+1:]):
			break scan
		case c == '[' && bytes.HasPrefix(line[end:], []byte(markerStart)):
			if n := markerLen(line[end:]); n > 0 {
				end += n - 1
			}
		}
	}
	if end < len(line) && !key.quoted && wholeLine(line, key, end) {
		return valueSpan{at, trimEnd(line, at, len(line)), true}
	}
	return valueSpan{at, trimBare(line, at, end), false}
}

// restOfPhrase goes on to the end of the line where a log writes a pass phrase there: words of which none makes a sentence,
// or is an option of a command line. A first word that looks like a secret by itself is one: what follows is evidence, and
// the word is to be learnt.
func restOfPhrase(line []byte, v valueSpan, key keySpan, class *keyClass) valueSpan {
	const most = 6 // words
	rest := bytes.TrimSpace(line[v.start:])
	if class.strength != sureKey || class.rule != "password" || key.quoted || v.end >= len(line) || line[v.end] != ' ' || v.start == 0 || !isSpace(line[v.start-1]) && line[v.start-1] != '=' ||
		len(bytes.Fields(rest)) > most || !isPhrase(rest) {
		return v
	}
	if first := line[v.start:v.end]; isStrong(first) || looksChosen(first) || bytes.Contains(rest, []byte(" -")) || isOption(line, key) {
		return v
	}
	return valueSpan{v.start, v.start + len(rest), true}
}

// isOption reports whether a key is one of a command line: what follows its value is the next argument.
func isOption(line []byte, key keySpan) bool {
	word := line[bytes.LastIndexByte(line[:key.start], ' ')+1:]
	return word[0] == '-'
}

// closingBrace returns where a value in braces ends, behind the brace; a doubled one is a part of it.
func closingBrace(line []byte, from int) int {
	for i := from; i < min(len(line), from+maxField); i++ {
		if line[i] != '}' {
			continue
		}
		if i+1 == len(line) || line[i+1] != '}' {
			return i + 1
		}
		i++
	}
	return -1
}

// pairFollows reports whether text starts with another key and its separator.
func pairFollows(b []byte) bool {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '"' || b[i] == '\'' || b[i] == '\\') {
		i++
	}
	start := i
	for spaces := 0; i < len(b) && i-start < maxKey; i++ {
		if b[i] == ' ' && spaces == 0 && i > start && i+1 < len(b) && isLetter(b[i+1]) { // User Id=
			spaces++
		} else if !isKeyByte(b[i]) {
			break
		}
	}
	for i < len(b) && (b[i] == '"' || b[i] == '\'' || b[i] == '\\') {
		i++
	}
	return i > start && i < len(b) && (b[i] == '=' || b[i] == ':')
}

// wholeLine reports whether an unquoted value may have spaces: the key starts the line and no
// other pair, option or comment follows the first word.
func wholeLine(line []byte, key keySpan, end int) bool {
	head := bytes.TrimLeft(line[:key.start], " \t#;-\"'")
	head = bytes.TrimPrefix(head, []byte("export "))
	head = bytes.TrimPrefix(head, []byte("set "))
	if len(bytes.TrimSpace(head)) > 0 {
		return false
	}
	rest := line[end:]
	return len(rest) <= maxKey && !bytes.ContainsAny(rest, "=\"'(){}") && !bytes.Contains(rest, []byte(" -")) && !bytes.Contains(rest, []byte(" #")) && !bytes.Contains(rest, []byte(": "))
}

func trimEnd(line []byte, start, end int) int {
	for end > start && isSpace(line[end-1]) {
		end--
	}
	return end
}

// trimBare leaves out punctuation that closes what stands around the value.
func trimBare(line []byte, start, end int) int {
	if bytes.HasSuffix(line[start:end], []byte("/>")) {
		end -= 2
	}
	for end > start {
		v := line[start:end]
		opener := byte(0)
		switch line[end-1] {
		case ',', ';', '\\':
			end--
			continue
		case ')':
			opener = '('
		case '}':
			opener = '{'
		case ']':
			opener = '['
		case '>':
			opener = '<'
		}
		if opener == 0 || bytes.Count(v, []byte{opener}) >= bytes.Count(v, line[end-1:end]) {
			break
		}
		end--
	}
	return end
}

// innerDefault narrows ${NAME:fallback} to the fallback.
func innerDefault(line []byte, v valueSpan) valueSpan {
	text := line[v.start:v.end]
	if !bytes.HasPrefix(text, []byte("${")) || !bytes.HasSuffix(text, []byte("}")) {
		return v
	}
	colon := bytes.IndexByte(text, ':')
	if colon < 0 || bytes.Count(text, []byte("{")) > 1 {
		return v
	}
	start := v.start + colon + 1
	if start < v.end-1 && (line[start] == '-' || line[start] == '=' || line[start] == '?') {
		start++
	}
	return valueSpan{start, v.end - 1, v.open}
}

// credible rejects pairs that only look like a key and its secret.
func credible(class *keyClass, line []byte, key keySpan, sep int, v valueSpan) bool {
	text := line[v.start:v.end]
	if isNumber(text) && len(text) <= 3 {
		return false // a counter or a length
	}
	switch {
	case class.ending == "pwd" && key.end-key.start == len("pwd") && text[0] == '/':
		return false // a working directory
	case class.strength == sureKey:
		return true
	case class.strength <= likelyKey:
		return len(text) >= minLearned && class.believes(text)
	case line[sep] == '=' || key.quoted || key.end-key.start > len(class.ending):
		return !isNumber(text) || len(text) > 9
	}
	return looksRandom(text)
}
