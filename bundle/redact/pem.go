package redact

import "bytes"

// opensPEM tells whether a private key starts in this line and does not end in it, nor was
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
