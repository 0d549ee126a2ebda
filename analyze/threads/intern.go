package threads

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// An interner keeps one copy of each string, frame, stack and lock list of a source. Beyond its limit it forgets all and starts anew: what
// was handed out stays valid, only sharing is lost, and memory stays bounded.
type interner struct {
	limit, used int64 // bytes, roughly
	bodyBytes   int   // of them, those of bodies

	strings map[string]string
	frames  map[string]*sharedFrame
	last    *sharedFrame // handed out last: it knows which frame followed it before
	stacks  map[string]*Stack
	locks   map[string][]Lock
	threads map[Identity]*known
	thread  *known // of the open dump, read last
	first   *known // of the last dump
	bodies  map[*Stack]*body
	body    *body // handed out last
	nextID  uint32
	key     []byte
}

// sharedFrame is a frame with what finding it again takes. Stacks repeat, so that the next line is mostly the one that came next before:
// comparing with it saves the look-up.
type sharedFrame struct {
	Frame
	raw  string
	id   uint32
	next *sharedFrame
}

func newInterner(limit int64) *interner {
	in := &interner{limit: limit}
	in.reset()
	return in
}

func (in *interner) reset() {
	in.used = 0
	in.strings = make(map[string]string)
	in.frames = make(map[string]*sharedFrame)
	in.last = nil
	in.stacks = make(map[string]*Stack)
	in.locks = make(map[string][]Lock)
	in.threads = make(map[Identity]*known)
	in.thread, in.first = nil, nil
	in.dropBodies()
}

func (in *interner) dropBodies() {
	in.bodyBytes, in.body = 0, nil
	in.bodies = make(map[*Stack]*body)
	for _, k := range in.threads {
		k.body = nil
	}
}

// tidy is called between dumps.
func (in *interner) tidy() {
	in.thread = nil
	if in.bodyBytes > mostBodies {
		in.dropBodies()
	}
	if in.used > in.limit {
		in.reset()
	}
}

func (in *interner) str(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := in.strings[string(b)]; ok {
		return s
	}
	raw := string(b)
	s := raw
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	in.strings[raw] = s
	in.used += int64(len(s)) + 48
	return s
}

// frame gives the frame printed as b, a line's text behind "at".
func (in *interner) frame(b []byte) *sharedFrame { return in.frameBy(b, parseFrame) }

// frameBy gives the frame with that text; parse takes it apart the first time.
func (in *interner) frameBy(b []byte, parse func(string) Frame) *sharedFrame {
	if in.follows(b) {
		return in.last
	}
	f := in.frames[string(b)]
	if f == nil {
		raw := string(b)
		f = &sharedFrame{Frame: parse(strings.ToValidUTF8(raw, "\uFFFD")), raw: raw, id: uint32(len(in.frames) + 1)}
		in.frames[raw] = f
		in.used += int64(2*len(raw)) + 250
	}
	if in.last != nil {
		in.last.next = f
	}
	in.last = f
	return f
}

// follows reports whether the text is that of the frame which followed the last one before; then that is the last.
func (in *interner) follows(text []byte) bool {
	if in.last == nil || in.last.next == nil || in.last.next.raw != string(text) {
		return false
	}
	in.last = in.last.next
	return true
}

func (in *interner) stack(frames []*sharedFrame) *Stack {
	if len(frames) == 0 {
		return emptyStack
	}
	in.key = in.key[:0]
	for _, f := range frames {
		in.key = binary.LittleEndian.AppendUint32(in.key, f.id)
	}
	if s, ok := in.stacks[string(in.key)]; ok {
		return s
	}
	in.nextID++
	s := &Stack{Frames: make([]*Frame, len(frames)), ID: in.nextID}
	for i, f := range frames {
		s.Frames[i] = &f.Frame
	}
	in.stacks[string(in.key)] = s
	in.used += int64(12*len(frames)) + 100
	return s
}

func (in *interner) identity(id *Identity) *known {
	if one := in.threads[*id]; one != nil {
		return one
	}
	one := &known{Identity: *id}
	in.threads[one.Identity] = one
	in.used += 800
	return one
}

func (in *interner) lockList(locks []Lock) []Lock {
	if len(locks) == 0 {
		return nil
	}
	k := in.key[:0]
	for i := range locks {
		l := &locks[i]
		k = append(k, byte(l.Kind))
		k = binary.LittleEndian.AppendUint32(k, uint32(l.Depth))
		k = binary.LittleEndian.AppendUint64(k, l.Addr)
		k = append(k, l.Class...)
		k = append(k, 0)
		k = append(k, l.Owner...)
		k = append(k, 0)
	}
	in.key = k
	if l, ok := in.locks[string(k)]; ok {
		return l
	}
	l := append([]Lock(nil), locks...)
	in.locks[string(k)] = l
	in.used += int64(len(k)) + int64(len(locks))*56 + 64
	return l
}

// parseFrame takes apart a frame's text. HotSpot: class.method(module@ver/File.java:12); StackTraceElement:
// loader/module@ver/class.method(File.java:12).
func parseFrame(text string) Frame {
	f := Frame{Text: text}
	fn := text
	if open := strings.LastIndexByte(text, '('); open > 0 && strings.HasSuffix(text, ")") {
		fn = text[:open]
		f.setPlace(text[open+1 : len(text)-1])
	}
	fn = cutHiddenAddr(strings.TrimSpace(fn))
	if slash := strings.LastIndexByte(fn, '/'); slash >= 0 {
		f.Module = strings.Trim(fn[:slash], "/")
		fn = fn[slash+1:]
	}
	f.Func = dropCounters(fn)
	return f
}

func (f *Frame) setPlace(place string) {
	if slash := strings.IndexByte(place, '/'); slash >= 0 {
		f.Module, place = place[:slash], place[slash+1:]
	}
	switch place {
	case "Native Method":
		f.Native = true
		return
	case "Unknown Source", "":
		return
	}
	f.File = place
	if colon := strings.LastIndexByte(place, ':'); colon > 0 {
		if n, ok := atoi(place[colon+1:]); ok {
			f.File, f.Line = place[:colon], int(n)
		}
	}
}

// cutHiddenAddr takes what tells hidden classes of one process apart out of their names: an address, as in
// Foo$$Lambda/0x0000000052158210.run (with a plus sign where an agent reads the process), and until JDK 14 a hash, as in
// Foo$$Lambda$35/1921595561.run.
func cutHiddenAddr(s string) string {
	for i := 0; i < len(s)-1; i++ {
		if s[i] != '/' && s[i] != '+' {
			continue
		}
		end := i + 1
		if strings.HasPrefix(s[end:], "0x") {
			for end += 2; end < len(s) && isHex(s[end]); {
				end++
			}
		} else if s[i] == '/' {
			for end < len(s) && isDigit(s[end]) {
				end++
			}
			if end < len(s) && s[end] != '.' {
				continue
			}
		}
		if end > i+1 {
			s = s[:i] + s[end:]
			i--
		}
	}
	return s
}

// Names that runtimes number as they generate classes; the number says nothing about the code.
var numberedNames = []string{"$$Lambda$", "GeneratedMethodAccessor", "GeneratedConstructorAccessor", "GeneratedSerializationConstructorAccessor", "$Proxy", "$$EnhancerBySpringCGLIB$$", "$$FastClassBySpringCGLIB$$"}

func dropCounters(s string) string {
	for _, mark := range numberedNames {
		i := strings.Index(s, mark)
		if i < 0 {
			continue
		}
		start := i + len(mark)
		end := start
		hexed := strings.HasSuffix(mark, "$$")
		for end < len(s) && (isDigit(s[end]) || hexed && isHex(s[end])) {
			end++
		}
		if end > start {
			s = strings.TrimSuffix(s[:start], "$") + s[end:]
		}
	}
	return s
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

// atoi reads a whole decimal number.
func atoi[T string | []byte](s T) (int64, bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// hexPrefix reads the hexadecimal number at the start of b, with or without 0x, and says how many bytes it took.
func hexPrefix(b []byte) (n uint64, size int) {
	if bytes.HasPrefix(b, []byte("0x")) || bytes.HasPrefix(b, []byte("0X")) {
		size = 2
	}
	start := size
	for size < len(b) && size-start < 16 {
		c := b[size]
		switch {
		case isDigit(c):
			n = n<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint64(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | uint64(c-'A'+10)
		default:
			return n, size
		}
		size++
	}
	return n, size
}
