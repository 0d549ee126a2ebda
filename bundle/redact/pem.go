package redact

import "bytes"

// opensPEM reports whether a private key starts in this line and does not end in it, nor was
// replaced in it by an earlier pass.
func opensPEM(line []byte) bool {
	i := bytes.Index(line, []byte("PRIVATE KEY"))
	if i < 0 {
		return bytes.HasPrefix(line, []byte("PuTTY-User-Key-File")) || bytes.Contains(line, []byte("$ANSIBLE_VAULT;"))
	}
	return bytes.Contains(line[:i], []byte("-----BEGIN ")) && !bytes.Contains(line[i:], []byte("-----END")) && !bytes.Contains(line[i:], []byte(markerStart+"private-key"))
}

// pemBody finds the lines of a private key from offset at on: one span over all of them. It ends at the
// END line, or at a line that cannot belong to a key, so that a cut key does not swallow the rest of a log.
func (e *engine) pemBody(block []byte, at int, spans []found) ([]found, int) {
	start, end := at, at
	e.inPEM = true
	if len(e.pemPrefix) > 0 {
		return e.prefixedBody(block, at, spans)
	}
	for at < len(block) {
		_, lineEnd := lineAround(block, at)
		line := block[at:lineEnd]
		if !isPEMLine(line) {
			e.inPEM = false
			break
		}
		if len(bytes.TrimSpace(line)) > 0 {
			end = lineEnd
			if block[end-1] == '\r' {
				end--
			}
		} else if start == at {
			start = min(lineEnd+1, len(block))
		}
		at = min(lineEnd+1, len(block))
	}
	if start < end {
		start += len(block[start:end]) - len(bytes.TrimLeft(block[start:end], " \t\""))
		spans = append(spans, secretAt(start, end, "private-key", false))
	}
	return spans, at
}

// pemPrefix is what a log writes before each line of a key that begins in this line.
func pemPrefix(line []byte) []byte {
	i := max(bytes.Index(line, []byte("-----BEGIN ")), bytes.Index(line, []byte("$ANSIBLE_VAULT;")))
	if i <= 0 || len(bytes.Trim(line[:i], " \t\"'")) == 0 || i > maxPrefix {
		return nil
	}
	return bytes.Clone(line[:i])
}

// prefixedBody finds the lines of a key that a log wrote each with its own prefix.
func (e *engine) prefixedBody(block []byte, at int, spans []found) ([]found, int) {
	for at < len(block) {
		_, lineEnd := lineAround(block, at)
		line := block[at:lineEnd]
		start := afterPrefix(line, e.pemPrefix)
		if start < 0 || !isPEMLine(line[start:]) {
			e.inPEM = false
			break
		}
		if end := trimEnd(line, start, len(line)); start < end && markerLen(line[start:]) == 0 {
			spans = append(spans, secretAt(at+start, at+end, "private-key", false))
		}
		at = min(lineEnd+1, len(block))
	}
	return spans, at
}

// maxPrefix bounds what a log writes before a line, in bytes.
const maxPrefix = 512

// afterPrefix returns where line goes on after a prefix that differs from the given one at most in its numbers; -1 when
// it begins with something else.
func afterPrefix(line, prefix []byte) int {
	at := 0
	for i := 0; i < len(prefix); {
		switch {
		case at >= len(line):
			if len(bytes.TrimSpace(prefix[i:])) == 0 {
				return at
			}
			return -1
		case isDigit(prefix[i]) && isDigit(line[at]):
			for i < len(prefix) && isDigit(prefix[i]) {
				i++
			}
			for at < len(line) && isDigit(line[at]) {
				at++
			}
		case prefix[i] == line[at]:
			i++
			at++
		default:
			return -1
		}
	}
	return at
}

var pemHeaders = [][]byte{[]byte("Proc-Type:"), []byte("DEK-Info:"), []byte("Version:"), []byte("Comment:"), []byte("Encryption:"),
	[]byte("Public-Lines:"), []byte("Private-Lines:"), []byte("Private-MAC:"), []byte("Key-Derivation:"), []byte("Argon2-")}

func isPEMLine(line []byte) bool {
	line = bytes.Trim(line, " \t\r\"'+,\\")
	if len(line) == 0 || markerLen(line) == len(line) {
		return true
	}
	for _, h := range pemHeaders {
		if bytes.HasPrefix(line, h) {
			return true
		}
	}
	for _, c := range bytes.TrimSuffix(line, []byte(`\n`)) {
		if !isLetter(c) && !isDigit(c) && c != '+' && c != '/' && c != '=' {
			return false
		}
	}
	return true
}
