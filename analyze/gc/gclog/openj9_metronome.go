package gclog

import (
	"time"

	"casefile/analyze/gc"
)

// metronomeState is what lines of one gc-op of the Metronome collector leave for the next (VerboseHandlerOutputRealtime.cpp). It works in
// many short stops, quanta, of which it tells the number, the mean and the longest about once a second:
//
//	<gc-op id="27" type="heartbeat" contextid="26" timestamp="2011-07-12T09:32:05.209">
//	  <quanta quantumCount="321" quantumType="mark" minTimeMs="0.367" meanTimeMs="0.524" maxTimeMs="1.878" maxTimestampMs="598704.070" />
//	  <free-mem type="heap" minBytes="99143592" meanBytes="114374153" maxBytes="134182032" />
//	</gc-op>
//
// and, when memory runs out or System.gc() is called, in one long stop:
//
//	<gc-op id="28" type="syncgc" timems="1289.523" contextid="26" timestamp="2011-07-12T09:32:07.209">
//	  <syncgc-info reason="out of memory" exclusiveaccessTimeMs="0.006" threadPriority="11" />
//	  <free-mem-delta type="heap" bytesBefore="20480" bytesAfter="9000120" />
//	</gc-op>
//
// Before R26 the quanta stood in <summary quantumcount="51"> <quantum minms="0.362" meanms="3.015" maxms="3.096" />.
type metronomeState struct {
	sync   bool
	pause  gc.Pause
	quanta int64 // of the summary before R26
}

// metronome reads one element.
func (p *parser) metronome(name string, t []byte) class {
	s := &p.j9.metro
	switch name {
	case "gc-op":
		*s = metronomeState{sync: string(attribute(t, "type")) == "syncgc"}
		if !s.sync {
			return detail
		}
		p.j9Policy("metronome")
		d := attrMillis(t, "timems")
		s.pause = gc.Pause{Kind: gc.KindFull, Start: p.stampOf(d), Duration: d, Line: uint32(p.line)}
	case "syncgc-info":
		s.pause.CauseID = p.b.Cause(metronomeCause(attribute(t, "reason")))
	case "free-mem-delta":
		before, _, ok1 := digits(attribute(t, "bytesBefore"))
		after, _, ok2 := digits(attribute(t, "bytesAfter"))
		if heap := p.log.Settings.HeapMax; s.sync && ok1 && ok2 && heap >= max(before, after) {
			s.pause.Before, s.pause.After, s.pause.Committed = heap-before, heap-after, heap
			s.pause.Flags |= gc.FlagHeap
		}
	case "/gc-op":
		if s.sync {
			p.b.Pause(s.pause)
		}
		s.sync = false
	case "summary":
		s.quanta, _, _ = digits(attribute(t, "quantumcount"))
	case "quantum":
		p.quanta(s.quanta, attrMillis(t, "meanms"), attrMillis(t, "maxms"))
		s.quanta = 0
	case "quanta":
		n, _, _ := digits(attribute(t, "quantumCount"))
		p.quanta(n, attrMillis(t, "meanTimeMs"), attrMillis(t, "maxTimeMs"))
	}
	return fact
}

// metronomeCause gives a System.gc() the name that it has elsewhere.
func metronomeCause(reason []byte) []byte {
	if string(reason) == "system garbage collect" || string(reason) == "system gc" {
		return []byte(j9Explicit)
	}
	return reason
}

// quanta adds n short stops: the longest by itself, of the others their sum.
func (p *parser) quanta(n int64, mean, longest time.Duration) {
	const most = 1 << 24 // a second has no more
	if n <= 0 || n > most {
		return
	}
	p.j9Policy("metronome")
	p.b.Pause(gc.Pause{Kind: gc.KindOther, Start: p.stampOf(longest), Duration: longest, Line: uint32(p.line)})
	if rest := time.Duration(n)*mean - longest; n > 1 {
		p.b.Counted(gc.KindOther, 0, n-1, max(rest, 0))
	}
}

func (p *parser) j9Policy(name string) {
	if p.log.Collector == "" {
		p.log.Collector = gc.OpenJ9Policy(name)
	}
}
