package sqltext

import "strings"

// Dialect is whose lexer reads a statement.
type Dialect int

const (
	PostgreSQL Dialect = iota
	MySQL              // and MariaDB
)

const (
	literal = "?"
	// Ellipsis stands for what was dropped or cut off.
	Ellipsis = "…"
	// maxName is the length in bytes of a name that is believed to be one: 63 in PostgreSQL, 256 in MySQL.
	maxName = 256
)

// Normalise takes the literals out of a statement. cut says that the server keeps no more of it than this. The text is
// at most limit bytes long and a few for an ellipsis.
func Normalise(statement string, d Dialect, cut bool, limit int) string {
	statement = strings.ToValidUTF8(statement, "�")
	plain := read(statement, d, false)
	l := plain
	if plain.ambiguous >= 0 {
		l = choose(statement, d, cut, plain)
	}
	l.out.unend()
	return l.out.text(limit, cut || l.dropped)
}

// choose gives the reading in which every string ends; the part before the first doubtful string where that does
// not decide.
func choose(statement string, d Dialect, cut bool, plain *lexer) *lexer {
	escaped := read(statement, d, true)
	switch {
	case cut || plain.open == escaped.open:
		l := read(statement[:plain.ambiguous], d, false)
		l.out.literal(l.space)
		l.dropped = true
		return l
	case plain.open:
		return escaped
	}
	return plain
}

// list is the statement as it is written, each element with the blank before it.
type list struct {
	tokens []token
	opened []int // places of brackets that are not closed yet
}

type token struct {
	text  string
	space bool // before it
	opens int  // of a closing bracket: where that opens; 0: nowhere
}

func (l *list) is(back int, text string) bool {
	return len(l.tokens) >= back && l.tokens[len(l.tokens)-back].text == text
}

func (l *list) add(text string, space bool) {
	if text == "(" {
		l.opened = append(l.opened, len(l.tokens))
	}
	l.tokens = append(l.tokens, token{text: text, space: space && len(l.tokens) > 0})
}

// assigns reports whether the last token is that after which SET or ALTER gives a setting its value.
func (l *list) assigns() bool {
	if len(l.tokens) < 3 {
		return false
	}
	first, last := l.tokens[0].text, l.tokens[len(l.tokens)-1].text
	return (strings.EqualFold(first, "set") || strings.EqualFold(first, "alter")) && (last == "=" || strings.EqualFold(last, "to"))
}

// signed are what a sign follows that belongs to a number.
var signed = map[string]bool{"(": true, ",": true, "=": true, "<": true, ">": true, "[": true, "*": true, "/": true, "+": true}

// literal adds one; a list of them is one, and so are a string in pieces and a number with its sign.
func (l *list) literal(space bool) {
	if n := len(l.tokens); n >= 2 && (l.is(1, "-") || l.is(1, "+")) && signed[l.tokens[n-2].text] {
		space = l.tokens[n-1].space
		l.tokens = l.tokens[:n-1]
	}
	switch n := len(l.tokens); {
	case l.is(1, literal):
	case l.is(1, ",") && l.is(2, literal):
		l.tokens = l.tokens[:n-1]
	case n >= 2 && strings.EqualFold(l.tokens[n-1].text, "uescape") && l.is(2, literal):
		l.tokens = l.tokens[:n-1]
	default:
		l.add(literal, space)
	}
}

// close adds the end of a list in brackets; one equal to the list before it goes: VALUES (?), (?).
func (l *list) close(space bool) {
	l.add(")", space)
	if len(l.opened) == 0 {
		return
	}
	from := l.opened[len(l.opened)-1]
	l.opened = l.opened[:len(l.opened)-1]
	l.tokens[len(l.tokens)-1].opens = from
	if from < 2 || l.tokens[from-1].text != "," || l.tokens[from-2].text != ")" {
		return
	}
	before := l.tokens[from-2].opens
	if from-1-before != len(l.tokens)-from {
		return
	}
	for i := range len(l.tokens) - from {
		if l.tokens[before+i].text != l.tokens[from+i].text {
			return
		}
	}
	l.tokens = l.tokens[:from-1]
}

// unend takes off the semicolon that some clients end a statement with.
func (l *list) unend() {
	for l.is(1, ";") {
		l.tokens = l.tokens[:len(l.tokens)-1]
	}
}

func (l *list) text(limit int, dropped bool) string {
	var b strings.Builder
	for _, t := range l.tokens {
		if b.Len()+len(t.text)+1 > limit {
			dropped = true
			break
		}
		if t.space {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	if dropped && !strings.HasSuffix(b.String(), Ellipsis) {
		b.WriteString(Ellipsis)
	}
	return b.String()
}
