package threads

import (
	"bytes"
	"strings"
)

// saDump reads what looks at the process from outside: jstack -F, and jhsdb jstack, where threads have HotSpot's headers
// again.
//
//	Deadlock Detection:
//	No deadlocks found.
//
//	Thread 12345: (state = BLOCKED)
//	 - java.lang.Object.wait(long) @bci=0 (Compiled frame; information may be imprecise)
//	 - java.lang.ref.Reference$ReferenceHandler.run() @bci=36, line=153 (Interpreted frame)
//
//	"main" #1 prio=5 tid=0x00007ff604017ed0 nid=0x3c92 waiting on condition [0x00007ff60a11e000]
//	   java.lang.Thread.State: TIMED_WAITING (sleeping)
//	   JavaThread state: _thread_blocked
//	 - java.lang.Thread.sleep(long) @bci=0 (Interpreted frame)
//
// With -m the stacks are those of the machine:
//
//	----------------- 15528 -----------------
//	0x00007ff60b6a0f16	__futex_abstimed_wait_common + 0xc6
//	0x00007f1b1d0186c7	* java.lang.Thread.run() bci:11 line:748 (Interpreted frame)
//	                  	* java.lang.Thread.run() bci:3 line:1474 (Compiled frame)
//
// Classes of locks have slashes: "parking to wait for <0x...> (a java/util/concurrent/locks/ReentrantLock$NonfairSync)".
type saDump struct {
	hotspot
	nid int64 // of -m, for the thread that follows; -1 none
}

func parseSAHeader(b []byte) (nid int64, state []byte, ok bool) {
	rest, found := bytes.CutPrefix(b, []byte("Thread "))
	num, rest, found2 := bytes.Cut(rest, []byte(": (state = "))
	nid, ok = atoi(num)
	return nid, bytes.TrimRight(rest, ") "), found && found2 && ok
}

func isSA(b []byte) bool {
	_, _, ok := parseSAHeader(b)
	return ok
}

// isSATitle recognises the report that precedes the threads.
func isSATitle(b []byte) bool { return string(bytes.TrimSpace(b)) == "Deadlock Detection:" }

func openSATitle(s *scan, _ []byte) format {
	s.begin(FormatSA)
	return &saDump{nid: -1}
}

func openSA(s *scan, b []byte) format {
	s.begin(FormatSA)
	f := &saDump{nid: -1}
	f.line(s, b)
	return f
}

// The agent's states are those of the VM's own thread structure.
var saStates = map[string]State{"BLOCKED": Waiting, "IN_NATIVE": Runnable, "IN_NATIVE_TRANS": Runnable, "IN_VM": Runnable, "IN_VM_TRANS": Runnable, "IN_JAVA": Runnable, "IN_JAVA_TRANS": Runnable, "NEW": New, "BLOCKED_TRANS": Waiting}

func (f *saDump) line(s *scan, b []byte) verdict {
	trimmed := bytes.TrimSpace(b)
	switch {
	case len(trimmed) == 0:
		return unknown
	case f.separator(s, trimmed):
		return taken
	}
	if nid, state, ok := parseSAHeader(b); ok {
		f.begin(s, nid)
		f.t.StateText = s.intern.str(state)
		f.t.State = saStates[f.t.StateText]
		return taken
	}
	if b[0] == '"' {
		if v := f.header(s, b); v == taken {
			f.takeNID()
			return taken
		}
	}
	if f.t == nil && f.nid < 0 {
		return f.report(s, b, trimmed)
	}
	if machine, ok := parseMachineFrame(b); ok {
		if f.t == nil {
			f.begin(s, f.nid)
		}
		f.push(s, s.intern.frameBy(machine, parseSAFrame))
		return taken
	}
	if f.t != nil && bytes.HasPrefix(b, []byte("Locked ownable synchronizers:")) {
		f.owned = true
		return taken
	}
	f.gap = false // what is owned stands behind a blank line
	before := f.t
	v := f.hotspot.line(s, dottedClass(b))
	if f.t != nil && f.t != before { // its name has several lines
		f.takeNID()
	}
	return v
}

// dottedClass writes the class that ends a line of a lock as HotSpot does.
func dottedClass(b []byte) []byte {
	i := bytes.Index(b, []byte("(a "))
	if i < 0 || bytes.IndexByte(b[i:], '/') < 0 {
		return b
	}
	return append(b[:i:i], bytes.ReplaceAll(b[i:], []byte{'/'}, []byte{'.'})...)
}

// separator takes "----------------- 15528 -----------------" of -m.
func (f *saDump) separator(s *scan, b []byte) bool {
	inner, ok := bytes.CutPrefix(b, []byte("----------------- "))
	num, _, ok2 := bytes.Cut(inner, []byte(" -----------------"))
	nid, ok3 := atoi(num)
	if !ok || !ok2 || !ok3 {
		return false
	}
	f.stackless(s)
	f.finish(s)
	f.nid = nid
	return true
}

// stackless keeps a thread of which -m shows nothing but its number.
func (f *saDump) stackless(s *scan) {
	if f.nid >= 0 {
		f.begin(s, f.nid)
	}
}

// begin opens a thread without a name.
func (f *saDump) begin(s *scan, nid int64) {
	f.finish(s)
	f.phase = inThreads
	f.t = s.newThread()
	f.t.NID, f.nid = nid, -1
}

func (f *saDump) takeNID() {
	if f.nid >= 0 {
		f.t.NID, f.nid = f.nid, -1
	}
}

// searched are what the agent says of its search; it fails where it does not know the VM's types.
var searched = []string{"Found a total of ", "No deadlocks found", "Can't print deadlocks:", "Finding concurrent locks."}

// report reads what stands before the threads: the agent's search for deadlocks.
func (f *saDump) report(s *scan, b, trimmed []byte) verdict {
	switch {
	case bytes.HasPrefix(b, []byte("Found one ")):
		s.dump.ReportedDeadlocks++
		f.waiter = ""
		return taken
	case begins(b, searched):
		return taken
	}
	if v := f.deadlockLine(s, b, trimmed); v != over {
		return v
	}
	return unknown
}

// parseMachineFrame reads a frame of -m: "0x00007ff60b6a0f16\t__futex_wait + 0xc6", Java's with a star before its name.
func parseMachineFrame(b []byte) ([]byte, bool) {
	addr, text, ok := bytes.Cut(b, []byte{'\t'})
	if !ok || len(addr) < 10 || len(addr) > 18 || len(text) == 0 {
		return nil, false
	}
	inlined := len(bytes.TrimLeft(addr, " ")) == 0 && bytes.HasPrefix(text, []byte("* ")) // it has no address of its own
	if !inlined && !bytes.HasPrefix(addr, []byte("0x")) {
		return nil, false
	}
	text = bytes.TrimPrefix(text, []byte("* "))
	name, _, _ := bytes.Cut(text, []byte(" + 0x"))
	return name, true
}

func parseSAFrame(text string) Frame {
	f := Frame{Text: text, Func: text}
	if open := strings.IndexByte(text, '('); open > 0 {
		f.Func = dropCounters(cutHiddenAddr(text[:open]))
	}
	_, line, found := strings.Cut(text, "line=")
	if !found {
		_, line, found = strings.Cut(text, "line:") // -m
	}
	if found {
		n := runOf(line, isDigit)
		v, _ := atoi(line[:n])
		f.Line = int(v)
	}
	return f
}

func (f *saDump) close(s *scan) {
	f.stackless(s)
	f.finish(s)
}
