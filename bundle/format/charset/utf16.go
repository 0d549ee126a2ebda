package charset

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unit reads two bytes.
func (e Encoding) unit(b []byte) uint16 {
	if e == UTF16BE {
		return uint16(b[0])<<8 | uint16(b[1])
	}
	return uint16(b[1])<<8 | uint16(b[0])
}

func (e Encoding) appendUnit(dst []byte, u uint16) []byte {
	if e == UTF16BE {
		return append(dst, byte(u>>8), byte(u))
	}
	return append(dst, byte(u), byte(u>>8))
}

// appendText appends the characters of src, whole units, as UTF-8.
func (e Encoding) appendText(dst, src []byte) []byte {
	for i := 0; i+1 < len(src); i += 2 {
		u := rune(e.unit(src[i:]))
		switch {
		case u < utf8.RuneSelf:
			dst = append(dst, byte(u))
		case !utf16.IsSurrogate(u):
			dst = utf8.AppendRune(dst, u)
		default:
			if i+3 < len(src) {
				if r := utf16.DecodeRune(u, rune(e.unit(src[i+2:]))); r != utf8.RuneError {
					dst = utf8.AppendRune(dst, r)
					i += 2
					continue
				}
			}
			dst = append(dst, 0xed, 0x80|byte(u>>6)&0x3f, 0x80|byte(u)&0x3f)
		}
	}
	return dst
}

// Encoder turns text that a Splitter gave back into its encoding. The zero value is for Narrow text.
type Encoder struct {
	Encoding Encoding
	part     []byte // of a character whose end has not come
}

// Append appends the encoded text to dst. Text may be cut anywhere between two calls; Narrow text is passed as it is.
// What is no UTF-8 becomes U+FFFD.
func (c *Encoder) Append(dst, text []byte) []byte {
	if c.Encoding == Narrow {
		return append(dst, text...)
	}
	if len(c.part) > 0 {
		text = append(c.part, text...)
		c.part = nil
	}
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			dst = c.Encoding.appendUnit(dst, uint16(text[0]))
			text = text[1:]
			continue
		}
		if !utf8.FullRune(text) || text[0] == 0xed && len(text) < 3 {
			c.part = append([]byte(nil), text...)
			break
		}
		r, n := utf8.DecodeRune(text)
		if n == 1 && text[0] == 0xed && text[1]&0xe0 == 0xa0 && text[2]&0xc0 == 0x80 { // a surrogate alone
			dst = c.Encoding.appendUnit(dst, 0xd000|uint16(text[1]&0x3f)<<6|uint16(text[2]&0x3f))
			text = text[3:]
			continue
		}
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			dst = c.Encoding.appendUnit(c.Encoding.appendUnit(dst, uint16(hi)), uint16(lo))
		} else {
			dst = c.Encoding.appendUnit(dst, uint16(r))
		}
		text = text[n:]
	}
	return dst
}

// Flush ends the text: a character that was begun becomes U+FFFD.
func (c *Encoder) Flush(dst []byte) []byte {
	if len(c.part) > 0 {
		dst = c.Encoding.appendUnit(dst, utf8.RuneError)
		c.part = nil
	}
	return dst
}
