package threads

import (
	"bytes"
	"strconv"
	"strings"
)

// goroutines reads what Go prints: a panic, SIGQUIT, or the goroutine profile at debug=2
//
//	goroutine 21 [sync.Mutex.Lock, 5 minutes, locked to thread]:
//	sync.(*Mutex).Lock(...)
//		/usr/local/go/src/sync/mutex.go:46
//	main.main.func1()
//		/srv/app/main.go:5 +0x2d
//	created by main.main in goroutine 1
//		/srv/app/main.go:5 +0x57
//
// and the same at debug=1, where goroutines with one stack are one entry and states are missing:
//
//	goroutine profile: total 8
//	3 @ 0x48404e 0x464cb2
//	#	0x4850a4	internal/sync.runtime_SemacquireMutex+0x24	/usr/local/go/src/runtime/sema.go:95
type goroutines struct {
	block
	profile   bool   // debug=1
	fn        []byte // a function whose place is on the next line
	created   bool   // that function is the creator
	gap       bool
	elsewhere bool // it runs on another thread: there is no stack
	entered   bool // the frames that follow are the server's own, which called the handler
	// innermost is the first address of each entry at debug=1: of a function of the runtime, which is not printed.
	innermost map[*Thread]string
}

var goroutineProfile = []byte("goroutine profile: total ")

func isGoroutines(b []byte) bool {
	if bytes.HasPrefix(b, goroutineProfile) {
		return true
	}
	_, ok := parseGoroutine(b)
	return ok
}

func openGoroutines(s *scan, b []byte) format {
	s.begin(FormatGo)
	g := &goroutines{profile: bytes.HasPrefix(b, goroutineProfile), innermost: map[*Thread]string{}}
	if !g.profile {
		g.line(s, b)
	}
	return g
}

type goHeader struct {
	id            int64
	state, detail []byte
}

// parseGoroutine reads the first line of a goroutine. Since 1.23 a crash puts gp=, m= and mp= before the bracket.
func parseGoroutine(b []byte) (h goHeader, ok bool) {
	rest, found := bytes.CutPrefix(b, []byte("goroutine "))
	if !found || !bytes.HasSuffix(rest, []byte("]:")) {
		return h, false
	}
	open := bytes.IndexByte(rest, '[')
	if open < 2 {
		return h, false
	}
	id, _, _ := bytes.Cut(rest[:open], []byte{' '})
	if h.id, ok = atoi(id); !ok {
		return h, false
	}
	h.state, h.detail, _ = bytes.Cut(rest[open+1:len(rest)-2], []byte(", "))
	return h, true
}

func (g *goroutines) line(s *scan, b []byte) verdict {
	if len(bytes.TrimSpace(b)) == 0 {
		g.gap = true
		return unknown
	}
	if g.profile {
		return g.profileLine(s, b)
	}
	if h, ok := parseGoroutine(b); ok {
		g.begin(s)
		g.t.Num, g.t.StateText, g.t.StateDetail = h.id, s.intern.str(h.state), s.intern.str(h.detail)
		g.t.State = goState(g.t.StateText)
		return taken
	}
	if g.t == nil || g.gap {
		if g.t != nil && bytes.HasSuffix(b, []byte{')'}) && bytes.IndexByte(b[:argsAt(b)], '.') > 0 && argsAt(b) < len(b) {
			s.dump.Gaps++ // a call of a goroutine whose header is missing
		}
		return over
	}
	if b[0] == '\t' || b[0] == ' ' || len(g.fn) > 0 && isGoPlace(b) { // its tab may have got lost
		return g.place(s, bytes.TrimSpace(b))
	}
	if len(g.fn) > 0 {
		s.dump.Gaps++ // where that function is
	}
	return g.function(b)
}

// isGoPlace reports whether a line is "/srv/app/main.go:5 +0x2d", or the same on Windows.
func isGoPlace(b []byte) bool {
	place, _, _ := bytes.Cut(b, []byte(" +0x"))
	file, line, ok := bytes.Cut(place, []byte(".go:"))
	if !ok {
		file, line, ok = bytes.Cut(place, []byte(".s:"))
	}
	_, numbered := atoi(line)
	return ok && numbered && bytes.ContainsAny(file, `/\`)
}

func (g *goroutines) begin(s *scan) {
	g.finish(s)
	g.t = s.newThread()
	g.t.goroutine = true
	g.gap, g.fn, g.entered = false, nil, false
}

// function keeps the line for the place that follows. Arguments are addresses: they tell objects and requests apart, and are left out of the
// frame.
func (g *goroutines) function(b []byte) verdict {
	if by, ok := bytes.CutPrefix(b, []byte("created by ")); ok {
		by, parent, _ := bytes.Cut(by, []byte(" in goroutine "))
		g.t.Parent, _ = atoi(parent)
		g.fn, g.created = append(g.fn[:0], by...), true
		return taken
	}
	if bytes.HasPrefix(b, []byte("...")) { // ...23 frames elided...
		return taken
	}
	if !bytes.HasSuffix(b, []byte(")")) {
		return unknown
	}
	at := argsAt(b)
	g.fn, g.created = append(g.fn[:0], b[:at]...), false
	if at < len(b) {
		g.arguments(b[at+1 : len(b)-1])
	}
	return taken
}

// arguments reads what the function on g.fn was called with: "0xc000014080, {0xc00001c0a8, 0x5}, 0x20?". A question mark says that the value
// may be an old one (runtime.printArgs).
func (g *goroutines) arguments(args []byte) {
	if !g.entered && bytes.HasPrefix(g.fn, []byte("net/http.")) || bytes.HasPrefix(g.fn, []byte("google.golang.org/grpc.")) {
		g.entered = servesGo([]*Frame{{Func: string(g.fn)}})
	}
	if g.entered {
		g.t.call = hashArguments(g.t.call, args)
		return
	}
	if g.t.Object == 0 && bytes.Contains(g.fn, []byte(".(*")) {
		first, _, _ := bytes.Cut(args, []byte{','})
		g.t.Object = address(first)
	}
}

// lowestAddress is below all that a program allocates; smaller numbers are no addresses.
const lowestAddress = 1 << 16

// address reads "0xc000014080"; 0 where it is none, or may be an old one.
func address(arg []byte) uint64 {
	hex, ok := bytes.CutPrefix(arg, []byte("0x"))
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(string(hex), 16, 64)
	if err != nil || n < lowestAddress {
		return 0
	}
	return n
}

// hashArguments adds the values that are certain to a hash (FNV-1a).
func hashArguments(hash uint64, args []byte) uint64 {
	for arg := range bytes.FieldsFuncSeq(args, func(r rune) bool { return r == ',' || r == ' ' || r == '{' || r == '}' }) {
		if !bytes.HasPrefix(arg, []byte("0x")) || arg[len(arg)-1] == '?' {
			continue
		}
		if hash == 0 {
			hash = 14695981039346656037
		}
		for _, c := range arg {
			hash = (hash ^ uint64(c)) * 1099511628211
		}
	}
	return hash
}

// argsAt finds the parenthesis that the last one closes.
func argsAt(b []byte) int {
	depth := 0
	for i := len(b) - 1; i >= 0; i-- {
		switch b[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// place is "/srv/app/main.go:5 +0x2d" below a function.
func (g *goroutines) place(s *scan, b []byte) verdict {
	if len(g.fn) == 0 {
		known := bytes.HasPrefix(b, []byte("goroutine running on other thread")) || bytes.HasPrefix(b, []byte("[originating from"))
		if known {
			g.elsewhere = true
			return taken
		}
		return unknown
	}
	if i := bytes.LastIndex(b, []byte(" +0x")); i > 0 {
		b = b[:i]
	}
	if i := bytes.LastIndex(b, []byte(" fp=")); i > 0 {
		b = b[:i]
	}
	if g.created {
		g.t.Creator = s.intern.str(g.fn)
		g.t.EndLine = int32(s.in.n)
	} else {
		g.frame(s, g.fn, b)
	}
	g.fn = g.fn[:0]
	return taken
}

func (g *goroutines) frame(s *scan, fn, place []byte) {
	key := make([]byte, 0, 256)
	key = append(append(append(append(key, fn...), '('), place...), ')')
	g.push(s, s.intern.frameBy(key, parseGoFrame))
}

// parseGoFrame takes apart "sync.(*Mutex).Lock(/usr/local/go/src/sync/mutex.go:46)".
func parseGoFrame(text string) Frame {
	open := strings.LastIndexByte(text, '(')
	f := Frame{Text: text, Func: text[:open]}
	place := text[open+1 : len(text)-1]
	f.File = place
	if colon := strings.LastIndexByte(place, ':'); colon > 0 {
		if n, ok := atoi(place[colon+1:]); ok {
			f.File, f.Line = place[:colon], int(n)
		}
	}
	return f
}

func (g *goroutines) profileLine(s *scan, b []byte) verdict {
	if b[0] == ' ' || b[0] == '\t' { // the # got lost
		b = append([]byte("#\t"), bytes.TrimLeft(b, " \t")...)
	}
	if b[0] != '#' {
		count, rest, found := bytes.Cut(b, []byte(" @ 0x"))
		n, ok := atoi(count)
		if !found || !ok || len(rest) == 0 || n > 1<<30 {
			return over
		}
		g.begin(s)
		g.t.Count = int32(n)
		first, _, _ := bytes.Cut(rest, []byte(" "))
		g.innermost[g.t] = s.intern.str(first)
		return taken
	}
	if g.t == nil {
		return unknown
	}
	if labels, ok := bytes.CutPrefix(b, []byte("# labels: ")); ok {
		g.t.Group = s.intern.str(labels)
		return taken
	}
	fields := bytes.FieldsFunc(b, func(r rune) bool { return r == '\t' })
	if len(fields) < 3 {
		return unknown
	}
	fn := fields[2]
	if i := bytes.LastIndex(fn, []byte("+0x")); i > 0 {
		fn = fn[:i]
	}
	var place []byte
	if len(fields) > 3 {
		place = fields[3]
	}
	g.frame(s, fn, place)
	return taken
}

// finish names the goroutine after the function it was started with: that is what a leak's family is known by.
func (g *goroutines) finish(s *scan) {
	t := g.t
	if t == nil {
		return
	}
	if n := len(g.frames); n > 0 {
		t.Name = g.frames[n-1].Func
	}
	if !g.profile && (len(g.fn) > 0 || len(g.frames) == 0 && !g.elsewhere) {
		s.dump.Gaps++
	}
	g.elsewhere = false
	g.block.finish(s)
	if t.State == StateUnknown {
		t.State = goStateOf(t.Stack)
	}
}

func (g *goroutines) close(s *scan) {
	g.finish(s)
	g.findParked()
}

// findParked gives goroutines at debug=1 the state that is not printed. What parks them is the runtime's, and the same for all: those that are
// where a poll, a sleep or a semaphore parks are parked too, and where none of these is on the stack it is a channel.
func (g *goroutines) findParked() {
	park := map[string]bool{}
	for t, at := range g.innermost {
		if len(t.Stack.Frames) > 0 && parkedByName(t.Stack.Frames[0].Func) {
			park[at] = true
		}
	}
	for t, at := range g.innermost {
		if park[at] && len(t.Stack.Frames) > 0 && goKnown(t.Stack.Frames[0].Func) == nil {
			t.State, t.StateText = Waiting, goParked
		}
	}
}

// goParked is our word for the state of a goroutine that the runtime has parked for a reason that is not printed.
const goParked = "chan"

func parkedByName(fn string) bool {
	switch fn {
	case "internal/poll.runtime_pollWait", "time.Sleep", "sync.runtime_Semacquire", "sync.runtime_SemacquireMutex",
		"internal/sync.runtime_SemacquireMutex", "sync.runtime_SemacquireRWMutex", "sync.runtime_SemacquireRWMutexR",
		"sync.runtime_SemacquireWaitGroup", "sync.runtime_notifyListWait":
		return true
	}
	return false
}

// goStates maps the words in brackets; what is not here waits.
var goStates = map[string]State{
	"running": Runnable, "runnable": Runnable, "syscall": Runnable, "idle": Waiting, "dead": Terminated, "copystack": Runnable, "preempted": Runnable,
	"semacquire": Blocked, "sync.Mutex.Lock": Blocked, "sync.RWMutex.Lock": Blocked, "sync.RWMutex.RLock": Blocked,
	"sleep": TimedWaiting,
}

func goState(words string) State {
	words = strings.TrimSuffix(words, " (scan)")
	if st, ok := goStates[words]; ok {
		return st
	}
	return Waiting
}

// goKnown is what a function waits for by itself; nil where that is not known.
func goKnown(fn string) *signature {
	if w := goWaits.find(fn); w != nil {
		return w
	}
	return goLow.find(fn)
}

func goStateOf(st *Stack) State {
	for _, f := range st.Frames[:min(len(st.Frames), 4)] {
		if w := goKnown(f.Func); w != nil {
			switch w.kind {
			case WaitLock:
				return Blocked
			case WaitSleep:
				return TimedWaiting
			}
			return Waiting
		}
	}
	return StateUnknown
}
