// Package charset tells in which encoding a text is kept, and gives it as UTF-8.
//
// Editors and shells of Windows save texts in UTF-16, with or without a byte order mark, and append such text to files
// that were not. So an encoding belongs to a run of bytes, not to a file: a Splitter cuts a stream into runs of UTF-16
// and runs of everything else. Everything else (UTF-8, ISO 8859-1, the code pages) has ASCII in common, which is what
// our parsers and rules look for, and is passed as it is.
//
// The way to UTF-8 and back loses nothing: surrogates that stand alone become the three bytes they would have in
// UTF-8 (known as WTF-8), an odd last byte becomes a run of its own. That is why this is no library's decoder: those
// put U+FFFD there.
//
// UTF-32 is not known: its text is taken for UTF-16 with a NUL behind each character.
package charset

// Encoding is how the text of a run is kept.
type Encoding uint8

// The encodings.
const (
	Narrow  Encoding = iota // ASCII in one byte a character: UTF-8 and its older relatives
	UTF16LE                 // low byte first
	UTF16BE                 // high byte first
)

func (e Encoding) String() string { return [...]string{"UTF-8", "UTF-16LE", "UTF-16BE"}[e] }

// HeadLen is how many bytes of the beginning Sniff wants to see.
const HeadLen = 4 << 10

// Sniff tells the encoding that a text begins with, and the length of its byte order mark in bytes. Without a mark
// UTF-16 is known by the zero bytes that only one half of the units has.
func Sniff(head []byte) (Encoding, int) {
	head = head[:min(len(head), HeadLen)]
	if e, n := mark(head); n > 0 {
		return e, n
	}
	if narrowBegin(head) {
		return Narrow, 0
	}
	var zeros [2]int // in first and second bytes of the units
	units := len(head) / 2
	for i := range 2 * units {
		if head[i] == 0 {
			zeros[i%2]++
		}
	}
	const least, share = 2, 8 // letters of ASCII: at least two, and an eighth of all
	const other = 2           // a few zeros are in the other half: U+4E00 is one of the commonest characters
	switch {
	case zeros[0]*other <= zeros[1] && zeros[1] >= least && zeros[1]*share >= units:
		return UTF16LE, 0
	case zeros[1]*other <= zeros[0] && zeros[0] >= least && zeros[0]*share >= units:
		return UTF16BE, 0
	}
	return Narrow, 0
}

func mark(head []byte) (Encoding, int) {
	switch {
	case len(head) >= 2 && head[0] == 0xff && head[1] == 0xfe:
		return UTF16LE, 2
	case len(head) >= 2 && head[0] == 0xfe && head[1] == 0xff:
		return UTF16BE, 2
	case len(head) >= 3 && head[0] == 0xef && head[1] == 0xbb && head[2] == 0xbf:
		return Narrow, 3
	}
	return Narrow, 0
}

// narrowBegin says that the first line, as far as it is looked at, is ASCII: a text that only goes on in UTF-16 is cut
// where it does.
func narrowBegin(head []byte) bool {
	const enough = 8 // bytes: of four Chinese characters one in five hundred is like that
	for i, c := range head[:min(len(head), enough)] {
		switch {
		case c == '\n' && i > 1:
			return true
		case c < ' ' && c != '\t' && c != '\r' && c != '\n' || c > '~':
			return false
		}
	}
	return len(head) >= enough
}

// plain are the characters that nearly all of a narrow text consists of. Two of them in a row, read as UTF-16, are one
// in eight of the Chinese characters in use; a run of them is no Chinese.
var plain = func() (set [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 =:._-/\r\n\t") {
		set[c] = true
	}
	return set
}()
