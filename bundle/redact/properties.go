package redact

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
)

// properties scrubs a Java .properties file (java.util.Properties.load): a logical line may
// go on behind a backslash, the key ends at the first unescaped =, : or space. Lines that keep
// their value keep their bytes.
func (e *engine) properties(b []byte) []byte {
	var out []byte
	for at := 0; at < len(b); {
		end := logicalLine(b, at)
		out = e.property(out, b[at:end], at)
		at = end
	}
	return out
}

// logicalLine returns the offset behind the newline that ends the logical line at from.
func logicalLine(b []byte, from int) int {
	comment := bytes.HasPrefix(bytes.TrimLeft(b[from:min(len(b), from+200)], " \t\f"), []byte("#"))
	for at := from; ; {
		n := bytes.IndexByte(b[at:], '\n')
		if n < 0 {
			return len(b)
		}
		line := bytes.TrimRight(b[at:at+n], "\r")
		at += n + 1
		slashes := len(line) - len(bytes.TrimRight(line, `\`))
		if slashes%2 == 0 || comment {
			return at
		}
	}
}

func (e *engine) property(out, line []byte, offset int) []byte {
	body := bytes.TrimRight(line, "\r\n")
	keyEnd, start := splitProperty(body)
	if start < 0 || start >= len(body) {
		text, _ := e.scalar(line, offset)
		return append(out, text...)
	}
	value := []byte(unescapeProperty(string(body[start:])))
	key := unescapeUnicode(unescapeProperty(string(bytes.TrimLeft(body[:keyEnd], " \t\f"))))
	clean, changed := e.member([]byte(key), value, offset+start)
	out = append(out, body[:start]...)
	if !changed { // a known value in another text's escapes shows only in the raw bytes
		raw, _ := e.scalar(body[start:], offset+start)
		return append(append(out, raw...), line[len(body):]...)
	}
	out = append(out, escapeProperty(string(clean))...)
	return append(out, line[len(body):]...)
}

// splitProperty returns where the key ends and the value starts; -1 for comments and blank lines.
func splitProperty(b []byte) (keyEnd, valueStart int) {
	at := len(b) - len(bytes.TrimLeft(b, " \t\f"))
	if at == len(b) || b[at] == '#' || b[at] == '!' {
		return -1, -1
	}
	for at < len(b) && b[at] != '=' && b[at] != ':' && b[at] != ' ' && b[at] != '\t' {
		if b[at] == '\\' {
			at++
		}
		at++
	}
	keyEnd = min(at, len(b))
	at = keyEnd
	for at < len(b) && (b[at] == ' ' || b[at] == '\t') {
		at++
	}
	if at < len(b) && (b[at] == '=' || b[at] == ':') {
		at++
		for at < len(b) && (b[at] == ' ' || b[at] == '\t') {
			at++
		}
	}
	return keyEnd, at
}

// unescapeProperty reads escapes and continuation lines. Unicode escapes are left: what they hide is
// looked for in this form too.
func unescapeProperty(s string) string {
	if !strings.ContainsRune(s, '\\') {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			b.WriteString(`\u`)
		case '\r', '\n':
			for i+1 < len(s) && strings.IndexByte(" \t\f\r\n", s[i+1]) >= 0 {
				i++
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescapeUnicode reads \uXXXX, as .properties and JSON have it for what is no ASCII.
func unescapeUnicode(s string) string {
	if !strings.Contains(s, `\u`) {
		return s
	}
	var units []uint16
	var b strings.Builder
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], `\u`) && len(s) >= i+6 {
			if u, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil {
				units = append(units, uint16(u))
				i += 6
				continue
			}
		}
		b.WriteString(string(utf16.Decode(units)))
		units = units[:0]
		b.WriteByte(s[i])
		i++
	}
	return b.String() + string(utf16.Decode(units))
}

var propertyEscapes = strings.NewReplacer(`\u`, `\u`, `\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\f", `\f`)

func escapeProperty(s string) string { return propertyEscapes.Replace(s) }

func unescapeBackslashes(s string) string { return unescapeProperty(s) }
