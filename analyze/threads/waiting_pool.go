package threads

import "strings"

// A bounded resource is recognised by how its classes and methods are named in every language of the field: a pool is
// borrowed from.

// lending are the beginnings of methods that hand out one of a limited number of things.
var lending = []string{"borrow", "lease", "checkout", "checkOut", "acquire", "obtain", "reserve"}

// handing are beginnings that hand out where the class is a pool.
var handing = []string{"get", "take", "poll", "fetch", "request", "allocate", "wait", "await", "next"}

// noPools are parts of the names of classes that are pools of threads, not of things to borrow.
var noPools = []string{"ThreadPool", "Executor", "Worker", "ForkJoin", "Scheduler", "EventLoop", "StringPool", "ConstantPool"}

// poolCalls is how many calls outside the runtime may lie between the park and the one that borrows.
const poolCalls = 4

// pooled reports what a thread borrows that waits in a way that says no more than how: nil where no call on the way is
// one to a pool. A database's connection counts before the pool's own classes, which serve for anything.
func pooled(frames []*Frame, kind WaitKind) *signature {
	switch kind {
	case WaitPool, WaitPermit, WaitQueue, WaitCondition, WaitSleep:
	default:
		return nil
	}
	var found *signature
	own := 0
	for _, f := range frames {
		if InRuntime(f.Func) {
			continue
		}
		if own++; own > poolCalls {
			break
		}
		class, method := splitFunc(f.Func)
		switch {
		case method == "getConnection" && strings.Contains(class, "DataSource"):
			return &signature{f.Func, WaitDBPool, "waits for a database connection (" + class + ")"}
		case lends(class, method) && (found == nil || kind == WaitPool):
			found = &signature{f.Func, WaitPool, "waits for an object of the pool " + class}
		}
	}
	return found
}

func lends(class, method string) bool {
	for _, no := range noPools {
		if strings.Contains(class, no) {
			return false
		}
	}
	return startsLower(method, lending) || strings.Contains(class, "Pool") && startsLower(method, handing)
}

// startsLower reports whether a method is one of the words or goes on after it with a capital: "acquire",
// "acquireSlot", not "acquired".
func startsLower(method string, words []string) bool {
	for _, w := range words {
		if rest, ok := strings.CutPrefix(method, w); ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return true
		}
	}
	return false
}

// splitFunc gives the class without its package, and the method.
func splitFunc(fn string) (class, method string) {
	dot := strings.LastIndexByte(fn, '.')
	if dot < 0 {
		return "", fn
	}
	class = fn[:dot]
	return class[strings.LastIndexByte(class, '.')+1:], fn[dot+1:]
}

// awaitsOthers reports whether somebody else's doing ends the wait, whoever that is.
func (w Wait) awaitsOthers() bool {
	switch w.Kind {
	case WaitResult, WaitOthers, WaitCondition, WaitQueue:
		return true
	}
	return false
}

// memberLibraries ask other members of a cluster.
var memberLibraries = []string{
	"com.hazelcast.", "org.jgroups.", "org.infinispan.", "com.tangosol.", "org.apache.ignite.", "org.apache.geode.", "com.gemstone.gemfire.",
	"org.terracotta.", "com.terracotta.", "net.sf.ehcache.distribution.", "io.atomix.",
	"com.alipay.sofa.jraft.", "org.apache.ratis.",
}

// asksPeer names the system that a client asks whose calls wait for a future that its own threads complete; "" when no client is between
// the wait and the program.
func asksPeer(frames []*Frame) (peer string) {
	for _, f := range frames {
		if p := PeerOf(f.Func); p != "" {
			peer = p
			continue
		}
		if !InRuntime(f.Func) {
			return peer
		}
	}
	return "" // the client's own thread
}

// asksMember reports whether the program called such a library, which now waits: the library's own threads are none of
// it.
func asksMember(frames []*Frame) bool {
	asks := false
	for _, f := range frames {
		switch {
		case InRuntime(f.Func):
		case hasPrefixOf(f.Func, memberLibraries):
			asks = true
		default:
			return asks && !startsThread(f.Func)
		}
	}
	return false
}
