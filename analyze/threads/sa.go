package threads

import (
	"bytes"
	"strings"
)

// saDump reads jstack -F, which looks at the process from outside:
//
//	Thread 12345: (state = BLOCKED)
//	 - java.lang.Object.wait(long) @bci=0 (Compiled frame; information may be imprecise)
//	 - java.lang.ref.Reference$ReferenceHandler.run() @bci=36, line=153 (Interpreted frame)
type saDump struct{ block }

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

func openSA(s *scan, b []byte) format {
	s.begin(FormatSA)
	f := &saDump{}
	f.line(s, b)
	return f
}

// The agent's states are those of the VM's own thread structure.
var saStates = map[string]State{"BLOCKED": Waiting, "IN_NATIVE": Runnable, "IN_NATIVE_TRANS": Runnable, "IN_VM": Runnable, "IN_VM_TRANS": Runnable, "IN_JAVA": Runnable, "IN_JAVA_TRANS": Runnable, "NEW": New, "BLOCKED_TRANS": Waiting}

func (f *saDump) line(s *scan, b []byte) verdict {
	trimmed := bytes.TrimSpace(b)
	if len(trimmed) == 0 {
		return unknown
	}
	if nid, state, ok := parseSAHeader(b); ok {
		f.finish(s)
		f.t = s.newThread()
		f.t.NID, f.t.StateText = nid, s.intern.str(state)
		f.t.State = saStates[f.t.StateText]
		return taken
	}
	text, frame := bytes.CutPrefix(b, []byte(" - "))
	switch {
	case f.t == nil:
		return unknown
	case frame && bytes.Contains(text, []byte("@bci=")):
		f.push(s, s.intern.frameBy(text, parseSAFrame))
		return taken
	case bytes.HasPrefix(trimmed, []byte("Locked ownable synchronizers:")), string(trimmed) == "- None":
		return taken
	}
	if l, ok := parseLock(trimmed, true, s.intern); ok && trimmed[0] == '-' {
		f.addLock(s, l)
		return taken
	}
	return unknown
}

func parseSAFrame(text string) Frame {
	f := Frame{Text: text, Func: text}
	if open := strings.IndexByte(text, '('); open > 0 {
		f.Func = dropCounters(cutHiddenAddr(text[:open]))
	}
	if _, line, found := strings.Cut(text, "line="); found {
		n := runOf(line, isDigit)
		v, _ := atoi(line[:n])
		f.Line = int(v)
	}
	return f
}

func (f *saDump) close(s *scan) { f.finish(s) }
