package dumps

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// where names the place: the runtime's or library's call is in the words already, so the program's own, and the one
// that led there.
func (w *place) where() string {
	path := w.Path()
	if len(path) == 0 {
		if w.Site == nil {
			return ""
		}
		return "in " + say.Short(w.Site.Func) + w.ways()
	}
	text := "in " + say.Short(path[0].Func)
	caller := nextCaller(path)
	if own := w.enteredBy(path); own != nil {
		caller = own
	}
	if caller != nil {
		return text + " below " + say.Short(caller.Func)
	}
	return text + w.ways()
}

// whereAll names the program's calls that some threads have in common; "" when they have none.
func (v *view) whereAll(list []views.Sighting) string {
	return (&place{Place: &loss.Place{Sightings: list}, v: v}).where()
}

// nextCaller is the innermost call of another class than the first, on the way that all stacks have in common.
func nextCaller(path []*threads.Frame) *threads.Frame {
	for _, f := range path[1:] {
		if f.Class() != path[0].Class() {
			return f
		}
	}
	return nil
}

// enteredBy is the innermost call of the program's own package where permits are waited for in another one, which then is a library that no
// list knows: whose package was entered first is the program's.
func (w *place) enteredBy(path []*threads.Frame) *threads.Frame {
	entered := vendorOf(path[len(path)-1].Func)
	if w.Kind != loss.Permit && w.Kind != loss.Pool || entered == vendorOf(path[0].Func) {
		return nil
	}
	i := slices.IndexFunc(path, func(f *threads.Frame) bool { return vendorOf(f.Func) == entered })
	return path[i]
}

// vendorOf is the beginning of a package's name that tells whose it is: "com.acme" of com.acme.shop.Cart.add.
func vendorOf(fn string) string {
	if path := strings.SplitN(fn, "/", 3); len(path) > 1 { // Go: github.com/acme
		return path[0] + "/" + path[1]
	}
	if strings.HasPrefix(fn, "main.") {
		return "main"
	}
	parts := strings.SplitN(fn, ".", 3)
	return strings.Join(parts[:min(len(parts), 2)], ".")
}

// ways names the calls by which threads came where the ways split, three at most.
func (w *place) ways() string {
	branches := w.Branches()
	if len(branches) == 0 {
		return ""
	}
	var words []string
	for i, b := range branches {
		if i == 3 {
			words = append(words, say.Count(len(branches)-3, "other"))
			break
		}
		words = append(words, say.Short(b.Call.Func))
	}
	return " below " + say.List(words)
}

// words says what the threads wait for.
func (w *place) words() string {
	if w.Peer != "" && (w.Kind == loss.Socket || w.Kind == loss.Database) {
		return "waits for an answer of " + w.Peer
	}
	return w.Text
}

func (w *place) about() (names []string) {
	for i, f := range w.Path() {
		if i == 2 {
			break
		}
		names = append(names, say.Short(f.Func))
	}
	if len(names) == 0 && w.Site != nil {
		names = []string{say.Short(w.Site.Func)}
	}
	return names
}

// at is the program's call that advice speaks of.
func (w *place) at() string {
	if path := w.Path(); len(path) > 0 {
		return say.Short(path[0].Func)
	}
	if w.Site != nil {
		return say.Short(w.Site.Func)
	}
	return "the call"
}

// plainCalls are the runtime's own calls that a wait consists of. Its clients (directories, RMI, mail) are libraries like others.
var plainCalls = []string{"java.lang.", "java.util.", "java.io.", "java.nio.", "java.net.", "jdk.internal.", "sun.misc.", "sun.nio.", "sun.net.",
	"runtime.", "sync.", "internal/", "time."}

// via are the calls of a library between the program and the wait: the program's own call, the one that it made, and the one that waits. All
// threads of the place came that way; nil when the program waits by the runtime's own means, or in words that name the library already.
func (w *place) via() (own, called, waits *threads.Frame) {
	path := w.Path()
	if len(path) == 0 {
		return nil, nil, nil
	}
	own = path[0]
	switch w.Kind {
	case loss.Sleep, loss.Queue, loss.Condition, loss.Others:
	case loss.Permit, loss.Pool: // credits, windows, limits
		if own = w.enteredBy(path); own == nil {
			return nil, nil, nil
		}
	default:
		return nil, nil, nil
	}
	for i, s := range w.Sightings {
		c, at := libraryCalls(s.Thread.Stack.Frames, own.Func)
		if c == nil || i > 0 && c.Func != called.Func {
			return nil, nil, nil
		}
		called, waits = c, at
	}
	return own, called, waits
}

// libraryCalls are, of those that a method of the program led to, the innermost call of a library and the outermost one of the same library.
func libraryCalls(frames []*threads.Frame, own string) (called, waits *threads.Frame) {
	for _, f := range frames {
		if f.Func == own {
			break
		}
		plain := slices.ContainsFunc(plainCalls, func(p string) bool { return strings.HasPrefix(f.Func, p) })
		switch {
		case plain || waits != nil && vendorOf(f.Func) != vendorOf(waits.Func):
		case waits == nil:
			called, waits = f, f
		default:
			called = f
		}
	}
	return called, waits
}

// through says which call of a library the threads of the place wait in.
func (w *place) through() string {
	_, called, _ := w.via()
	if called == nil {
		return ""
	}
	return ", through " + say.Short(called.Func)
}

// libraryAdvice is for a wait within a library: what ends it is the library's to say.
func (w *place) libraryAdvice(own, called, waits *threads.Frame) string {
	at := ""
	if waits.Func != called.Func {
		at = ", at " + say.Short(waits.Func)
	}
	return fmt.Sprintf("%s waits inside %s (%s%s). Find what that call waits for - a limit that is set for it, a peer that does not answer, work of "+
		"the library's own threads - and cure that; give the call a time limit.", say.Short(own.Func), say.Short(called.Func), packageOf(called.Func), at)
}

// packageOf is the package of a method of Java or Go.
func packageOf(fn string) string {
	name := strings.TrimSuffix(fn, "."+fn[strings.LastIndexByte(fn, '.')+1:])
	if slash := strings.LastIndexByte(fn, '/'); slash >= 0 { // Go: the path, to the first dot after it
		end, _, _ := strings.Cut(fn[slash:], ".")
		return fn[:slash] + end
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return name[:dot]
	}
	return name
}

// relations are the other threads that have to do with a wait: who holds, who should take.
type relations struct {
	title     string // goes on after the place
	story     string
	evidence  []analyze.Evidence
	explained []views.Sighting
	holds     string // what they do, "sleep in Report.render"
	at        string // the program's call in which they do
	any       bool
	few       *fewCalls // they are as many as a client lets run at once; nil: not so
}

// relate puts those threads in words. role: "holds one", "takes from it".
func (w *place) relate(list []loss.Sighting, role, verb string) relations {
	if len(list) == 0 {
		return relations{}
	}
	r := relations{any: true, explained: list}
	peak := w.v.Peak(list)
	text, site := w.v.mostly(list)
	r.holds, r.at = text, site
	noun := "thread"
	if w.v.JVM == nil {
		noun = "goroutine"
	}
	who := say.Count(len(peak), noun)
	verbs := verb
	if len(peak) == 1 {
		if who = say.Quote(peak[0].Thread.Name); w.v.JVM == nil { // a name that all of them have
			who = "one goroutine"
		}
		verbs = role
	} else {
		text = asPlural(text)
	}
	r.title = fmt.Sprintf("; %s %s and %s", who, verbs, text)
	for _, s := range peak[:min(len(peak), 2)] {
		r.evidence = append(r.evidence, w.v.Cite(s.Dump, s.Thread, role+" and "+w.v.Doing(s.Thread)))
	}
	return r
}

// mostly says what most of the threads do, and in which call of the program.
func (v *view) mostly(list []views.Sighting) (text, site string) {
	type doing struct{ text, at string }
	counts := map[doing]int{}
	var best doing
	for _, s := range list {
		w := v.Series.Wait(s.Thread)
		d := doing{say.Brief(w.Text), ""}
		if own := threads.Calls(s.Thread.Stack.Frames); len(own) > 0 {
			d.at = say.Short(own[0].Func)
			if caller := nextCaller(own); caller != nil {
				d.at += " below " + say.Short(caller.Func)
			}
		} else {
			d.at = views.WhereIs(s.Thread, w)
		}
		if counts[d]++; counts[d] > counts[best] || counts[d] == counts[best] && d.text+d.at < best.text+best.at {
			best = d
		}
	}
	return strings.TrimSpace(best.text + " in " + best.at), best.at
}

// waitRow is what there is to say about one kind of wait.
type waitRow struct {
	kinds      []loss.Kind
	mark       string // of the words for the wait; "" any
	means      string
	related    func(*loss.Account, *place) relations
	advice     func(*place, relations) []analyze.Advice
	references []string
}

func rowOf(w *place) *waitRow {
	for i := range waitRows {
		r := &waitRows[i]
		if slices.Contains(r.kinds, w.Kind) && strings.Contains(w.Text, r.mark) {
			return r
		}
	}
	return &waitRows[len(waitRows)-1]
}

func nobody(*loss.Account, *place) relations { return relations{} }

// holders are those that have what the others wait for; when nobody has it, it was not given back.
func holders(a *loss.Account, w *place) relations {
	r := w.relate(a.Holders(w.Place), "holds one", "hold one")
	if !r.any {
		r.story = " No thread is seen that holds one: they were taken and never given back, or are held by work " +
			"that no thread does now."
		r.title = "; nobody is seen to hold one"
	}
	return r
}

func takers(a *loss.Account, w *place) relations {
	return w.relate(a.Takers(w.Place), "takes from it", "take from it")
}

// past are those that had in the same call what the others wait for: a queue or a channel that lends, as a pool does.
func past(a *loss.Account, w *place) relations {
	return w.relate(a.Past(w.Place), "is past it", "are past it")
}

// pastClass are those that are past the wait in another method of the same class: a pool of the program's own.
func pastClass(a *loss.Account, w *place) relations {
	return w.relate(a.PastClass(w.Place), "is past it", "are past it")
}

// waitRows are in order: the first that fits counts; the last fits all.
var waitRows = []waitRow{
	{kinds: []loss.Kind{loss.Permit}, mark: "rate limiter", means: "The limiter lets so many through in each second, and more come: the rest " +
		"queue up, each for longer than the one before.",
		related: nobody, advice: limiterAdvice},
	{kinds: []loss.Kind{loss.Permit}, means: "The permits are all taken: each thread stands until another one " +
		"gives one back.",
		related: holders, advice: poolAdviceOf("a permit"), references: []string{"Java API: Semaphore"}},
	{kinds: []loss.Kind{loss.Pool, loss.HTTPPool, loss.DBPool}, means: "All objects of the pool are in use: each " +
		"thread stands until one comes back.",
		related: holders, advice: poolAdviceOf("an object of the pool"), references: []string{"Apache Commons " +
			"Pool: GenericObjectPool, maxTotal and maxWait"}},
	{kinds: []loss.Kind{loss.Room}, mark: "producer's buffer", means: "The program gives records faster than the producer sends them: its buffer is full.",
		related: nobody, advice: unknownAdvice("Find out why the records that %s gives are not sent: brokers that answer slowly or throttle " +
			"(metrics request-latency-avg, produce-throttle-time-avg), then batches too small (batch.size, linger.ms, compression.type). max.block.ms bounds the wait; " +
			"buffer.memory only puts it off."), references: []string{"Apache Kafka: Producer Configs"}},
	{kinds: []loss.Kind{loss.Room}, mark: "(Lucene)", means: "The index takes documents faster than its segments are written and merged: it holds the writers back.",
		related: nobody, advice: unknownAdvice("Give merges room before %s goes on: look at the speed of the index's disk, index less at once or in larger batches, refresh less often " +
			"(index.refresh_interval), and on SSDs allow more merge threads (index.merge.scheduler.max_thread_count)."),
		references: []string{"Elasticsearch: Merge settings", "Apache Lucene: ConcurrentMergeScheduler"}},
	{kinds: []loss.Kind{loss.Room}, means: "The queue is full: those that put into it go on only as fast as those " +
		"that take from it.",
		related: takers, advice: roomAdvice, references: []string{"Java API: BlockingQueue"}},
	{kinds: []loss.Kind{loss.Member}, means: "The threads do nothing but wait for the answer of a member of the " +
		"cluster; it may be this one. A member that does not answer - a long collection, a blocked operation " +
		"thread, a lost network - holds all that ask it.",
		related: nobody, advice: memberAdvice, references: []string{"Hazelcast Platform: Threading model, slow " +
			"operations", "Atlassian: Troubleshooting a Data Center cluster outage"}},
	{kinds: []loss.Kind{loss.Future}, mark: "thread to end", means: "Each thread stands until the one that it " +
		"joins has ended.",
		related: nobody, advice: unknownAdvice("Find the thread that %s joins: it is alive in the same dumps, and " +
			"what it does there is what all wait for. Join with a time limit.")},
	{kinds: []loss.Kind{loss.Future}, mark: "singleflight", means: "One goroutine makes the call for all that ask for the same at the same " +
		"time: each stands for as long as that one takes.",
		related: goroutinesBehind, advice: goroutineAdvice("Find the goroutine that makes the call for %s, and why it takes long.")},
	{kinds: []loss.Kind{loss.Future}, mark: "sync.Once", means: "The first that comes to a sync.Once runs its function, and all others stand " +
		"until that has returned.",
		related: goroutinesBehind, advice: goroutineAdvice("Find the goroutine that runs the function which %s gives to the sync.Once: it is " +
			"blocked. Set up at the start of the service what requests need.")},
	{kinds: []loss.Kind{loss.Future}, mark: "goroutines", means: "It opens when each goroutine that was counted in it has ended its part.",
		related: goroutinesBehind, advice: goroutineAdvice("Find the goroutine that is to call Done for the WaitGroup of %s: " +
			"it is blocked itself, or has returned without it. Call Done in a defer.")},
	{kinds: []loss.Kind{loss.Future}, means: "Each thread stands until another one has finished the work that it " +
		"was given; no rule knows why that takes so long.",
		related: workersBehind, advice: futureAdvice, references: []string{"Java API: CompletableFuture, " +
			"Future.get with a time limit"}},
	{kinds: []loss.Kind{loss.Others}, mark: "CountDownLatch", means: "A latch opens when others have counted it " +
		"down; no rule knows who is to do so.",
		related: nobody, advice: unknownAdvice("Find who is to count the latch down that %s waits for, and why it " +
			"does not: it failed on the way, or waits itself. Count down in a finally block, and wait with a time " +
			"limit.")},
	{kinds: []loss.Kind{loss.Others}, mark: "CyclicBarrier", means: "A barrier opens when as many threads stand " +
		"at it as it was made for.",
		related: nobody, advice: unknownAdvice("Compare the number of parties that the barrier in %s was made for " +
			"with the threads that ever come to it: the pool must be as large, and one that failed must break the " +
			"barrier. Wait with a time limit.")},
	{kinds: []loss.Kind{loss.Others}, mark: "Phaser", means: "A phase ends when all registered parties have arrived.",
		related: nobody, advice: unknownAdvice("Find the party of the phaser in %s that is registered and does " +
			"not arrive: one that failed must deregister. Wait with a time limit.")},
	{kinds: []loss.Kind{loss.Others}, means: "The threads wait for partners that do not come.",
		related: nobody, advice: unknownAdvice("Find the partner that is to meet the threads in %s, and why it " +
			"does not come. Wait with a time limit.")},
	{kinds: []loss.Kind{loss.FileLock}, means: "Another process, or another channel of this one, keeps the lock " +
		"of the file.",
		related: nobody, advice: unknownAdvice("Find who keeps the lock of the file that %s wants (lslocks, " +
			"lsof), and take file locks with tryLock and a time limit.")},
	{kinds: []loss.Kind{loss.Process}, means: "Each thread stands until a child process ends or prints something.",
		related: nobody, advice: unknownAdvice("Find the child processes that %s starts (ps --ppid) and what they " +
			"wait for; wait for a child process with a time limit, and read all that it prints.")},
	{kinds: []loss.Kind{loss.Sleep}, means: "The threads sleep by their own will while a user waits: a loop that " +
		"tries again, or waits for something by looking now and then.",
		related: nobody, advice: sleepAdvice},
	{kinds: []loss.Kind{loss.Connect}, mark: "resolves", means: "The resolver does not answer: each look-up waits " +
		"for its time limit.",
		related: nobody, advice: unknownAdvice("Check the name servers of the node (/etc/resolv.conf, `getent hosts NAME` with the time it takes) for the host name that %s looks up; keep the address, or a caching resolver on the node.")},
	{kinds: []loss.Kind{loss.Connect}, means: "The other side does not accept the connection: it is down, " +
		"overloaded, or a firewall drops the packets.",
		related: nobody, advice: unknownAdvice("Find the address that %s connects to (`ss -tn state syn-sent`), and whether it can be reached from this node; set a connect timeout.")},
	{kinds: []loss.Kind{loss.Socket, loss.Database}, mark: "writes to", means: "The other side does not read what " +
		"it is sent: the buffers of the connection are full.",
		related: nobody, advice: unknownAdvice("Find the peer that does not read what %s sends (`ss -tnp`: a Send-Q " +
			"that does not shrink), and what it does; bound the time of a write (a non-blocking channel, or close " +
			"the socket when the time is over: read timeouts do not end a write).")},
	{kinds: []loss.Kind{loss.Socket, loss.Database}, means: "The threads wait for another system, which answers " +
		"slowly or not at all.",
		related: nobody, advice: answerAdvice},
	{kinds: []loss.Kind{loss.Lock}, means: "The threads want a lock that another thread holds.",
		related: holdersOfLock, advice: lockAdvice},
	{kinds: []loss.Kind{loss.Queue}, mark: "channel", means: "The goroutines wait for a partner at a channel.",
		related: past, advice: limitOr("Find the goroutine that is to serve the channel of %s, and why it " +
			"does not: it has ended, or is blocked itself. Select on the request's context as well as on the channel.")},
	{kinds: []loss.Kind{loss.Queue}, means: "Each thread stands until there is an element for it to take.",
		related: past, advice: limitOr("Find who is to put into the queue that %s takes from, and why it does not. " +
			"A queue that lends what threads give back (a pool) is empty for good when one does not: give back in " +
			"a finally block. Wait with a time limit.")},
	{kinds: []loss.Kind{loss.Condition}, mark: "notified", means: "The threads wait to be notified; no rule knows " +
		"by whom.",
		related: pastClass, advice: limitOr("Find who is to notify the threads in %s: a notify that came " +
			"before the wait is lost, so that the condition must be checked under the lock, in a loop, with a " +
			"time limit.")},
	{means: "No rule knows what ends this wait.",
		related: pastClass, advice: limitOr("Find what is to wake those that stand in %s, and why it does not; wait " +
			"with a time limit.")},
}

// goroutinesBehind are those that do what the others wait for: below the very call in which they wait, or started by them.
func goroutinesBehind(a *loss.Account, w *place) relations {
	if r := w.relate(a.Past(w.Place), "does that work", "do that work"); r.any {
		return r
	}
	return w.relate(a.Made(w.Place), "works for them", "work for them")
}

// workersBehind may be who the others wait for: one that does the work below the very call in which they wait, else threads of other
// pools that are at a task, else those at work in the same class.
func workersBehind(a *loss.Account, w *place) relations {
	if w.v.JVM == nil {
		return relations{}
	}
	if r := w.relate(a.Past(w.Place), "does that work", "do that work"); r.any {
		return r
	}
	var list []loss.Sighting
	crews := map[*threads.Crew]bool{}
	for _, p := range a.Places() {
		if !p.Requests && p.Kind != loss.Future && threads.InTask(p.Sightings[0].Thread.Stack.Frames) {
			list = append(list, p.Sightings...)
			crews[p.Crew] = true
		}
	}
	r := w.relate(list, "runs a task", "run tasks")
	r.explained = nil // they may be at something else
	if r.any {
		r.story = " Threads of other pools that are at a task " + asPlural(r.holds) + "."
		if len(crews) > 1 {
			r.title = ""
		}
		if r.few = w.fewAtOnce(list); r.few != nil {
			r.title = fmt.Sprintf("; only %d of these calls run at once, in %s, and the others have not begun", r.few.n, r.at)
			r.story += r.few.story()
		}
		return r
	}
	return w.relate(a.Takers(w.Place), "is at work for it", "are at work for it")
}

func holdersOfLock(a *loss.Account, w *place) relations {
	_, dump := w.Peak()
	if st := w.v.Series.Graph(dump).BlockedOn(w.v.Peak(w.sightings())[0].Thread); st != nil && st.Owner != nil {
		r := w.relate([]loss.Sighting{{Dump: dump, Thread: st.Owner}}, "holds it", "hold it")
		r.explained = nil
		return r
	}
	r := w.relate(a.Holders(w.Place), "may hold it", "may hold it")
	r.story = " Which one, the dumps do not show."
	if r.any {
		r.story += " Besides them only " + w.v.Crowd(w.v.Peak(r.explained)).String() + " is in the same class, " +
			"most likely the holder."
	}
	r.explained = nil
	return r
}
