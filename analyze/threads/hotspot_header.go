package threads

import (
	"bytes"
	"strings"
	"time"
)

// header is what a thread's first line says:
//
//	"main" #1 [42] daemon prio=5 os_prio=0 cpu=1.20ms elapsed=9.99s tid=0x00007f nid=42 runnable  [0x00007f00]
//	"main" prio=10 tid=0x0805c840 nid=0x2d42 waiting on condition [0x00000000..0xbff16fb0]
//	"main" prio=10 tid=60000000044e3840 nid=1194 lwp_id=9992026 runnable [9fffffffb6f00000..9fffffffb6f00a40]
//	"main" - Thread t@12
//	"main" id=3149 in RUNNABLE (running in native)
//	"main" daemon prio=5 Id=12 BLOCKED on java.lang.Object@1b owned by "other" Id=13
//	os_prio=31 cpu=105.44ms elapsed=45.95s tid=0x0000000101bcb200 nid=38915 runnable
//
// The name is not escaped and may hold anything: it ends at the last quote of the line that attributes follow.
type header struct {
	format                           Format
	name                             []byte
	num, nid, alloc                  int64
	tid                              uint64
	prio, osPrio                     int16
	cpu, elapsed                     time.Duration
	daemon, virtual, known, internal bool
	words                            []byte // the state in words
	state                            State
	detail                           []byte
	lock                             Lock // JMX puts the lock into the header
}

// parseHeader reads a line as a thread's first one. ok is false when it is none.
func parseHeader(b []byte) (h header, ok bool) {
	h = header{num: 0, nid: -1, cpu: -1, elapsed: -1, alloc: -1, format: FormatHotSpot}
	if len(b) < 3 {
		return h, false
	}
	rest := b
	if b[0] == '"' {
		quote := bytes.LastIndexByte(b, '"')
		if !bytes.HasPrefix(b[quote+1:], []byte(" #")) { // which java.lang.management never writes
			if jh, ok := tryJMX(b, h); ok {
				return jh, true
			}
		}
		if quote == 0 {
			return h, false
		}
		h.name = b[1:quote]
		rest = b[quote+1:]
	} else if !bytes.HasPrefix(b, []byte("os_prio=")) && !bytes.HasPrefix(b, []byte("prio=")) {
		return h, false
	}
	if t, found := bytes.CutPrefix(rest, []byte(" - Thread t@")); found {
		h.format, h.known = FormatVisualVM, true
		h.num, ok = atoi(bytes.TrimSpace(t))
		return h, ok
	}
	h.attributes(rest)
	return h, h.known
}

// attributes reads words until one is none; what follows is the state in words and the stack's address.
func (h *header) attributes(rest []byte) {
	rest = trimFront(rest)
	if bytes.Contains(rest, []byte(" [reset ")) {
		rest = joinSAP(rest)
	}
	for len(rest) > 0 {
		end := bytes.IndexByte(rest, ' ')
		if end < 0 {
			end = len(rest)
		}
		if !h.attribute(rest[:end]) {
			break
		}
		rest = trimFront(rest[end:])
	}
	stack := bytes.LastIndexByte(rest, '[') // only Java threads print where their stack lies
	h.internal = h.num == 0 && stack < 0 && len(rest) > 0
	if stack >= 0 {
		rest = rest[:stack]
	}
	h.words = trimEnd(rest)
	if _, ok := stateOfWords(h.words); ok && h.num != 0 {
		h.known = true
	}
}

// joinSAP turns SAP's "cpu=812.13 [reset 812.13] ms allocated=5 B (0.0 MB) [reset 5 B]" into "cpu=812.13ms allocated=5B".
func joinSAP(b []byte) []byte {
	var out []byte
	depth := 0
	for i, c := range b {
		switch {
		case c == '(' || c == '[' && bytes.HasPrefix(b[i:], []byte("[reset ")):
			depth++
		case depth > 0 && (c == ')' || c == ']'):
			depth--
		case depth == 0:
			out = append(out, c)
		}
	}
	fields := bytes.Fields(out)
	out = out[:0]
	for i, f := range fields {
		if unit := string(f); i > 0 && unit != "ms" && unit != "s" && unit != "B" {
			out = append(out, ' ')
		}
		out = append(out, f...)
	}
	return out
}

func (h *header) attribute(w []byte) bool {
	eq := bytes.IndexByte(w, '=')
	if eq < 0 {
		return h.flag(w)
	}
	val := w[eq+1:]
	switch string(w[:eq]) {
	case "prio":
		n, _ := atoi(val)
		h.prio = int16(n)
		h.known = true
	case "os_prio":
		h.osPrio = signed16(val)
		h.known = true
	case "cpu":
		h.cpu = duration(val)
	case "elapsed":
		h.elapsed = duration(val)
	case "allocated":
		h.alloc = size(val)
	case "tid":
		h.tid, _ = hexPrefix(val)
		h.known = true
	case "nid":
		if bytes.HasPrefix(val, []byte("0x")) {
			n, _ := hexPrefix(val)
			h.nid = int64(n)
		} else if n, ok := atoi(val); ok {
			h.nid = n
		}
		h.known = true
	case "lwp_id": // HP-UX: the kernel's id; nid is the VM's own count there
		if n, ok := atoi(val); ok {
			h.nid = n
		}
	default: // defined_classes=, _threads_hazard_ptr=, and what later versions add
		return isWord(w[:eq])
	}
	return true
}

func (h *header) flag(w []byte) bool {
	switch {
	case w[0] == '#':
		n, ok := atoi(w[1:])
		h.num = n
		return ok
	case w[0] == '[' && w[len(w)-1] == ']':
		n, ok := atoi(w[1 : len(w)-1])
		if ok && h.nid < 0 {
			h.nid = n
		}
		return ok
	case string(w) == "daemon":
		h.daemon = true
		return true
	case string(w) == "virtual":
		h.virtual = true
		return true
	case h.nid >= 0 && (string(w) == "/" || isDigit(w[0])): // SAP: nid=0x1a2b / 6699
		return true
	}
	return false
}

func isWord(b []byte) bool {
	for _, c := range b {
		if c != '_' && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(b) > 0
}

// stateWords maps the header's words to a state, for threads without a java.lang.Thread.State line (JDK 5, VM threads).
var stateWords = []struct {
	words string
	state State
}{
	{"runnable", Runnable},
	{"waiting for monitor entry", Blocked},
	{"in Object.wait()", Waiting},
	{"waiting on condition", Waiting},
	{"sleeping", TimedWaiting},
	{"suspended", Waiting},
	{"allocated", New},
	{"initialized", New},
	{"at breakpoint", Runnable},
	{"waiting", Waiting},
	{"blocked", Blocked},
	{"running", Runnable},
}

func stateOfWords(w []byte) (State, bool) {
	for i := range stateWords {
		if bytes.HasPrefix(w, []byte(stateWords[i].words)) {
			return stateWords[i].state, true
		}
	}
	return StateUnknown, false
}

// tryJMX looks for the id that these headers have before the state, and cuts off the lock's owner, which has a name in quotes too.
func tryJMX(b []byte, h header) (header, bool) {
	if !bytes.Contains(b, []byte(" Id=")) && !bytes.Contains(b, []byte(" id=")) {
		return h, false
	}
	if owner := bytes.LastIndex(b, []byte(" owned by \"")); owner > 0 {
		if jh, ok := parseJMXHeader(b[:owner], h); ok {
			jh.lock.Owner = ownerName(b[owner:])
			return jh, true
		}
	}
	return parseJMXHeader(b, h)
}

// parseJMXHeader reads the forms that java.lang.management gave rise to. Jenkins' support bundle has the last one:
//
//	"exec-1" id=31 in BLOCKED on lock=java.lang.Object@1b
//	"exec-1" daemon prio=5 Id=31 BLOCKED on java.lang.Object@1b owned by "main" Id=1
//	"exec-1" id=31 (0x1f) state=BLOCKED cpu=12% (suspended) (running in native)
func parseJMXHeader(b []byte, h header) (header, bool) {
	quote := bytes.LastIndexByte(b, '"')
	if quote <= 0 {
		return h, false
	}
	h.name = b[1:quote]
	rest := bytes.TrimLeft(b[quote+1:], " ")
	h.format, h.known = FormatJMX, true
	gotID := false
	for len(rest) > 0 {
		word, tail, _ := bytes.Cut(rest, []byte{' '})
		tail = bytes.TrimLeft(tail, " ")
		switch {
		case bytes.HasPrefix(word, []byte("id=")), bytes.HasPrefix(word, []byte("Id=")):
			n, ok := atoi(word[3:])
			if !ok {
				return h, false
			}
			h.num, gotID = n, true
		case string(word) == "daemon":
			h.daemon = true
		case bytes.HasPrefix(word, []byte("prio=")):
			n, _ := atoi(word[5:])
			h.prio = int16(n)
		case string(word) == "in" && gotID, gotID && (bytes.HasPrefix(word, []byte("(0x")) || bytes.HasPrefix(word, []byte("cpu="))):
		case gotID && bytes.HasPrefix(word, []byte("state=")):
			h.state = parseState(word[len("state="):])
		case gotID && h.state != StateUnknown:
			h.jmxDetail(rest)
			return h, true
		case gotID:
			h.state = parseState(word)
			h.jmxDetail(tail)
			return h, h.state != StateUnknown
		default:
			return h, false
		}
		rest = tail
	}
	return h, gotID && h.state != StateUnknown
}

// jmxDetail reads "on java.lang.Object@1b (in native)".
func (h *header) jmxDetail(b []byte) {
	if on, found := bytes.CutPrefix(b, []byte("on ")); found {
		on, _, _ = bytes.Cut(on, []byte{' '})
		h.lock.Class, h.lock.Addr = classAtHash(on)
		h.lock.Kind = waitKind(h.state)
	}
	if bytes.Contains(b, []byte("native)")) {
		h.detail = []byte("in native")
	}
}

func waitKind(s State) LockKind {
	if s == Blocked {
		return WaitingToLock
	}
	return WaitingOn
}

// classAtHash reads "java.lang.Object@1b". The identity hash stands in for an address.
func classAtHash(b []byte) (string, uint64) {
	at := bytes.LastIndexByte(b, '@')
	if at < 0 {
		return string(b), 0
	}
	hash, _ := hexPrefix(b[at+1:])
	return string(b[:at]), hash
}

// ownerName reads ` owned by "name" Id=12`, and ` owned by #12`, of which it gives the number with its sign.
func ownerName(b []byte) string {
	if i := bytes.Index(b, []byte(" #")); i >= 0 && bytes.IndexByte(b, '"') < 0 {
		num, _, _ := bytes.Cut(b[i+1:], []byte{' '})
		return string(num)
	}
	first, end := bytes.IndexByte(b, '"'), bytes.LastIndexByte(b, '"')
	if first < 0 || end <= first {
		return ""
	}
	return strings.ToValidUTF8(string(b[first+1:end]), "\uFFFD")
}

func parseState(b []byte) State {
	for i := range stateNames[1:] {
		if string(b) == stateNames[i+1] {
			return State(i + 1)
		}
	}
	return StateUnknown
}

// duration reads "5678.90ms", "58230.14s", "12ns"; -1 when it is none.
func duration(b []byte) time.Duration {
	var n, frac, scale int64 = 0, 0, 1
	i, digits := 0, 0
	for ; i < len(b) && isDigit(b[i]) && n < 1<<50; i++ {
		n = n*10 + int64(b[i]-'0')
		digits++
	}
	if i < len(b) && (b[i] == '.' || b[i] == ',') {
		for i++; i < len(b) && isDigit(b[i]); i++ {
			if scale < 1e9 {
				frac, scale = frac*10+int64(b[i]-'0'), scale*10
			}
		}
	}
	unit := time.Duration(0)
	switch string(b[i:]) {
	case "ms":
		unit = time.Millisecond
	case "s":
		unit = time.Second
	case "us":
		unit = time.Microsecond
	case "ns":
		unit = 1
	}
	if digits == 0 || unit == 0 || n > int64(1<<63-1)/int64(unit)-1 {
		return -1
	}
	return time.Duration(n)*unit + time.Duration(frac)*unit/time.Duration(scale)
}

// size reads "240B", "38351K", "12M", "3G"; -1 when it is none.
func size(b []byte) int64 {
	if len(b) == 0 {
		return -1
	}
	shift := map[byte]uint{'B': 0, 'K': 10, 'M': 20, 'G': 30}
	by, unit := shift[b[len(b)-1]]
	digits := b
	if unit {
		digits = b[:len(b)-1]
	}
	n, ok := atoi(digits)
	if !ok || n > 1<<62>>by {
		return -1
	}
	return n << by
}

func signed16(b []byte) int16 {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	n, _ := atoi(b)
	if neg {
		n = -n
	}
	return int16(n)
}
