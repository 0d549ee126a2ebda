package threads

import (
	"bytes"
	"strings"
	"time"

	"casefile/analyze/say"
)

// jrockit reads
//
//	===== FULL THREAD DUMP ===============
//	Wed Nov 14 05:15:46 2007
//	BEA JRockit(R) R27.4.0-...
//
//	"Main Thread" id=1 idx=0x4 tid=3964 prio=5 alive, in native, waiting
//	    -- Waiting for notification on: weblogic/t3/srvr/T3Srvr@0x01B40490[fat lock]
//	    at jrockit/vm/Threads.waitForSignal(Native Method)@0x11187A10
//	    ^-- Holding lock: java/net/PlainSocketImpl@0x02252090[thin lock]
//	    --- End of stack trace
//	===== END OF THREAD DUMP ===============
//
// tid is the operating system's id there.
type jrockit struct {
	block
	titled bool // the lines before the first thread are over
	chains bool // in "Blocked lock chains"
}

func isJRockit(b []byte) bool { return bytes.HasPrefix(b, []byte("===== FULL THREAD DUMP")) }

func openJRockit(s *scan, _ []byte) format {
	s.begin(FormatJRockit)
	return &jrockit{}
}

func (j *jrockit) line(s *scan, b []byte) verdict {
	trimmed := bytes.TrimSpace(b)
	switch {
	case len(trimmed) == 0:
		return unknown
	case bytes.HasPrefix(b, []byte("===== END OF THREAD DUMP")):
		j.finish(s)
		return last
	case b[0] == '"' && !j.chains:
		return j.header(s, b)
	case !j.titled:
		return j.title(s, trimmed)
	case j.chains || isChainTitle(b):
		j.chains = true
		if bytes.HasPrefix(b, []byte("Circular (deadlocked) lock chains")) {
			s.dump.ReportedDeadlocks++
		}
		return taken
	case j.t == nil || !bytes.HasPrefix(b, []byte("    ")):
		return unknown
	case bytes.HasPrefix(trimmed, []byte("--- End of stack trace")):
		return taken
	}
	if text, ok := bytes.CutPrefix(trimmed, []byte("at ")); ok {
		j.push(s, s.intern.frameBy(text, parseJRockitFrame))
		return taken
	}
	return j.lock(s, trimmed)
}

func (j *jrockit) title(s *scan, b []byte) verdict {
	if t, err := time.ParseInLocation(time.ANSIC, string(b), say.NoZone); err == nil {
		s.dump.Time = t
		return taken
	}
	if bytes.Contains(b, []byte("JRockit")) && s.dump.VM == "" {
		s.dump.VM = string(b)
		return taken
	}
	return unknown
}

func isChainTitle(b []byte) bool {
	return begins(b, []string{"Blocked lock chains", "Open lock chains", "Circular (deadlocked) lock chains", "Lock chains"})
}

// header reads the attributes in any order; the words behind them are the state.
func (j *jrockit) header(s *scan, b []byte) verdict {
	quote := bytes.LastIndexByte(b, '"')
	if quote == 0 || !bytes.Contains(b[quote:], []byte(" id=")) {
		return unknown
	}
	j.finish(s)
	j.titled = true
	j.t = s.newThread()
	t := j.t
	t.Name = s.intern.str(b[1:quote])
	rest := bytes.TrimSpace(b[quote+1:])
	for {
		word, tail, _ := bytes.Cut(rest, []byte{' '})
		key, val, found := bytes.Cut(word, []byte{'='})
		if !found {
			break
		}
		n, _ := hexOrDecimal(val)
		switch string(key) {
		case "id":
			t.Num = n
		case "tid":
			t.NID = n
		case "prio":
			t.Prio = int16(n)
		}
		rest = tail
	}
	t.StateText = s.intern.str(rest)
	t.Daemon = bytes.Contains(rest, []byte("daemon"))
	t.State = jrockitState(t.StateText)
	t.VMInternal = strings.HasPrefix(t.Name, "(") && strings.HasSuffix(t.Name, ")")
	return taken
}

func hexOrDecimal(b []byte) (int64, bool) {
	if bytes.HasPrefix(b, []byte("0x")) {
		n, size := hexPrefix(b)
		return int64(n), size == len(b) && size > 2
	}
	return atoi(b)
}

func jrockitState(words string) State {
	switch {
	case strings.Contains(words, "blocked"):
		return Blocked
	case strings.Contains(words, "sleeping"), strings.Contains(words, "timed_waiting"):
		return TimedWaiting
	case strings.Contains(words, "parked"), words == "waiting", strings.HasPrefix(words, "waiting"), strings.HasSuffix(words, ", waiting"), strings.Contains(words, ", waiting,"):
		return Waiting
	}
	return Runnable
}

var jrockitLocks = []struct {
	words string
	kind  LockKind
}{
	{"-- Waiting for notification on: ", WaitingOn},
	{"-- Blocked trying to get lock: ", WaitingToLock},
	{"-- Parking to wait for: ", Parking},
	{"^-- Holding lock: ", Locked},
	{"^-- Lock released while waiting: ", Locked}, // with the line above, not held: see waitsFor
}

func (j *jrockit) lock(s *scan, b []byte) verdict {
	for i := range jrockitLocks {
		rest, ok := bytes.CutPrefix(b, []byte(jrockitLocks[i].words))
		if !ok {
			continue
		}
		if end := bytes.LastIndexByte(rest, '['); end > 0 { // [fat lock]
			rest = rest[:end]
		}
		class, addr := classAtHash(rest)
		kind := jrockitLocks[i].kind
		if kind == WaitingToLock {
			j.t.State = Blocked
		}
		j.addLock(s, Lock{Kind: kind, Class: s.intern.str([]byte(strings.ReplaceAll(class, "/", "."))), Addr: addr})
		return taken
	}
	return unknown
}

// parseJRockitFrame takes "a/b/C.m(C.java:12)[optimized]@0x11187A10"; native methods print their signature before the place.
func parseJRockitFrame(text string) Frame {
	end := strings.LastIndexByte(text, ')')
	open := strings.LastIndexByte(text[:end+1], '(')
	if open < 0 {
		return Frame{Text: text, Func: strings.ReplaceAll(text, "/", ".")}
	}
	fn, _, _ := strings.Cut(text[:open], "(")
	f := Frame{Text: text, Func: dropCounters(strings.ReplaceAll(fn, "/", "."))}
	f.setPlace(text[open+1 : end])
	return f
}

func (j *jrockit) close(s *scan) {
	s.dump.Truncated = j.t != nil
	j.finish(s)
}
