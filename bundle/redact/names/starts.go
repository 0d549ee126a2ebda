package names

import (
	"bytes"
	"net/netip"
	"strings"
)

// leading is what stands at the start of a line of an access log.
func (r *Rewriter) leading() {
	line := r.line
	if len(line) < 20 {
		return
	}
	if line[0] == '[' { // [28/Nov/2026:09:00:00 +0000] user http-nio-8090-exec-3 10.0.0.1 GET /x HTTP/1.1
		if end := bytes.IndexByte(line[:min(len(line), 40)], ']'); end > 12 && line[3] == '/' &&
			end+2 < len(line) && line[end+1] == ' ' {
			r.field(end+2, User)
		}
		return
	}
	if line[0] == ' ' || line[0] == '\t' {
		return
	}
	if at := r.afterStamp(); at > 0 {
		r.syslogHost(at)
		return
	}
	first := bytes.IndexByte(line[:min(len(line), 80)], ' ')
	if first < 0 {
		return
	}
	second := bytes.IndexByte(line[first+1:min(len(line), first+80)], ' ')
	if second < 1 {
		return
	}
	third := first + 1 + second + 1
	user := bytes.IndexByte(line[third:min(len(line), third+80)], ' ')
	if user < 1 || !bytes.HasPrefix(line[third+user:], []byte(" [")) || !isDate(line[third+user+2:]) {
		return
	}
	if isLetter(line[0]) {
		r.field(0, Host)
	}
	r.field(first+1, User)
	r.field(third, User)
}

// afterStamp is where the second field of a line of syslog begins, whose first is a time: Nov 28 09:00:00, or as in RFC
// 3339; 0: it has none.
func (r *Rewriter) afterStamp() int {
	line := r.line
	const classic = len("Nov 28 09:00:00 ")
	switch {
	case isLetter(line[0]) && line[3] == ' ' && line[6] == ' ' && line[9] == ':' && line[12] == ':' && line[15] == ' ':
		return classic
	case isDigit(line[0]) && line[4] == '-' && line[10] == 'T' && line[13] == ':':
		if n := bytes.IndexByte(line[:min(len(line), 40)], ' '); n > 0 {
			return n + 1
		}
	}
	return 0
}

// syslogHost replaces the host, which a program with its pid follows: web17 sshd[4711]:.
func (r *Rewriter) syslogHost(at int) {
	host, rest, _ := bytes.Cut(r.line[at:], []byte(" "))
	program, _, more := bytes.Cut(rest, []byte(" "))
	if !more || len(program) < 3 || program[len(program)-1] != ':' || !isLetter(program[0]) || len(host) == 0 ||
		commonWords[strings.ToLower(string(host))] {
		return
	}
	end := at + len(host)
	for i := at; i < end; i++ {
		if !isHostByte(r.line[i]) {
			return
		}
	}
	r.host(at, end)
}

// isDate reports whether a text begins like 28/Nov/2026.
func isDate(b []byte) bool {
	return len(b) > 6 && isDigit(b[0]) && isDigit(b[1]) && b[2] == '/' && isLetter(b[3])
}

// field is one column.
func (r *Rewriter) field(start int, kind Kind) {
	end := start
	for end < len(r.line) && r.line[end] > ' ' {
		end++
	}
	switch {
	case kind == Host:
		r.host(start, end)
	case string(r.line[start:end]) == "-":
	case bytes.IndexByte(r.line[start:end], '@') < 0 && (isLetter(r.line[start]) || r.line[start] >= 0x80):
		r.user(start, end, false)
	}
}

// afterFor is the user of sshd: Accepted publickey for x from 10.0.0.1.
func (r *Rewriter) afterFor(_, end int) int {
	rest := r.line[end:]
	if len(rest) < 2 || rest[0] != ' ' {
		return end
	}
	name := bytes.IndexByte(rest[1:], ' ')
	if name < 1 || !bytes.HasPrefix(rest[1+name:], []byte(" from ")) {
		return end
	}
	from, _, _ := bytes.Cut(rest[name+len("  from "):], []byte(" "))
	if _, err := netip.ParseAddr(string(from)); err != nil {
		return end
	}
	r.user(end+1, end+1+name, true)
	return end
}
