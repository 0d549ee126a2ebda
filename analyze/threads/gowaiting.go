package threads

import (
	"slices"
	"strings"
)

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
	{"golang.org/x/sync/singleflight.(*Group).Do", WaitResult, "waits for the goroutine that makes the same call (singleflight)"},
	{"golang.org/x/sync/errgroup.(*Group).Wait", WaitResult, "waits for the goroutines of a group (errgroup)"},
	{"golang.org/x/sync/errgroup.(*Group).Go", WaitPermit, "waits for room in a group with a limit (errgroup)"},
	{"golang.org/x/sync/semaphore.(*Weighted).Acquire", WaitPermit, "waits for a permit (semaphore.Weighted)"},
	{"golang.org/x/time/rate.(*Limiter).", WaitPermit, "waits at a rate limiter (rate.Limiter)"},
	{"sync.(*Once).doSlow", WaitResult, "waits for the function of a sync.Once to end"},
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
	near := t.Stack.Frames[:min(len(t.Stack.Frames), 24)]
	if w.Kind == WaitQueue || w.Kind == WaitCondition || t.StateText == "semacquire" {
		if kind, text := goPool(near); text != "" {
			w.Kind, w.Text = kind, text
			return w
		}
	}
	if sig := goSignature(near); sig != nil && (w.Kind != WaitLock || sig.kind == WaitLock || isOnce(sig)) {
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

// GoesOn reports whether the goroutine is about to leave a wait, ready to run in what it waited by: in accept, a read, a lock.
func (t *Thread) GoesOn() bool {
	for _, f := range t.Stack.Frames {
		if !inGoStandard(f) {
			return false
		}
		if goKnown(f.Func) != nil {
			return true
		}
	}
	return false
}

// isOnce: those that come to a sync.Once while its function runs wait at its mutex.
func isOnce(sig *signature) bool { return strings.HasPrefix(sig.method, "sync.(*Once)") }

// goSignature finds what explains the top of the stack: what stands above it may be of libraries only, for a function that was given to a
// library runs below it too.
func goSignature(frames []*Frame) *signature {
	for _, ix := range []*index{goWaits, goLow} {
		for i, f := range frames {
			if sig := ix.find(f.Func); sig != nil {
				if own := sig.kind == WaitIdle && !onlyStandard(frames[:i]) || !onlyLibraries(frames[:i]); !own {
					return sig
				}
			}
		}
	}
	return nil
}

// goLends are the beginnings of the names of methods by which a pool lends.
var goLends = []string{"acquire", "borrow", "checkout", "conn", "get", "lease", "take", "wait", "pop"}

// databasePools are packages whose pools have connections to a database.
var databasePools = []string{"github.com/jackc/pgx", "go.mongodb.org/mongo-driver/", "github.com/gocql/gocql", "vitess.io/"}

// goPool recognises a goroutine that waits for a pool to lend: below libraries only, the outermost method of a type that is called a pool, by
// the name of one that lends. The words are empty when it is none.
func goPool(frames []*Frame) (kind WaitKind, text string) {
	for i, f := range frames {
		if !onlyLibraries(frames[:i]) {
			break
		}
		pkg, typ, method := goMethod(f.Func)
		switch lower := strings.ToLower(method); {
		case inGoStandard(f) || !strings.Contains(strings.ToLower(typ), "pool"):
		case text == "" && !hasPrefixOf(lower, goLends): // it makes a new one
			return WaitUnknown, ""
		case !hasPrefixOf(lower, goLends):
		case hasPrefixOf(pkg, databasePools):
			kind, text = WaitDBPool, "waits for a database connection ("+goTypeName(pkg, typ)+")"
		case kind != WaitDBPool:
			kind, text = WaitPool, "waits for an object of a pool ("+goTypeName(pkg, typ)+")"
		}
	}
	return kind, text
}

// goMethod takes apart "github.com/jackc/puddle/v2.(*Pool[...]).acquire"; the type is empty where it is no method of a pointer.
func goMethod(fn string) (pkg, typ, method string) {
	pkg, rest, ok := strings.Cut(fn, ".(*")
	if !ok {
		return "", "", ""
	}
	typ, method, _ = strings.Cut(rest, ").")
	typ, _, _ = strings.Cut(typ, "[")
	return pkg, typ, method
}

// goTypeName is the type behind the end of its package's path: "pgxpool.Pool", "go-redis/v9/internal/pool.ConnPool" as "go-redis/pool.ConnPool".
func goTypeName(pkg, typ string) string {
	parts := strings.Split(pkg, "/")
	parts = slices.DeleteFunc(parts, func(p string) bool {
		return p == "internal" || len(p) > 1 && p[0] == 'v' && strings.Trim(p[1:], "0123456789") == ""
	})
	name := parts[len(parts)-1]
	if len(parts) > 1 && strings.ToLower(name) == "pool" {
		name = parts[len(parts)-2] + "/" + name
	}
	return name + "." + typ
}

// InHandler reports whether the top call of a stack of Go is the one that the server made, or a function within it.
func InHandler(frames []*Frame) bool {
	frames = WithinGo(frames)
	for i, f := range frames {
		if inGoStandard(f) {
			return i == 1 || i > 1 && strings.HasPrefix(frames[0].Func, frames[1].Func+".")
		}
	}
	return false
}

// WithinGo leaves out the standard library's frames at the top of a stack of Go.
func WithinGo(frames []*Frame) []*Frame {
	i := slices.IndexFunc(frames, func(f *Frame) bool { return !inGoStandard(f) })
	return frames[max(0, i):]
}

func onlyStandard(frames []*Frame) bool {
	return !slices.ContainsFunc(frames, func(f *Frame) bool { return !inGoStandard(f) })
}

// onlyLibraries reports whether frames are of the standard library or of modules that the program uses.
func onlyLibraries(frames []*Frame) bool {
	return !slices.ContainsFunc(frames, func(f *Frame) bool { return !inGoStandard(f) && !inGoModule(f) })
}

// goSite is the program's innermost call, else that of a module.
func goSite(frames []*Frame) (site *Frame) {
	for _, f := range frames {
		switch {
		case inGoStandard(f):
		case !inGoModule(f):
			return f
		case site == nil:
			site = f
		}
	}
	return site
}

// isGo reports whether a frame is of a Go function, by its place.
func isGo(f *Frame) bool { return strings.HasSuffix(f.File, ".go") || strings.HasSuffix(f.File, ".s") }

// OfNoType reports whether the frame is of a Go function that is no method of a pointer: such functions share a package and no more.
func (f *Frame) OfNoType() bool { return isGo(f) && !strings.Contains(f.Func, ".(*") }

// inGoModule reports whether a function is of a module that the program uses: the go command puts those into folders with a version
// (/root/go/pkg/mod/golang.org/x/sync@v0.12.0/, also with -trimpath), or into vendor.
func inGoModule(f *Frame) bool {
	return isGo(f) && (strings.Contains(f.File, "@v") || strings.Contains(f.File, "/vendor/")) && !strings.HasPrefix(f.Func, "main.")
}

// goStandard are the first elements of the standard library's import paths.
var goStandard = func() map[string]bool {
	m := map[string]bool{}
	for _, p := range strings.Fields("archive arena bufio builtin bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing text time unicode unique unsafe weak vendor") {
		m[p] = true
	}
	return m
}()

// inGoStandard reports whether a function is of the standard library: the first element of other modules' paths is a domain.
func inGoStandard(f *Frame) bool {
	first, _, path := strings.Cut(f.Func, "/")
	if !path {
		first, _, _ = strings.Cut(f.Func, ".")
	}
	return goStandard[first] && isGo(f)
}
