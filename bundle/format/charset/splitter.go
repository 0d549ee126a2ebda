package charset

import "bytes"

// Splitter cuts what is written to it into runs of one encoding. How the input is cut into writes makes no difference.
type Splitter struct {
	// Run is told that a run begins, before its text: its encoding and its byte order mark, which is no part of the text.
	Run func(e Encoding, mark []byte)
	// Text takes the next piece of the run as UTF-8, valid until it returns.
	Text func(text []byte)

	begun   bool
	enc     Encoding
	in      []byte // not yet decided
	odd     int    // units at the start of in that may be the start of another encoding
	oddKind oddity
	text    []byte
}

// oddity is what a unit of UTF-16 looks like when it is none.
type oddity uint8

const (
	fits    oddity = iota
	narrow         // two characters of ASCII
	swapped        // one character of ASCII in the other byte order
)

const (
	maxHeld    = 64 << 10 // bytes that are looked at in one go
	wideUnits  = 4        // in a row with a zero byte each make narrow text UTF-16
	backBytes  = 3        // of narrow text that a run of UTF-16 found behind them may still claim: its mark and a byte
	narrowRun  = 6        // units in a row that look narrow end UTF-16
	swappedRun = 4
	lastRun    = 3 // both, at the end of the stream
)

// Write takes the next bytes. It never fails.
func (s *Splitter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		take := min(len(p), maxHeld)
		s.in = append(s.in, p[:take]...)
		p = p[take:]
		s.work(false)
	}
	return n, nil
}

// held gives what was written and not passed on. narrow: the run is narrow text, and only as much is held as a run behind it may claim.
func (s *Splitter) held() (held []byte, narrow bool) {
	return s.in, s.begun && s.enc == Narrow && len(s.in) <= backBytes
}

// hold takes the end of narrow text, without a zero byte, whose front was passed on by others.
func (s *Splitter) hold(end []byte) { s.in = append(s.in[:0], end...) }

// Close passes on what is left.
func (s *Splitter) Close() { s.work(true) }

func (s *Splitter) work(last bool) {
	if !s.begun {
		if len(s.in) < HeadLen && !last {
			return
		}
		s.begun = true
		e, n := Sniff(s.in)
		s.begin(e, s.in[:n], n)
	}
	for {
		before := s.enc
		if s.enc == Narrow {
			s.narrow(last)
		} else {
			s.wide(last)
		}
		if s.enc == before {
			return
		}
	}
}

// begin starts a run behind its mark and drops what is in front of its text.
func (s *Splitter) begin(e Encoding, mark []byte, textAt int) {
	s.enc, s.odd, s.oddKind = e, 0, fits
	s.Run(e, mark)
	s.drop(textAt)
}

func (s *Splitter) drop(n int) { s.in = s.in[:copy(s.in, s.in[n:])] }

// narrow passes text up to the next run of UTF-16.
func (s *Splitter) narrow(last bool) {
	for at := 0; ; at++ {
		n := bytes.IndexByte(s.in[at:], 0)
		if n < 0 {
			s.pass(len(s.in), last)
			return
		}
		at += n
		for at+1 < len(s.in) && s.in[at+1] == 0 { // in UTF-16 no zero follows another
			at++
		}
		if at+2*wideUnits > len(s.in) && !last {
			s.pass(at, false)
			return
		}
		if e, start := wideAt(s.in, at); e != Narrow {
			markLen := 0
			if m, n := mark(s.in[max(0, start-2):start]); n == 2 && m == e {
				markLen = 2
			}
			s.emit(s.in[:start-markLen])
			s.begin(e, s.in[start-markLen:start], start)
			return
		}
	}
}

// pass gives narrow text up to end, less what a run behind it may claim.
func (s *Splitter) pass(end int, last bool) {
	if !last {
		end = max(0, end-backBytes)
	}
	s.emit(s.in[:end])
	s.drop(end)
}

func (s *Splitter) emit(text []byte) {
	if len(text) > 0 {
		s.Text(text)
	}
}

// wideAt reports whether the zero byte at zero belongs to UTF-16 and where that starts.
func wideAt(b []byte, zero int) (Encoding, int) {
	little := zero > 0 && alternates(b, zero-1, 1)
	big := alternates(b, zero, 0)
	lineStart := zero == 0 || b[zero-1] == '\n' || b[zero-1] == '\r' || zero > 1 && b[zero-2] == 0xfe && b[zero-1] == 0xff
	switch {
	case big && (lineStart || !little):
		return UTF16BE, zero
	case little:
		return UTF16LE, zero - 1
	}
	return Narrow, 0
}

// alternates says that of each of the next units only the byte at zero is 0.
func alternates(b []byte, from, zero int) bool {
	if from+2*wideUnits > len(b) {
		return false
	}
	for i := from; i < from+2*wideUnits; i += 2 {
		if b[i+zero] != 0 || b[i+1-zero] == 0 {
			return false
		}
	}
	return true
}

// wide passes UTF-16 up to where it stops being it.
func (s *Splitter) wide(last bool) {
	at := 2 * s.odd
	for ; at+1 < len(s.in); at += 2 {
		kind := s.oddityOf(s.in[at:])
		if kind != s.oddKind {
			s.odd, s.oddKind = 0, kind
		}
		if kind == fits {
			continue
		}
		s.odd++
		if kind == narrow && s.odd == narrowRun || kind == swapped && s.odd == swappedRun {
			if s.spaces(at + 2) {
				s.odd = 0
				continue
			}
			s.change(at + 2 - 2*s.odd)
			return
		}
	}
	switch {
	case last && s.odd >= lastRun && !s.spaces(at):
		s.change(at - 2*s.odd)
	case last:
		s.decode(at)
		if len(s.in) > 0 { // half a unit
			s.begin(Narrow, nil, 0)
		}
	default:
		end := at - 2*s.odd
		if end >= 2 && s.enc.unit(s.in[end-2:])&0xfc00 == 0xd800 && s.odd == 0 {
			end -= 2 // its other half is to come
		}
		s.decode(end)
	}
}

func (s *Splitter) oddityOf(b []byte) oddity {
	switch u := s.enc.unit(b); {
	case plain[b[0]] && plain[b[1]]:
		return narrow
	case u&0xff == 0 && plain[u>>8], u == 0xfffe:
		return swapped
	}
	return fits
}

// spaces says that the odd units before end are but wide spaces, which also are a space or a 0 in the other order.
func (s *Splitter) spaces(end int) bool {
	for at := end - 2*s.odd; at < end; at += 2 {
		if u := s.enc.unit(s.in[at:]); u != 0x3000 && u != 0x2000 {
			return false
		}
	}
	return true
}

// change ends the run at its units that look like another encoding.
func (s *Splitter) change(at int) {
	to := Narrow
	if s.oddKind == swapped {
		to = UTF16LE + UTF16BE - s.enc
	}
	s.decode(at)
	markLen := 0
	if m, n := mark(s.in); to != Narrow && m == to {
		markLen = n
	}
	s.begin(to, s.in[:markLen], markLen)
}

// decode passes the units before end as UTF-8.
func (s *Splitter) decode(end int) {
	s.text = s.enc.appendText(s.text[:0], s.in[:end])
	s.emit(s.text)
	s.drop(end)
}
