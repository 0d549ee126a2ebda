package redact

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	xmlQuoted   = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `"`, `&quot;`, `'`, `&apos;`)
	xmlNumbered = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `"`, `&#34;`, `'`, `&#39;`)
	xmlText     = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`)
	xmlAmp      = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`)
	propsEscape = strings.NewReplacer(`\`, `\\`, `:`, `\:`, `=`, `\=`, `#`, `\#`, `!`, `\!`)
	propsColon  = strings.NewReplacer(`\`, `\\`, `:`, `\:`, `=`, `\=`)
)

// variants lists the forms in which a value travels through texts, itself first.
func variants(v string) []string {
	list := []string{
		v,
		url.QueryEscape(v), url.PathEscape(v), strings.ReplaceAll(url.QueryEscape(v), "+", "%20"),
		xmlQuoted.Replace(v), xmlNumbered.Replace(v), xmlText.Replace(v), xmlAmp.Replace(v),
		propsEscape.Replace(v), propsColon.Replace(v),
		jsonEscape(v, true), jsonEscape(v, false), strings.ReplaceAll(jsonEscape(v, false), "/", `\/`),
	}
	list = append(list, lowerPercent(url.QueryEscape(v)), componentEscape(v), strings.ReplaceAll(xmlNumbered.Replace(v), "&#39;", "&#x27;"))
	if !isASCII(v) {
		list = append(list, asciiEscape(v, `\u%04x`), asciiEscape(v, `\u%04X`))
		if l, ok := toLatin1(v); ok {
			list = append(list, l)
		}
	}
	list = append(list, insideBase64(v)...)
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		list = append(list, enc.EncodeToString([]byte(v)), enc.EncodeToString([]byte(v+"\n")))
	}
	list = append(list, recoded(v)...)
	list = append(list, repacked(v)...)
	list = slices.DeleteFunc(list, func(s string) bool { return len(s) < minLearned })
	slices.Sort(list)
	return slices.Compact(list)
}

// recoded lists the forms in which nothing of a value can be read: other case, hexadecimal, escapes for every character.
func recoded(v string) []string {
	list := []string{swapCase(v), hex.EncodeToString([]byte(v)), strings.ToUpper(hex.EncodeToString([]byte(v)))}
	if !wordlike([]byte(v)) {
		list = append(list, strings.ToLower(v), strings.ToUpper(v))
	}
	for _, format := range []string{`\u%04x`, `\u%04X`, `\\u%04x`} {
		list = append(list, everyUnit(v, format))
	}
	for _, format := range []string{"&#%d;", "&#x%x;", "&#x%X;", "&#%04d;", "&#%03d;", "&#x%04x;", "&#x%04X;"} {
		var b strings.Builder
		for _, r := range v {
			fmt.Fprintf(&b, format, r)
		}
		list = append(list, b.String())
	}
	for _, format := range []string{"%%%02X", "%%%02x", `\x%02x`, `\x%02X`, `\%03o`, "%02x ", "%02X ", "%02x:", "%02X:"} {
		var b strings.Builder
		for i := range len(v) {
			fmt.Fprintf(&b, format, v[i])
		}
		list = append(list, strings.TrimRight(b.String(), " :"))
	}
	return list
}

func swapCase(v string) string {
	return strings.Map(func(r rune) rune {
		if u := unicode.ToUpper(r); u != r {
			return u
		}
		return unicode.ToLower(r)
	}, v)
}

// everyUnit writes all of a value in UTF-16 units.
func everyUnit(v, format string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(v)) {
		fmt.Fprintf(&b, format, u)
	}
	return b.String()
}

// formsOf lists the forms of a value in texts and in binary data.
func formsOf(v string) forms {
	list := variants(v)
	list = list[:len(list):len(list)]
	return forms{text: append(list, textVariants(v)...), binary: append(list, binaryVariants(v)...)}
}

// textVariants are UTF-32, and how it stands in what charset took for UTF-16.
func textVariants(v string) []string {
	letters := strings.Split(v, "")
	return []string{strings.Join(letters, "\x00"), strings.Join(letters, "\x00\x00\x00")}
}

// binaryVariants are UTF-16, in which Java keeps and writes strings, and UTF-32.
func binaryVariants(v string) []string {
	var le, be, le32, be32 []byte
	for _, u := range utf16.Encode([]rune(v)) {
		le = append(le, byte(u), byte(u>>8))
		be = append(be, byte(u>>8), byte(u))
	}
	for _, r := range v {
		le32 = binary.LittleEndian.AppendUint32(le32, uint32(r))
		be32 = binary.BigEndian.AppendUint32(be32, uint32(r))
	}
	return []string{string(le), string(be), string(le32), string(be32)}
}

// insideBase64 lists how a value shows inside the base64 of a longer text, which holds it at one of three places in
// a group: the characters that depend on it alone.
func insideBase64(v string) []string {
	var list []string
	for before := range 3 {
		packed := base64.StdEncoding.EncodeToString(append(make([]byte, before), v...))
		start := []int{0, 2, 3}[before]
		end := (before + len(v)) * 8 / 6
		if end-start < minInside {
			continue
		}
		inside := packed[start:end]
		list = append(list, inside, strings.NewReplacer("+", "-", "/", "_").Replace(inside))
	}
	return list
}

// repacked lists how a value shows in Base32, in base64 of base64, each also inside a longer text, backwards, spaced out,
// and as a list of bytes.
func repacked(v string) []string {
	list := append(byteLists(v), backwards(v))
	if wordRE.MatchString(v) {
		list = append(list, strings.Join(strings.Split(v, ""), " "))
	}
	for _, packed := range insideBase32(v) {
		list = append(list, packed, strings.ToLower(packed))
	}
	for _, packed := range append(insideBase64(v), base64.StdEncoding.EncodeToString([]byte(v)), base64.RawStdEncoding.EncodeToString([]byte(v))) {
		list = append(list, insideBase64(packed)...)
	}
	return list
}

var wordRE = regexp.MustCompile(`^\w+$`)

// byteLists are the bytes of a value in decimal, as Java (signed), Go and JSON write them.
func byteLists(v string) []string {
	var list []string
	for _, between := range []string{", ", ",", " "} {
		var signed, unsigned []string
		for i := range len(v) {
			signed = append(signed, strconv.Itoa(int(int8(v[i]))))
			unsigned = append(unsigned, strconv.Itoa(int(v[i])))
		}
		list = append(list, strings.Join(signed, between), strings.Join(unsigned, between))
	}
	return list
}

func backwards(v string) string {
	runes := []rune(v)
	slices.Reverse(runes)
	return string(runes)
}

// insideBase32 is insideBase64 for Base32, where a longer text may hold a value at one of five places in a group.
func insideBase32(v string) []string {
	encoding := base32.StdEncoding.WithPadding(base32.NoPadding)
	list := []string{encoding.EncodeToString([]byte(v))}
	for before := range 5 {
		packed := encoding.EncodeToString(append(make([]byte, before), v...))
		start := (before*8 + 4) / 5
		end := (before + len(v)) * 8 / 5
		if end-start >= minInside {
			list = append(list, packed[start:end])
		}
	}
	return list
}

// minInside is what must be left of a value inside base64, in characters: few would be found by chance.
const minInside = 10

// lowerPercent turns %2F into %2f, as .NET and nginx write it.
func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			b[i+1], b[i+2] = b[i+1]|0x20, b[i+2]|0x20
		}
	}
	return string(b)
}

// componentEscape is encodeURIComponent of JavaScript.
func componentEscape(v string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(v))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// asciiEscape writes what is no ASCII in UTF-16 units.
func asciiEscape(v, format string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(v)) {
		if u < utf8.RuneSelf {
			b.WriteByte(byte(u))
		} else {
			fmt.Fprintf(&b, format, u)
		}
	}
	return b.String()
}

// toLatin1 is v in ISO 8859-1, in which Java read .properties for twenty years; false when that has no such characters.
func toLatin1(v string) (string, bool) {
	var b []byte
	for _, r := range v {
		if r > 0xff {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), utf8.ValidString(v)
}

// fromLatin1 is the UTF-8 of what is none.
func fromLatin1(v string) string {
	if utf8.ValidString(v) {
		return v
	}
	var b strings.Builder
	for i := range len(v) {
		b.WriteRune(rune(v[i]))
	}
	return b.String()
}

func jsonEscape(v string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if enc.Encode(v) != nil {
		return v
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1]
}
