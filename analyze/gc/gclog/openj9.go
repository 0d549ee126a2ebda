package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/say"
)

// j9State is what is remembered between the elements of OpenJ9's -Xverbosegclog. The file has one element a line, and
// every element of a pause names its time, so lines are read one by one:
//
//	<af-start id="3" totalBytesRequested="16392" timestamp="2015-12-31T15:22:46.957" intervalms="3955.490" />
//	<gc-start id="5" type="scavenge" contextid="4" timestamp="2015-12-31T15:22:46.957">
//	  <mem-info id="6" free="401882552" total="536870912" percent="74">
//	<gc-end id="9" type="scavenge" contextid="4" durationms="5.158" usertimems="20.000" systemtimems="4.000" timestamp="...">
//	  <mem-info id="10" free="519372040" total="536870912" percent="96">
//	<exclusive-end id="12" timestamp="2015-12-31T15:22:46.962" durationms="5.643" />
//
// A pause is what lies between exclusive-start and exclusive-end: its durationms is the time threads stood still. The
// format before R26 has <af>, <con> and <sys> elements with <gc> and <timesms> in them.
type j9State struct {
	pause   gc.Pause
	open    bool          // between exclusive-start and -end
	collect bool          // a collection lies in it
	ended   bool          // mem-info is of the heap after
	taken   time.Duration // of gc-end, when exclusive-end is missing
	user    float64
	sys     float64
	old     bool   // format before R26
	outer   string // the element around the pause there
	metro   metronomeState
}

// j9Kinds are the values of type= and the kinds of pauses they stand for.
var j9Kinds = map[string]gc.Kind{
	"scavenge": gc.KindYoung, "nursery": gc.KindYoung, "partial gc": gc.KindMixed, "global": gc.KindFull, "tenured": gc.KindFull,
	"global garbage collect": gc.KindFull, "global mark phase": gc.KindOther, "metronome": gc.KindOther, "epsilon": gc.KindOther,
}

// j9Line reads one line of XML.
func (p *parser) j9Line(line []byte) class {
	t := bytes.TrimLeft(line, " \t")
	if len(t) < 2 || t[0] != '<' {
		if p.format == formatJ9 {
			return other
		}
		return foreign
	}
	name := t[1:]
	if i := bytes.IndexAny(name[1:], " >/"); i >= 0 {
		name = name[:i+1]
	}
	if p.format == "" {
		if string(name) != "verbosegc" {
			if string(name) == "?xml" {
				return detail
			}
			return foreign
		}
		p.format = formatJ9
		p.log.JVMVersion = string(attribute(t, "version"))
		return fact
	}
	return p.j9Element(string(name), t)
}

func (p *parser) j9Element(name string, t []byte) class {
	s := &p.j9
	if ts := attribute(t, "timestamp"); ts != nil {
		p.j9Time(ts)
	}
	switch name {
	case "attribute":
		return p.j9Attribute(t)
	case "exclusive-start", "af", "con", "sys":
		if s.open && s.old { // "<con event=...>" inside of <af>
			return detail
		}
		s.outer = name
		s.open, s.collect, s.ended, s.taken = true, false, false, 0
		s.old = name != "exclusive-start"
		s.pause = gc.Pause{Start: p.last, Line: uint32(p.line)}
		switch name {
		case "af":
			s.pause.CauseID = p.b.Cause([]byte("allocation failure"))
		case "sys":
			s.pause.CauseID = p.b.Cause([]byte(j9Explicit))
		case "con":
			s.pause.CauseID = p.b.Cause([]byte("concurrent"))
		}
		return fact
	case "af-start":
		s.pause.CauseID = p.b.Cause([]byte("allocation failure"))
		return fact
	case "sys-start":
		s.pause.CauseID = p.b.Cause(j9Cause(attribute(t, "reason")))
		return fact
	case "quanta", "quantum", "summary", "syncgc-info", "free-mem-delta", "gc-op", "/gc-op":
		return p.metronome(name, t)
	case "concurrent-collection-start":
		s.pause.CauseID = p.b.Cause([]byte("concurrent collection"))
		return fact
	case "gc-start", "gc":
		return p.j9Start(t)
	case "gc-end":
		s.ended = true
		s.taken = attrMillis(t, "durationms")
		s.user, s.sys = attrMillis(t, "usertimems").Seconds(), attrMillis(t, "systemtimems").Seconds()
		return fact
	case "mem-info":
		p.j9Memory(t, "free", "total")
		return fact
	case "nursery", "tenured":
		if s.old && name == "tenured" {
			s.memory(t, "freebytes", "totalbytes", !s.collect || s.pause.Before == 0)
		}
		return fact
	case "timesms":
		s.ended = true
		if total := attrMillis(t, "total"); total > 0 {
			s.taken += total
		}
		return fact
	case "exclusive-end":
		p.j9End(attrMillis(t, "durationms"))
		return fact
	case "time":
		if d := attrMillis(t, "totalms"); s.old && d > 0 {
			s.taken = d
		}
		return fact
	case "/af", "/con", "/sys":
		if name[1:] == s.outer {
			p.j9End(s.taken)
		}
		return fact
	case "out-of-memory":
		p.mention(&p.log.OutOfMemory, t)
	}
	return detail
}

// j9Explicit is the cause that HotSpot has for the same.
const j9Explicit = "System.gc()"

// j9Cause names the cause of a collection that something asked for. Before 0.15 no reason stood there: it was System.gc().
func j9Cause(reason []byte) []byte {
	if len(reason) == 0 || string(reason) == "explicit" {
		return []byte(j9Explicit)
	}
	return append([]byte("system gc: "), reason...)
}

func (p *parser) j9Start(t []byte) class {
	s := &p.j9
	kind, ok := j9Kinds[string(attribute(t, "type"))]
	if !ok {
		kind = gc.KindOther
	}
	if !s.open { // exclusive-start was cut off
		s.open, s.pause = true, gc.Pause{Start: p.last, Line: uint32(p.line)}
	}
	if !s.collect || kind == gc.KindFull {
		s.pause.Kind = kind
	}
	s.collect, s.ended = true, false
	return fact
}

// j9Memory takes the first heap of a pause as before, the last one as after.
func (p *parser) j9Memory(t []byte, free, total string) {
	s := &p.j9
	if s.open {
		s.memory(t, free, total, s.pause.Before == 0 && !s.ended)
	}
}

func (s *j9State) memory(t []byte, free, total string, before bool) {
	f, _, ok1 := digits(attribute(t, free))
	n, _, ok2 := digits(attribute(t, total))
	if !ok1 || !ok2 {
		return
	}
	if before {
		s.pause.Before = n - f
		return
	}
	s.pause.After, s.pause.Committed = n-f, n
	s.pause.Flags |= gc.FlagHeap
}

func (p *parser) j9End(d time.Duration) {
	s := &p.j9
	if !s.open {
		return
	}
	s.open = false
	if d == 0 {
		d = s.taken
	}
	s.pause.Duration = d
	s.pause.Line = uint32(p.line)
	if s.user+s.sys > 0 {
		s.pause.User, s.pause.Sys, s.pause.Real = float32(s.user), float32(s.sys), float32(d.Seconds())
		s.pause.Flags |= gc.FlagCPU
	}
	if s.pause.Before == 0 {
		s.pause.Flags &^= gc.FlagHeap
	}
	s.user, s.sys = 0, 0
	if p.stamped {
		p.b.Seen(s.pause.End(), p.line)
	}
	p.b.Pause(s.pause)
}

func (p *parser) j9Attribute(t []byte) class {
	value := attribute(t, "value")
	set := &p.log.Settings
	switch string(attribute(t, "name")) {
	case "gcPolicy":
		if c := gc.OpenJ9Policy(string(bytes.TrimPrefix(value, []byte("-Xgcpolicy:")))); c != "" {
			p.log.Collector = c
		}
	case "maxHeapSize":
		set.HeapMax = hex(value)
	case "initialHeapSize":
		set.HeapInitial = hex(value)
	case "gcthreads":
		set.ParallelWorkers = smallInt(value)
	case "numCPUs", "cpus":
		set.CPUs = smallInt(value)
	case "physicalMemory":
		set.Memory, _, _ = digits(value)
	default:
		return detail
	}
	return fact
}

// j9Time reads "2015-12-31T15:22:46.957" (local time without a zone) or, before R26, "Oct 07 11:46:23 2012".
func (p *parser) j9Time(ts []byte) {
	if looksISO(ts) {
		p.wallStamp(wallClock{iso: ts})
		return
	}
	if t, err := time.ParseInLocation("Jan 02 15:04:05 2006", string(ts), say.NoZone); err == nil {
		p.wallStamp(wallClock{epoch: time.Duration(t.UnixNano())})
	}
}

// attribute finds name="value" in an element; nil when it has none.
func attribute(t []byte, name string) []byte {
	for i := 0; ; {
		j := bytes.Index(t[i:], []byte(name))
		if j < 0 {
			return nil
		}
		j += i
		end := j + len(name)
		if j > 0 && t[j-1] == ' ' && has(t[end:], "=\"") {
			v := t[end+2:]
			if k := bytes.IndexByte(v, '"'); k >= 0 {
				return v[:k]
			}
			return nil
		}
		i = end
	}
}

func attrMillis(t []byte, name string) time.Duration {
	d, _, _ := nanos(attribute(t, name), milli)
	return d
}

// hex reads "0x40000000"; zero when it is not a number.
func hex(b []byte) int64 {
	b = bytes.TrimPrefix(b, []byte("0x"))
	var v int64
	for _, c := range b {
		switch {
		case isDigit(c):
			v = v<<4 | int64(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | int64(c|0x20-'a'+10)
		default:
			return 0
		}
		if v > 1<<50 {
			return 0
		}
	}
	return v
}
