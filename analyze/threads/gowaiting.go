package threads

import "strings"

// goReasons are the words Go prints in brackets.
var goReasons = map[string]struct {
	kind  WaitKind
	words string
	idle  bool
}{
	"running":                 {WaitRunning, "runs", false},
	"runnable":                {WaitRunning, "is ready to run", false},
	"preempted":               {WaitRunning, "is ready to run", false},
	"copystack":               {WaitRunning, "runs", false},
	"syscall":                 {WaitRunning, "is in a system call", false},
	"sync.Mutex.Lock":         {WaitLock, "waits for a mutex", false},
	"sync.RWMutex.Lock":       {WaitLock, "waits to write under a RWMutex", false},
	"sync.RWMutex.RLock":      {WaitLock, "waits to read under a RWMutex", false},
	"sync.WaitGroup.Wait":     {WaitResult, "waits for other goroutines (WaitGroup)", false},
	"sync.Cond.Wait":          {WaitCondition, "waits for a condition", false},
	"chan receive":            {WaitQueue, "receives from a channel", false},
	"chan send":               {WaitQueue, "sends to a channel", false},
	goParked:                  {WaitQueue, "waits at a channel", false},
	"select":                  {WaitQueue, "selects from channels", false},
	"chan receive (nil chan)": {WaitIdle, "waits forever on a nil channel", true},
	"chan send (nil chan)":    {WaitIdle, "waits forever on a nil channel", true},
	"select (no cases)":       {WaitIdle, "waits forever", true},
	"sleep":                   {WaitSleep, "sleeps", false},
	"finalizer wait":          {WaitIdle, "waits for finalizers", true},
	"cleanup wait":            {WaitIdle, "waits for finalizers", true},
	"force gc (idle)":         {WaitIdle, "is a goroutine of the runtime", true},
	"GC worker (idle)":        {WaitIdle, "is a goroutine of the runtime", true},
	"GC sweep wait":           {WaitIdle, "is a goroutine of the runtime", true},
	"GC scavenge wait":        {WaitIdle, "is a goroutine of the runtime", true},
	"GC assist wait":          {WaitCondition, "helps the garbage collector", false},
	"GC assist marking":       {WaitRunning, "helps the garbage collector", false},
	"trace reader (blocked)":  {WaitIdle, "is a goroutine of the runtime", true},
	"debug call":              {WaitCondition, "is held by a debugger", false},
}

// goTable tells by the innermost functions, where the words say too little or are missing.
var goTable = []signature{
	{"net.(*netFD).accept", WaitIdle, "accepts connections"},
	{"internal/poll.(*FD).Accept", WaitIdle, "accepts connections"},
	{"os/signal.signal_recv", WaitIdle, "waits for a signal"},
	{"os/signal.loop", WaitIdle, "waits for a signal"},
	{"net/http.(*conn).serve", WaitIdle, "waits for the next request of a connection"}, // only where nothing of a handler is above, see goReason
	{"database/sql.(*DB).conn", WaitDBPool, "waits for a database connection (database/sql)"},
	{"net/http.(*Transport).getConn", WaitHTTPPool, "waits for an HTTP connection"},
	{"net/http.(*persistConn).roundTrip", WaitSocketRead, "waits for an HTTP answer"},
	{"net/http.(*persistConn).readLoop", WaitIdle, "waits on an idle HTTP connection"},
	{"net/http.(*persistConn).writeLoop", WaitIdle, "waits on an idle HTTP connection"},
	{"net/http.(*connReader).backgroundRead", WaitIdle, "watches a connection while its request is served"},
	{"database/sql.(*DB).connectionOpener", WaitIdle, "waits for work"},
	{"database/sql.(*DB).connectionCleaner", WaitIdle, "waits for work"},
	{"net.(*Dialer).DialContext", WaitConnect, "connects"},
	{"net.(*Resolver).", WaitConnect, "resolves a host name"},
	{"os/exec.(*Cmd).Wait", WaitProcess, "waits for a child process to end"},
}

// goLowTable serves where goTable knows nothing: what stands here stands below much else.
var goLowTable = []signature{
	{"internal/poll.(*FD).Read", WaitSocketRead, "reads from a socket"},
	{"internal/poll.(*FD).Write", WaitSocketWrite, "writes to a socket"},
	{"internal/poll.(*FD).WaitWrite", WaitConnect, "connects"},
	{"internal/poll.runtime_pollWait", WaitSocketRead, "waits for a socket"},
	{"sync.(*WaitGroup).Wait", WaitResult, "waits for other goroutines (WaitGroup)"},
	{"sync.(*Cond).Wait", WaitCondition, "waits for a condition"},
	{"sync.(*Mutex).Lock", WaitLock, "waits for a mutex"},
	{"internal/sync.(*Mutex).", WaitLock, "waits for a mutex"},
	{"sync.(*RWMutex).RLock", WaitLock, "waits to read under a RWMutex"},
	{"sync.(*RWMutex).Lock", WaitLock, "waits to write under a RWMutex"},
	{"internal/sync.runtime_SemacquireMutex", WaitLock, "waits for a mutex"},
	{"sync.runtime_SemacquireMutex", WaitLock, "waits for a mutex"},
	{"os.(*Process).wait", WaitProcess, "waits for a child process to end"},
	{"os.(*File).Read", WaitDisk, "reads a file"},
	{"os.(*File).Write", WaitDisk, "writes a file"},
	{"os.(*File).Sync", WaitDisk, "forces a file to disk"},
	{"time.Sleep", WaitSleep, "sleeps"},
}

var (
	goWaits = newIndex(goTable)
	goLow   = newIndex(goLowTable)
)

// classifyGo puts the function tables before the words: "select" says less than what stands around it.
func classifyGo(t *Thread) Wait {
	words := goReasons[strings.TrimSuffix(t.StateText, " (scan)")]
	w := Wait{Kind: words.kind, Text: words.words, Idle: words.idle, Site: goSite(t.Stack.Frames)}
	if w.Kind == WaitRunning && t.StateText != "syscall" || w.Idle {
		return w
	}
	if sig := goSignature(t.Stack.Frames[:min(len(t.Stack.Frames), 24)]); sig != nil && (w.Kind != WaitLock || sig.kind == WaitLock) {
		w.Kind, w.Text, w.Idle = sig.kind, sig.words, sig.kind == WaitIdle
		return w
	}
	switch {
	case w.Text != "":
	case t.StateText == "semacquire":
		w.Kind, w.Text = WaitLock, "waits for a semaphore"
	case t.StateText != "":
		w.Kind, w.Text = WaitCondition, "waits: "+t.StateText
	default:
		w.Kind, w.Text = WaitUnknown, "the dump gives no state"
	}
	return w
}

func goSignature(frames []*Frame) *signature {
	for _, ix := range []*index{goWaits, goLow} {
		for i, f := range frames {
			if sig := ix.find(f.Func); sig != nil && (sig.kind != WaitIdle || onlyStandard(frames[:i])) {
				return sig
			}
		}
	}
	return nil
}

func onlyStandard(frames []*Frame) bool {
	for _, f := range frames {
		if !inGoStandard(f.Func) {
			return false
		}
	}
	return true
}

func goSite(frames []*Frame) *Frame {
	for _, f := range frames {
		if !inGoStandard(f.Func) {
			return f
		}
	}
	return nil
}

// goStandard are the first elements of the standard library's import paths.
var goStandard = func() map[string]bool {
	m := map[string]bool{}
	for _, p := range strings.Fields("archive arena bufio builtin bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing text time unicode unique unsafe weak vendor") {
		m[p] = true
	}
	return m
}()

func inGoStandard(fn string) bool {
	end := strings.IndexAny(fn, "./")
	return end > 0 && goStandard[fn[:end]]
}
