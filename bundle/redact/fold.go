package redact

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldedText is a line as its reader takes it: without colours and what is not seen, full-width and accented letters
// as ASCII, words for a password in other scripts as "password". at has, for each byte, where it comes from.
type foldedText struct {
	text    []byte
	at, end []int32
}

// inOtherScripts are words for a password in scripts that have no ASCII form.
const inOtherScripts = `пароль|паролі|парола|密码|密碼|口令|パスワード|暗証番号|合言葉|비밀번호|암호|패스워드|סיסמה|סיסמא|كلمة المرور|كلمة السر|رمز عبور|` +
	`گذرواژه|κωδικός|συνθηματικό|รหัสผ่าน|पासवर्ड|कूटशब्द|পাসওয়ার্ড|கடவுச்சொல்|գաղտնաբառ|პაროლი`

// withAccents are those that fold to an ending of keyClasses.
const withAccents = `contraseña|hasło|lösenord|şifre|jelszó|mật khẩu|clé secrète|lykilorð|slaptažodis|aðgangsorð|fjalëkalim`

var foreignWords = foldedWords(inOtherScripts)

func foldedWords(list string) []string {
	var words []string
	for word := range strings.SplitSeq(list, "|") {
		words = append(words, string(foldRunes([]byte(word)).text))
	}
	return words
}

// foldWords ask for a look at the folded line.
var foldWords = func() []string {
	words := []string{"\x1b[", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u00a0", "\uff1a", "\uff1d", "\u2192", "\u21d2", "\u279c", "\u00bb", "\u2502", "\x00"}
	for i := range 26 { // full-width letters
		words = append(words, string(rune(0xff21+i)), string(rune(0xff41+i)))
	}
	for word := range strings.SplitSeq(inOtherScripts+"|"+withAccents, "|") {
		words = append(words, word, strings.ToUpper(word), upperFirst(word))
	}
	for i, w := range words {
		words[i] = lowerASCII(w)
	}
	return words
}()

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// lowerASCII is how the index reads a word.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// singles are characters that are read like others, and that Unicode does not decompose.
var singles = map[rune]string{
	'ł': "l", 'Ł': "L", 'ø': "o", 'Ø': "O", 'đ': "d", 'Đ': "D", 'ð': "d", 'þ': "th", 'ß': "ss", 'ı': "i", 'æ': "ae", 'œ': "oe",
	'→': "=>", '⇒': "=>", '➜': "=>", '➔': "=>", '⟶': "=>", '»': "=>", '›': "=>", '│': "|", '┃': "|", '║': "|", '：': ":", '＝': "=", '﹕': ":", '։': ":", '…': "...",
	'“': `"`, '”': `"`, '„': `"`, '‘': "'", '’': "'", '‚': "'", '«': `"`,
}

// needsFold reports whether folding can change the line.
func needsFold(line []byte) bool {
	at := 0
	for ; at+8 <= len(line); at += 8 {
		if binary.LittleEndian.Uint64(line[at:])&0x8080808080808080 != 0 {
			return true
		}
	}
	for _, c := range line[at:] {
		if c >= utf8.RuneSelf {
			return true
		}
	}
	return bytes.IndexByte(line, 0x1b) >= 0 || bytes.IndexByte(line, 0) >= 0
}

func fold(line []byte) *foldedText { return foldRunes(line).translate() }

func foldRunes(line []byte) *foldedText {
	f := &foldedText{text: make([]byte, 0, len(line))}
	for at := 0; at < len(line); {
		c := line[at]
		switch {
		case c == 0x1b:
			at += escapeLen(line[at:])
			continue
		case c == 0:
			at++
			continue
		case c < utf8.RuneSelf:
			f.add(string(rune(c)), at, at+1)
			at++
			continue
		}
		r, n := utf8.DecodeRune(line[at:])
		f.rune(r, line[at:at+n], at)
		at += n
	}
	return f
}

func (f *foldedText) rune(r rune, raw []byte, at int) {
	switch {
	case r == utf8.RuneError:
		f.add(string(raw), at, at+len(raw))
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r):
	case unicode.IsSpace(r):
		f.add(" ", at, at+len(raw))
	case singles[r] != "":
		f.add(singles[r], at, at+len(raw))
	default:
		for _, d := range norm.NFKD.String(string(r)) {
			if !unicode.Is(unicode.Mn, d) {
				if d >= utf8.RuneSelf {
					d = unicode.ToLower(d)
				}
				f.add(string(d), at, at+len(raw))
			}
		}
	}
}

func (f *foldedText) add(s string, start, end int) {
	f.text = append(f.text, s...)
	for range len(s) {
		f.at, f.end = append(f.at, int32(start)), append(f.end, int32(end))
	}
}

// translate puts "password" where another script has its word for it.
func (f *foldedText) translate() *foldedText {
	out := &foldedText{}
	at := 0
	for i := 0; i < len(f.text); {
		n := 0
		if f.text[i] >= utf8.RuneSelf {
			n = foreignWord(f.text[i:])
		}
		if n == 0 {
			i++
			continue
		}
		out.copy(f, at, i)
		out.add("password", int(f.at[i]), int(f.end[i+n-1]))
		i += n
		at = i
	}
	if at == 0 {
		return f
	}
	out.copy(f, at, len(f.text))
	return out
}

func (f *foldedText) copy(from *foldedText, start, end int) {
	f.text = append(f.text, from.text[start:end]...)
	f.at, f.end = append(f.at, from.at[start:end]...), append(f.end, from.end[start:end]...)
}

// foreignWord is the length of the word that b begins with, 0 for none.
func foreignWord(b []byte) int {
	for _, word := range foreignWords {
		if len(b) >= len(word) && string(b[:len(word)]) == word {
			return len(word)
		}
	}
	return 0
}

// escapeLen is the length of the terminal's control sequence that b begins with.
func escapeLen(b []byte) int {
	if len(b) < 2 || b[1] != '[' {
		return 1
	}
	for i := 2; i < len(b) && i < 32; i++ {
		if b[i] >= 0x40 && b[i] <= 0x7e {
			return i + 1
		}
	}
	return 2
}

// original maps a span of the folded line to the line's own bytes.
func (f *foldedText) original(s found) found {
	if s.start < s.end {
		s.start, s.end = int(f.at[s.start]), int(f.end[s.end-1])
	} else if s.start < len(f.at) {
		s.start = int(f.at[s.start])
		s.end = s.start
	}
	return s
}
