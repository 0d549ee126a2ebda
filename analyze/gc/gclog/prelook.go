package gclog

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"casefile/bundle/format/envelope"
)

// prelook is what the first lines of a file say about how it is to be read.
type prelook struct {
	wall    time.Time // first stamps
	uptime  time.Duration
	hasWall bool
	timed   bool
	// newestFirst: the lines stand in the order in which a log viewer shows them.
	newestFirst bool
	// cut is what is to be added to the stamp of the first line, whose front is missing: the file is the end of a longer one.
	cut time.Duration
}

// lookLines bounds the look; the headers of a rotated file are far shorter.
const lookLines = 2000

// lookAhead reads the first lines of a plain text.
func lookAhead(r io.Reader, opts Options) prelook {
	lines := newLineReader(r, opts.withDefaults().MaxLine, 4<<20)
	ds := decorators{cache: map[string]*field{}}
	var l prelook
	var order orderSeen
	for n := range lookLines {
		line, err := lines.next()
		if err != nil {
			break
		}
		inner := envelope.Open(line)
		if i := bytes.IndexByte(inner, '\n'); i >= 0 {
			inner = inner[:i]
		}
		wall, up, timed := stampsOf(&ds, inner)
		if !timed && !wall.given() {
			continue
		}
		if !l.timed && !l.hasWall {
			l.uptime, l.timed = up, timed
			l.wall, l.hasWall = wall.time()
		}
		if n == 0 {
			order.digits = leadingDigits(inner)
		}
		order.add(n, wall, up, timed)
	}
	l.newestFirst = order.newestFirst()
	l.cut = order.cutFront()
	return l
}

// stampsOf takes the stamps of a line of any format.
func stampsOf(ds *decorators, line []byte) (w wallClock, up time.Duration, timed bool) {
	if d, _, ok := ds.read(line); ok {
		return d.wall, d.uptime, d.timed
	}
	if w, at, timed, rest := lineStamps(line); len(rest) < len(line) {
		return w, at, timed
	}
	if ts := attribute(bytes.TrimSpace(line), "timestamp"); ts != nil && looksISO(ts) {
		return wallClock{iso: ts}, 0, false
	}
	return wallClock{}, 0, false
}

func leadingDigits(line []byte) (n int) {
	for n < len(line) && isDigit(line[n]) {
		n++
	}
	return n
}

// orderSeen follows the stamps of lines.
type orderSeen struct {
	up, down int
	last     time.Duration
	seen     bool
	wall     bool
	first    []time.Duration // the first stamps in uptime, of lines that have no date
	line     int             // of the first of them
	digits   int             // in front of the point of the first one
	dated    bool
}

func (o *orderSeen) add(line int, w wallClock, up time.Duration, timed bool) {
	at := up
	if !timed {
		t, ok := w.time()
		if !ok {
			return
		}
		at = time.Duration(t.UnixNano())
	}
	if o.seen && o.wall == !timed {
		switch {
		case at > o.last:
			o.up++
		case at < o.last:
			o.down++
		}
	}
	o.last, o.seen, o.wall = at, true, !timed
	o.dated = o.dated || w.given()
	const enough = 8
	if timed && len(o.first) < enough && (len(o.first) == 0 || at != o.first[len(o.first)-1]) {
		if len(o.first) == 0 {
			o.line = line
		}
		o.first = append(o.first, at)
	}
}

// newestFirst: nearly all stamps fall. Restarts of a JVM make them fall now and then.
func (o *orderSeen) newestFirst() bool {
	const least, often = 3, 10
	return o.down >= least && o.down > often*o.up
}

// cutFront finds a first stamp that lost its first digits, as "47000.000" of "447000.000" when the front of a log was cut off: it fits the
// next ones as soon as they are put back, and not at all without.
func (o *orderSeen) cutFront() time.Duration {
	const others, odd = 3, 50
	if o.line != 0 || o.digits == 0 || o.dated || len(o.first) < others+1 {
		return 0
	}
	first, next := o.first[0], o.first[1]
	var typical []time.Duration
	for i := 2; i < len(o.first); i++ {
		if o.first[i] < o.first[i-1] {
			return 0
		}
		typical = append(typical, o.first[i]-o.first[i-1])
	}
	slices.Sort(typical)
	usual := typical[len(typical)/2]
	lost := time.Second
	for range min(o.digits, 8) {
		lost *= 10
	}
	gap := next - first
	rest := gap % lost
	if gap < max(lost, odd*usual, 1000*time.Second) || rest > max(10*usual, time.Second) || rest > lost/20 {
		return 0
	}
	return gap - rest
}

// reversed gives the lines of a text in the opposite order. A text longer than most cannot be turned round in memory.
func reversed(r io.Reader, most int64) (io.Reader, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("the newest line comes first, and more than %d MB cannot be turned round: sort the lines first", most>>20)
	}
	lines := bytes.Split(bytes.TrimRight(text, "\r\n"), []byte{'\n'})
	slices.Reverse(lines)
	return bytes.NewReader(append(bytes.Join(lines, []byte{'\n'}), '\n')), nil
}
