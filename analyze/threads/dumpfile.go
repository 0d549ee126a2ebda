package threads

import "bytes"

// dumpFile reads what jcmd PID Thread.dump_to_file writes. 21 gives names and bare frames, 25 states and locks:
//
//	7100
//	2026-11-23T07:47:56.418296143Z
//	25.0.3+9-LTS
//
//	#22 "dead-1" BLOCKED 2026-11-23T07:47:56.419899957Z
//	    at Demo.lambda$main$0(Demo.java:8)
//	    - locked <java.lang.Object@107fde25>
//
//	#33 "vspin" virtual RUNNABLE 2026-11-23T07:47:56.425848409Z
type dumpFile struct {
	block
	name partial
}

// numberHeader is `#22 "dead-1" virtual BLOCKED 2026-...`; the name may hold anything and ends at the last quote.
type numberHeader struct {
	num     int64
	name    []byte
	virtual bool
	state   State
}

func parseNumberHeader(b []byte) (h numberHeader, ok bool) {
	num, rest, found := bytes.Cut(b, []byte(` "`))
	if !found || len(num) < 2 || num[0] != '#' {
		return h, false
	}
	if h.num, ok = atoi(num[1:]); !ok {
		return h, false
	}
	quote := bytes.LastIndexByte(rest, '"')
	if quote < 0 {
		return h, false
	}
	h.name = rest[:quote]
	for _, w := range bytes.Fields(rest[quote+1:]) {
		if string(w) == "virtual" {
			h.virtual = true
		} else if st := parseState(w); st != StateUnknown {
			h.state = st
		} else if _, zone, ok := parseDate(w); !ok || !zone {
			return h, false
		}
	}
	return h, true
}

func isDumpFile(b []byte) bool {
	_, ok := parseNumberHeader(b)
	return ok
}

func openDumpFile(s *scan, b []byte) format {
	s.begin(FormatDumpFile)
	f := &dumpFile{}
	f.line(s, b)
	return f
}

func (f *dumpFile) line(s *scan, b []byte) verdict {
	trimmed := bytes.TrimLeft(b, " \t")
	switch {
	case len(trimmed) == 0:
		return unknown
	case b[0] == '#' || f.name.line > 0:
		return f.header(s, b)
	case f.t == nil || len(trimmed) == len(b):
		return unknown
	case trimmed[0] == '-':
		l, ok := parseLock(trimmed, false, s.intern)
		if !ok {
			return unknown
		}
		f.addLock(s, l)
		return taken
	}
	text, at := bytes.CutPrefix(trimmed, []byte("at "))
	text = bytes.TrimRight(text, " ")
	if !at && !bytes.HasSuffix(text, []byte(")")) {
		return unknown
	}
	f.push(s, s.intern.frame(text))
	return taken
}

func (f *dumpFile) header(s *scan, b []byte) verdict {
	h, ok := parseNumberHeader(b)
	line := s.in.n
	if !ok && f.name.more(b) {
		if h, ok = parseNumberHeader(f.name.text); ok {
			line = f.name.line
			s.unhold(f.name.n - 1)
		}
	}
	if !ok {
		if i := bytes.IndexByte(b, '"'); f.name.line == 0 && i > 0 && unclosed(b[i:]) {
			f.name.open(b, line)
		}
		return unknown
	}
	f.name.line = 0
	f.finish(s)
	f.t = s.newThread()
	f.t.Line = int32(line)
	f.t.Name, f.t.Num, f.t.Virtual, f.t.State = s.intern.str(h.name), h.num, h.virtual, h.state
	if h.virtual && f.t.Name == "" {
		f.t.Name = virtualName(h.num)
	}
	return taken
}

func (f *dumpFile) close(s *scan) { f.finish(s) }
