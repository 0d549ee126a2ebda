package names

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
)

// address4 looks at four numbers with dots from start on, padded with zeros or not, and returns where to go on.
func (r *Rewriter) address4(start int) int {
	line := r.line
	end, dots := start, 0
	for end < len(line) && (isDigit(line[end]) || line[end] == '.' && end+1 < len(line) && isDigit(line[end+1])) {
		if line[end] == '.' {
			dots++
		}
		end++
	}
	if dots != 3 || end-start > len("255.255.255.255") || end < len(line) && (isLetter(line[end]) || line[end] == '_') {
		return end
	}
	if r.isVersion(start, end) {
		return end
	}
	r.hostBefore(start)
	number := uint32(0)
	for at := start; at < end; at++ {
		octet := uint32(0)
		for ; at < end && line[at] != '.'; at++ {
			octet = 10*octet + uint32(line[at]-'0')
		}
		if octet > 255 {
			return end
		}
		number = number<<8 | octet
	}
	as, known := r.ips[number]
	if !known {
		as = r.address4As(addr4(number))
		if len(r.ips) < maxDecided {
			r.ips[number] = as
		}
	}
	if as != "" {
		r.add(start, end, Address, as)
	}
	return end
}

// address4As is what stands for an address of IPv4; empty: it stays.
func (r *Rewriter) address4As(a netip.Addr) string {
	switch {
	case keptAddress(a):
		return ""
	case r.learn:
		return learnedMark
	}
	return r.set.AddressOf(a).String()
}

func (r *Rewriter) address(start, end int, a netip.Addr) {
	switch {
	case keptAddress(a):
	case r.learn:
		r.add(start, end, Address, learnedMark)
	default:
		r.add(start, end, Address, r.set.AddressOf(a).String())
	}
}

// versionWords stand before a number with dots that is no address.
var versionWords = []string{"version", "ver", "v", "release", "build", "jdk", "jre", "java", "openjdk",
	"vm", "revision", "runtime"}

// isVersion reports whether four numbers are those of a version: Chrome/120.0.0.0, jdk-17.0.12.1, version 1.2.3.4,
// (25.0.1.2+9). Those of private networks are addresses wherever they stand.
func (r *Rewriter) isVersion(start, end int) bool {
	line := r.line
	if isPrivate(line[start:end]) {
		return false
	}
	if end < len(line) && (line[end] == '+' || line[end] == '-' && end+1 < len(line) && isLetter(line[end+1])) {
		return true
	}
	if start == 0 || line[start-1] == ' ' && (start == 1 || !isLetter(line[start-2])) {
		return false
	}
	before := bytes.TrimRight(line[max(0, start-24):start], " \"'=:")
	switch line[start-1] {
	case '-', '_', '+', '.':
		return true
	case '/': // a product; a name with its address has a port, a bracket or the end after it
		return start > 1 && isWord(line[start-2]) && strings.HasSuffix(string(line[start:end]), ".0") ||
			start > 1 && isWord(line[start-2]) && end < len(line) && (line[end] == ' ' || line[end] == ';') &&
				!bytes.ContainsAny(before[:max(0, len(before)-1)], ".")
	}
	word := len(before)
	for word > 0 && isLetter(before[word-1]) {
		word--
	}
	text := strings.ToLower(string(before[word:]))
	for _, w := range versionWords {
		if text == w || len(w) > 3 && strings.HasSuffix(text, w) {
			return true
		}
	}
	return false
}

// isPrivate reports whether four numbers are an address of a private network (RFC 1918).
func isPrivate(text []byte) bool {
	if len(text) > 6 && string(text[:4]) == "172." && text[6] == '.' {
		return text[4] == '1' && text[5] >= '6' || text[4] == '2' || text[4] == '3' && text[5] < '2'
	}
	return bytes.HasPrefix(text, []byte("10.")) || bytes.HasPrefix(text, []byte("192.168."))
}

// hostBefore looks at the name that Java prints before an address: wiki.example.com/10.1.2.3.
func (r *Rewriter) hostBefore(start int) {
	line := r.line
	if start < 2 || line[start-1] != '/' {
		return
	}
	from := start - 1
	for from > 0 && isHostByte(line[from-1]) {
		from--
	}
	if from < start-1 && (from == 0 || !isPathByte(line[from-1])) {
		r.host(from, start-1)
	}
}

func isPathByte(c byte) bool {
	return c == '/' || c == '\\' || c == '_' || c == '~' || c == '%' || c == '$'
}

// colons looks at hexadecimal words between colons: IPv6, hardware addresses, the kernel's tables of sockets.
func (r *Rewriter) colons(at int) int {
	line := r.line
	start := at
	for start > 0 && (isHex(line[start-1])) {
		start--
	}
	if start > 0 && (isWord(line[start-1]) || line[start-1] == '_') {
		return at
	}
	end, colons, double := at, 0, false
	for end < len(line) && (isHex(line[end]) || line[end] == ':' || line[end] == '.' && colons > 1) {
		if line[end] == ':' {
			double = double || end+1 < len(line) && line[end+1] == ':'
			colons++
		}
		end++
	}
	switch {
	case end < len(line) && isWord(line[end]) && line[end] != '%':
		return at
	case colons == 1 && at-start >= 8:
		return r.kernel(start, at, end)
	case colons == 5 && end-start == 17 && !double:
		return r.hardware(start+2, ':')
	case colons == 6 && end-start == 18 && line[end-1] == ':' && !double:
		return r.hardware(start+2, ':')
	case colons < 2 || !double && colons != 7:
		return end
	}
	text := bytes.TrimRight(line[start:end], ".")
	a, err := netip.ParseAddr(string(text))
	if err != nil {
		text = bytes.TrimRight(text, ":")
		if a, err = netip.ParseAddr(string(text)); err != nil {
			return end
		}
	}
	r.address(start, start+len(text), a)
	return end
}

// kernel looks at an address as /proc/net/tcp prints it: words of 32 bits in the byte order of the host, and the port.
func (r *Rewriter) kernel(start, colon, end int) int {
	text := r.line[start:colon]
	if len(text) != 8 && len(text) != 32 || end-colon != 5 || bytes.ContainsAny(text, "abcdef") {
		return end
	}
	raw := make([]byte, len(text)/2)
	if _, err := hex.Decode(raw, text); err != nil {
		return end
	}
	swapWords(raw)
	a, _ := netip.AddrFromSlice(raw)
	if keptAddress(a) || r.learn {
		return end
	}
	to := r.set.AddressOf(a).AsSlice()
	swapWords(to)
	r.add(start, colon, Address, strings.ToUpper(hex.EncodeToString(to)))
	return end
}

func swapWords(b []byte) {
	for ; len(b) >= 4; b = b[4:] {
		binary.BigEndian.PutUint32(b, binary.LittleEndian.Uint32(b))
	}
}

// hardware looks at a hardware address whose first byte ends before at.
func (r *Rewriter) hardware(at int, sign byte) int {
	line := r.line
	start := at - 2
	end := start + 17
	if start < 0 || end > len(line) || start > 0 && (isWord(line[start-1]) || line[start-1] == sign ||
		line[start-1] == '_') ||
		end < len(line) && (isWord(line[end]) || line[end] == sign && sign == '-' || line[end] == '_') {
		return at
	}
	var b [6]byte
	upper, letters := false, false
	for i := range b {
		from := start + 3*i
		if _, err := hex.Decode(b[i:i+1], line[from:from+2]); err != nil || i < 5 && line[from+2] != sign {
			return at
		}
		for _, c := range line[from : from+2] {
			upper = upper || c >= 'A' && c <= 'F'
			letters = letters || isLetter(c)
		}
	}
	if b == [6]byte{} || b == [6]byte{255, 255, 255, 255, 255, 255} || b[0] == 0x02 && b[1] == 0 &&
		b[2] == 0x5e || sign == '-' && !letters {
		return end
	}
	if r.learn {
		return end
	}
	r.add(start, end, MAC, macText(r.set.mac(b), sign, upper))
	return end
}

func macText(b [6]byte, sign byte, upper bool) string {
	format := "%02x"
	if upper {
		format = "%02X"
	}
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprintf(format, c)
	}
	return strings.Join(parts, string(sign))
}
