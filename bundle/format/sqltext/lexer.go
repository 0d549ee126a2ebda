package sqltext

import "strings"

// lexer reads one statement in one way.
type lexer struct {
	text    string
	at      int
	dialect Dialect
	escapes bool // a backslash escapes in plain strings
	space   bool // white space or a comment came before
	out     list

	ambiguous int  // where the first string starts in which that matters; -1: nowhere
	open      bool // a literal or comment did not end
	dropped   bool // not all of the statement was read
}

func read(text string, d Dialect, escapes bool) *lexer {
	l := &lexer{text: text, dialect: d, escapes: escapes, ambiguous: -1}
	for l.at < len(l.text) && !l.dropped {
		l.next()
	}
	return l
}

// next reads one token, comment or blank.
func (l *lexer) next() {
	c := l.text[l.at]
	switch {
	case isSpace(c):
		l.at, l.space = l.at+1, true
		return
	case l.comment():
		l.space = true
		return
	case isDigit(c), c == '.' && isDigit(l.byte(1)):
		l.number()
	case c == '\'', c == '"' && l.dialect == MySQL:
		l.quoted(c, l.escapes, true)
	case c == '"', c == '`' && l.dialect == MySQL:
		l.name(c)
	case c == '$':
		l.dollar()
	case isWordStart(c):
		l.word()
	default:
		l.sign(c)
	}
	l.space = false
	if l.out.assigns() {
		l.value()
	}
}

// value takes all that a setting is given: it may be words without quotes.
func (l *lexer) value() {
	l.out.literal(true)
	l.dropped = strings.Contains(l.text[l.at:], ";")
	l.at = len(l.text)
}

func (l *lexer) byte(ahead int) byte {
	if l.at+ahead < len(l.text) {
		return l.text[l.at+ahead]
	}
	return 0
}

func (l *lexer) has(prefix string) bool { return strings.HasPrefix(l.text[l.at:], prefix) }

// rest takes all that follows as part of something that did not end.
func (l *lexer) rest() { l.at, l.open, l.dropped = len(l.text), true, true }

// comment skips one. What MySQL calls a comment and runs all the same, or not, depending on its version, cannot be
// read either way: the statement ends there.
func (l *lexer) comment() bool {
	switch mysql := l.dialect == MySQL; {
	case mysql && (l.has("/*!") || l.has("/*M!")):
		l.at, l.dropped = len(l.text), true
	case l.has("/*"):
		l.block(!mysql)
	case mysql && l.text[l.at] == '#', mysql && l.has("--") && l.byte(2) <= ' ':
		l.line("\n")
	case !mysql && l.has("--"):
		l.line("\r\n")
	default:
		return false
	}
	return true
}

func (l *lexer) line(ends string) {
	if i := strings.IndexAny(l.text[l.at:], ends); i >= 0 {
		l.at += i
		return
	}
	l.at = len(l.text)
}

func (l *lexer) block(nested bool) {
	depth := 0
	for l.at < len(l.text) {
		switch {
		case l.has("/*") && (nested || depth == 0):
			depth, l.at = depth+1, l.at+2
		case l.has("*/"):
			l.at += 2
			if depth--; depth == 0 {
				return
			}
		default:
			l.at++
		}
	}
	l.rest()
}

// number takes all that hangs together with a digit: 0x1F, 1_000, 1.5e-3, and names that begin with one.
func (l *lexer) number() {
	from := l.at
	hex := l.text[from] == '0' && l.byte(1)|0x20 == 'x'
	for l.at < len(l.text) {
		c := l.text[l.at]
		exponent := (c == '+' || c == '-') && !hex && l.at > from && l.text[l.at-1]|0x20 == 'e' && isDigit(l.byte(1))
		if !isWord(c) && c != '.' && !exponent {
			break
		}
		l.at++
	}
	l.out.literal(l.space)
}

// quoted takes a string whose quote is here, and its further pieces; plain: a setting of the session says whether
// backslashes escape in it.
func (l *lexer) quoted(quote byte, escapes, plain bool) {
	start := l.at
	for more := true; more; more = l.continues(quote) {
		l.at++
		if !l.piece(quote, escapes, plain, start) {
			l.rest()
			break
		}
	}
	l.out.literal(l.space)
}

// piece goes past the closing quote; false: there is none.
func (l *lexer) piece(quote byte, escapes, plain bool, start int) bool {
	for l.at < len(l.text) {
		switch l.text[l.at] {
		case '\\':
			l.backslashes(quote, escapes, plain, start)
		case quote:
			if l.byte(1) != quote {
				l.at++
				return true
			}
			l.at += 2
		default:
			l.at++
		}
	}
	return false
}

// backslashes goes past a run of them and what the last one escapes.
func (l *lexer) backslashes(quote byte, escapes, plain bool, start int) {
	from := l.at
	for l.at < len(l.text) && l.text[l.at] == '\\' {
		l.at++
	}
	if (l.at-from)%2 == 0 || l.at < len(l.text) && l.text[l.at] != quote {
		return
	}
	if plain && l.ambiguous < 0 {
		l.ambiguous = start
	}
	if escapes && l.at < len(l.text) {
		l.at++
	}
}

// continues goes to the next piece of a string of PostgreSQL, which stands on a later line and is read like the first.
func (l *lexer) continues(quote byte) bool {
	if l.dialect != PostgreSQL {
		return false
	}
	at, line := l.at, false
	for l.at < len(l.text) {
		switch c := l.text[l.at]; {
		case isSpace(c):
			line = line || c == '\n' || c == '\r'
			l.at++
		case l.has("--"):
			l.line("\r\n")
		case c == quote && line:
			return true
		default:
			l.at = at
			return false
		}
	}
	l.at = at
	return false
}

// name takes a name in quotes. Longer than any name can be, it is none.
func (l *lexer) name(quote byte) {
	from := l.at
	l.at++
	for l.at < len(l.text) {
		if l.text[l.at] != quote {
			l.at++
			continue
		}
		if l.byte(1) == quote {
			l.at += 2
			continue
		}
		l.at++
		l.keep(l.text[from:l.at])
		return
	}
	l.rest()
	l.out.literal(l.space)
}

func (l *lexer) keep(name string) {
	if len(name) > maxName {
		l.out.literal(l.space)
		return
	}
	l.out.add(name, l.space)
}

// dollar takes a parameter ($1) or a string between dollars ($tag$...$tag$).
func (l *lexer) dollar() {
	if isDigit(l.byte(1)) {
		l.at++
		l.number()
		return
	}
	end := l.at + 1
	for end < len(l.text) && isWord(l.text[end]) && l.text[end] != '$' {
		end++
	}
	if end == len(l.text) || l.text[end] != '$' { // half of a tag, or a name of MySQL's
		l.at = end
		l.out.literal(l.space)
		return
	}
	tag := l.text[l.at : end+1]
	l.at = end + 1
	if i := strings.Index(l.text[l.at:], tag); i >= 0 {
		l.at += i + len(tag)
	} else {
		l.rest()
	}
	l.out.literal(l.space)
}

// word takes a keyword, a name, or what stands before a string and says how to read it.
func (l *lexer) word() {
	from := l.at
	for l.at < len(l.text) && isWord(l.text[l.at]) {
		l.at++
	}
	word := l.text[from:l.at]
	next := l.byte(0)
	switch low := strings.ToLower(word); {
	case low == "e" && next == '\'' && l.dialect == PostgreSQL:
		l.quoted('\'', true, false)
	case low == "u" && next == '&' && l.byte(1) == '\'' && l.dialect == PostgreSQL:
		l.at++
		l.quoted('\'', false, false)
	case (low == "b" || low == "x") && next == '\'':
		l.quoted('\'', false, false)
	case low == "n" && next == '\'', word[0] == '_' && l.dialect == MySQL && next == '\'':
		l.quoted('\'', l.escapes, true)
	default:
		l.keep(word)
	}
}

// sign takes one character that is none of the above.
func (l *lexer) sign(c byte) {
	l.at++
	switch c {
	case '?':
		l.out.literal(l.space)
	case ')':
		l.out.close(l.space)
	case '\\', 0:
	default:
		l.out.add(string(rune(c)), l.space)
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}
func isWord(c byte) bool { return isWordStart(c) || isDigit(c) || c == '$' }
