package envelope

import "bytes"

// prioritised reads syslog as it is sent: "<30>" before the columns of RFC 3164, or before those of RFC 5424.
func prioritised(b []byte) ([]byte, bool) {
	end := bytes.IndexByte(b[:min(len(b), 5)], '>')
	if end < 2 {
		return b, false
	}
	for _, c := range b[1:end] {
		if !isDigit(c) {
			return b, false
		}
	}
	rest := b[end+1:]
	if after, ok := bytes.CutPrefix(rest, []byte("1 ")); ok {
		return rfc5424(after)
	}
	return syslog(rest)
}

// rfc5424 reads "TIME HOST PROGRAM PID ID DATA TEXT", where DATA is "-" or "[id name="value" ...]", once or more.
func rfc5424(b []byte) ([]byte, bool) {
	for range 5 {
		_, rest, ok := bytes.Cut(b, []byte{' '})
		if !ok {
			return b, false
		}
		b = rest
	}
	switch {
	case len(b) == 0:
		return b, false
	case b[0] == '-':
		b = b[1:]
	case b[0] == '[':
		for len(b) > 0 && b[0] == '[' {
			end := dataEnd(b)
			if end < 0 {
				return b, false
			}
			b = b[end+1:]
		}
	default:
		return b, false
	}
	return bytes.TrimPrefix(bytes.TrimPrefix(b, []byte{' '}), []byte("\xef\xbb\xbf")), true
}

// dataEnd finds the bracket that ends an element; within quotes a backslash takes the meaning off what follows it.
func dataEnd(b []byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch {
		case quoted && b[i] == '\\':
			i++
		case b[i] == '"':
			quoted = !quoted
		case b[i] == ']' && !quoted:
			return i
		}
	}
	return -1
}
