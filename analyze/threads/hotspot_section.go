package threads

import "bytes"

// Lines around the threads, by how they begin.
var (
	// The title goes on in late updates of 21 and in newer JDKs:
	//
	//	Full thread dump OpenJDK 64-Bit Server VM (27.0.1+1 mixed mode, sharing)
	//	                 JDK version: OpenJDK Runtime Environment (27.0.1+1) (build 27.0.1+1)
	preambleLines = []string{"JDK version: ", "Threads class SMR info:", "_java_thread_list", "_to_delete_list", "next-> ", "_nested_thread_list", ", _nested_threads", "The _java_thread_list has changed", "0x", "}", "_threads_hazard_ptr", "_tlh_", "_deleted_thread", "_delete_"}
	jniLines      = []string{"JNI global ref"}
	// Shenandoah prints its heap without indentation.
	heapLines = []string{"Heap", "Shenandoah Heap", "Status: ", "Reserved region:", "Collection set:", "Region states:"}
	histogram = []string{"num   ", "num  ", "-----", "Total "}
)

func begins(b []byte, with []string) bool {
	for _, w := range with {
		if len(b) >= len(w) && string(b[:len(w)]) == w {
			return true
		}
	}
	return false
}

// sectionLine reads the lines that are no thread's.
func (h *hotspot) sectionLine(s *scan, b, trimmed []byte) verdict {
	h.dirty = true
	switch {
	case h.phase == preamble && begins(trimmed, preambleLines):
		return taken
	case begins(b, jniLines):
		return h.section(s, inTail)
	case bytes.HasPrefix(b, []byte("Found ")) && bytes.Contains(b, []byte("deadlock")):
		return h.deadlockTitle(s, b)
	case h.phase == inDeadlock:
		return h.deadlockLine(s, b, trimmed)
	case string(bytes.TrimSpace(b)) == "<EndOfDump>":
		h.section(s, inTail)
		return last
	case begins(b, heapLines) && (h.phase >= inHeap || len(bytes.TrimSpace(b)) == len("Heap")):
		return h.section(s, inHeap)
	case h.phase == inHeap && b[0] == ' ':
		return taken
	case h.phase == inThreads && begins(trimmed, histogram[:2]) && bytes.Contains(b, []byte("#instances")):
		return h.section(s, inTail)
	case h.phase >= inHeap:
		return h.tailLine(trimmed)
	}
	return h.looseLine(s, b)
}

func (h *hotspot) section(s *scan, p phase) verdict {
	h.finish(s)
	h.phase = p
	return taken
}

// tailLine knows the class histogram that -XX:+PrintClassHistogram adds. Anything else is a log line again.
func (h *hotspot) tailLine(trimmed []byte) verdict {
	if begins(trimmed, histogram) {
		return taken
	}
	if rank, _, found := bytes.Cut(trimmed, []byte{':'}); found && len(rank) < 10 {
		if _, ok := atoi(rank); ok {
			return taken
		}
	}
	return over
}

// looseLine sees what is no part of a HotSpot dump: SAP's continuation of a header, or foreign text.
func (h *hotspot) looseLine(s *scan, b []byte) verdict {
	if h.t != nil && len(h.frames) == 0 && begins(b, continued) {
		h.continuation(s, b)
		return taken
	}
	h.foreign = h.foreign || loggedException(b)
	return unknown
}

// SAP JVM breaks a thread's header into lines.
var continued = []string{"io= ", "io=", "user=", "prio=", "tid=", "cpu=", "os_prio="}

func (h *hotspot) continuation(s *scan, b []byte) {
	var hd header
	hd.nid, hd.cpu, hd.elapsed, hd.alloc = -1, -1, -1, -1
	hd.attributes(b)
	t := h.t
	s.scratch = *t.Identity
	t.Identity = &s.scratch
	if hd.tid != 0 {
		t.TID = hd.tid
	}
	if hd.nid >= 0 {
		t.NID = hd.nid
	}
	if hd.prio != 0 {
		t.Prio = hd.prio
	}
	if st, ok := stateOfWords(hd.words); ok {
		t.State, t.StateText = st, s.intern.str(hd.words)
	}
}

func (h *hotspot) deadlockTitle(s *scan, b []byte) verdict {
	if bytes.HasPrefix(b, []byte("Found one ")) {
		h.section(s, inDeadlock)
		s.dump.ReportedDeadlocks++
		h.waiter = ""
		return taken
	}
	word, _, _ := bytes.Cut(b[len("Found "):], []byte{' '})
	n, ok := atoi(word)
	if !ok {
		return unknown
	}
	s.dump.ReportedDeadlocks = max(s.dump.ReportedDeadlocks, int(n))
	return h.section(s, inTail)
}

// deadlockLine reads the deadlock section:
//
//	"A":
//	  waiting to lock monitor 0x00006000027bb330 (object 0x00000006b643c7a8, a java.lang.Object),
//	  which is held by "B"
//	  waiting for ownable synchronizer 0x000000052d0eaf78, (a java.util.concurrent.locks.ReentrantLock$NonfairSync),
//	  which is held by "B"
//
// The stacks that follow repeat those above.
func (h *hotspot) deadlockLine(s *scan, b, trimmed []byte) verdict {
	d := s.dump
	switch {
	case b[0] == '"':
		if name, ok := bytes.CutSuffix(bytes.TrimSpace(b), []byte(`":`)); ok {
			h.waiter = s.intern.str(name[1:])
			return taken
		}
		return over
	case len(trimmed) == len(b) && !stripped(b):
		if bytes.HasPrefix(b, []byte("=====")) || bytes.HasPrefix(b, []byte("Java stack information")) {
			return taken
		}
		return over
	case bytes.HasPrefix(trimmed, []byte("waiting to lock")), bytes.HasPrefix(trimmed, []byte("waiting for ownable")):
		if len(d.Reported) < maxReported {
			d.Reported = append(d.Reported, h.reportedWait(s, trimmed))
		}
	case bytes.HasPrefix(trimmed, []byte("which is held by")), bytes.HasPrefix(trimmed, []byte("in JNI, which is held by")):
		if n := len(d.Reported); n > 0 && d.Reported[n-1].Owner == "" {
			d.Reported[n-1].Owner = ownerName(trimmed)
		}
	case bytes.HasPrefix(trimmed, []byte("at ")), trimmed[0] == '-':
	default:
		return unknown
	}
	return taken
}

const maxReported = 10_000

func (h *hotspot) reportedWait(s *scan, b []byte) ReportedWait {
	w := ReportedWait{Deadlock: s.dump.ReportedDeadlocks - 1, Thread: h.waiter, Line: s.in.n, Ownable: bytes.HasPrefix(b, []byte("waiting for ownable"))}
	addr := []byte("(object ")
	if w.Ownable {
		addr = []byte("synchronizer ")
	}
	if i := bytes.Index(b, addr); i >= 0 {
		w.Addr, _ = hexPrefix(b[i+len(addr):])
	} else if i := bytes.Index(b, []byte("(Object@")); i >= 0 { // jstack -F
		w.Addr, _ = hexPrefix(b[i+len("(Object@"):])
	}
	if i := bytes.LastIndex(b, []byte("a ")); i >= 0 {
		w.Class = s.intern.str(bytes.ReplaceAll(bytes.TrimRight(b[i+2:], "),"), []byte{'/'}, []byte{'.'}))
	}
	return w
}
