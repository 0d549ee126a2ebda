package applog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"

	"casefile/bundle/format/charset"
)

// Request is one line of an access log.
type Request struct {
	Stamp  // when it ended: Tomcat writes the line then
	Took   time.Duration
	Thread string // empty when the pattern has none
	Method string
	Path   string // without the query
	Status int
	Source string
	Line   int
}

// Began is when the request did, to the resolution of the log's time.
func (r *Request) Began() Stamp { return r.before(r.Took) }

// Access is what was read of an access log.
type Access struct {
	Source  string
	Pattern *Pattern // nil: none fits
	// TookUnit is what the log counts %D in: Tomcat 10 changed it. TookKnown says that the pattern or the log tells; else it is taken for milliseconds
	// until [Access.InMicroseconds].
	TookUnit  time.Duration
	TookKnown bool

	Lines    int64
	Unparsed int64 // lines that do not fit the pattern
	First    Stamp
	Last     Stamp
	Errors   int64 // requests with status 500 and above
	Requests int64
	// Slow are the newest requests of SlowFrom or more.
	Slow []Request

	served served
}

// SlowFrom is how long a request took that is kept by itself.
const SlowFrom = time.Second

const (
	maxSlow    = 20_000
	maxPath    = 200
	sampled    = 200    // lines that patterns are tried on
	maxWorkers = 20_000 // threads that are followed to find the unit of %D
)

// LooksLikeAccess says that a text begins with a line of an access log, by its time.
func LooksLikeAccess(head []byte) bool {
	head = charset.Text(head)
	for range 5 {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		for from := 0; ; {
			i := bytes.IndexByte(line[from:], '[')
			if i < 0 {
				break
			}
			from += i + 1
			if _, ok := apacheStamp(line[from:]); ok {
				return true
			}
		}
		if head = rest; len(head) == 0 {
			break
		}
	}
	return false
}

// ReadAccess reads an access log with that one of the patterns that fits most of its first lines; without any, it counts the lines.
func ReadAccess(source string, r io.Reader, patterns []*Pattern) (*Access, error) {
	a := &access{Access: &Access{Source: source}, ends: map[string]time.Time{}}
	in := bufio.NewReaderSize(charset.NewReader(r), 64<<10)
	var head [][]byte
	for {
		line, err := readLine(in)
		if len(line) > 0 || err == nil {
			if a.Pattern == nil && len(head) < sampled {
				head = append(head, bytes.Clone(line))
			} else {
				a.line(line)
			}
		}
		if a.Pattern == nil && (err != nil || len(head) == sampled) {
			a.choose(head, patterns)
			for _, l := range head {
				a.line(l)
			}
			head = nil
			if a.Pattern == nil {
				patterns = nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			a.finish()
			return a.Access, nil
		case err != nil:
			a.finish()
			return a.Access, err
		}
	}
}

// readLine gives a line without its end, cut where it is too long. It is valid until the next call.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line[:maxLine])
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
	}
	return bytes.TrimRight(line[:min(len(line), maxLine)], "\r\n"), err
}

type access struct {
	*Access
	unit time.Duration // of the pattern; 0 where only the log tells
	// ends are of the last request of each thread; overlaps counts requests that would have begun before it, if %D were milliseconds.
	ends                map[string]time.Time
	overlaps, followers int64
}

func (a *access) choose(head [][]byte, patterns []*Pattern) {
	best := 0
	for _, p := range patterns {
		n := 0
		for _, l := range head {
			if p.match(l, new(values)) {
				n++
			}
		}
		if n > best {
			best, a.Pattern = n, p
		}
	}
	if best == 0 || 2*best < len(head) {
		a.Pattern = nil
		return
	}
	for _, e := range a.Pattern.parts {
		if e.field == fieldTook {
			a.unit = e.unit
		}
	}
}

func (a *access) line(line []byte) {
	a.Lines++
	var v values
	if a.Pattern == nil || !a.Pattern.match(line, &v) {
		a.Unparsed++
		return
	}
	stamp, ok := apacheStamp(v[fieldTime][1:])
	if !ok {
		a.Unparsed++
		return
	}
	a.Requests++
	if a.First.Time.IsZero() {
		a.First = stamp
	}
	a.Last = stamp
	status, _ := number(v[fieldStatus], 3)
	if status >= 500 {
		a.Errors++
	}
	unit := a.unit
	if unit == 0 {
		unit = time.Millisecond
	}
	took, known := tookOf(v[fieldTook], unit)
	thread := clip(v[fieldThread], maxText)
	if known && a.unit == 0 && thread != "" {
		a.follow(thread, stamp.Time, took)
	}
	method, path := v[fieldMethod], v[fieldPath]
	if req := v[fieldRequest]; len(req) > 1 {
		method, path = splitRequest(req)
	}
	a.served.add(stamp.Time, took, path, status >= 500, userOf(v[fieldUser]))
	if !known || took < SlowFrom {
		return
	}
	r := Request{Stamp: stamp, Took: took, Thread: thread, Status: status, Source: a.Source, Line: int(a.Lines)}
	r.Method, r.Path = clip(method, 32), clip(path, maxPath)
	if len(a.Slow) >= 2*maxSlow {
		a.Slow = append(a.Slow[:0], a.Slow[maxSlow:]...)
	}
	a.Slow = append(a.Slow, r)
}

// follow checks that a thread's requests stand one behind the other: counted in milliseconds, those of a log in microseconds overlap.
func (a *access) follow(thread string, end time.Time, took time.Duration) {
	const resolution = 2 * time.Second // of the log's time, at both ends
	if before, ok := a.ends[thread]; ok {
		a.followers++
		if end.Add(-took).Before(before.Add(-resolution)) {
			a.overlaps++
		}
	} else if len(a.ends) >= maxWorkers {
		return
	}
	a.ends[thread] = end
}

// finish settles the unit of %D.
func (a *access) finish() {
	if a.Pattern == nil {
		return
	}
	a.TookUnit, a.TookKnown = a.unit, a.unit != 0
	if a.unit != 0 {
		return
	}
	a.TookUnit = time.Millisecond
	if a.overlaps*20 > a.followers { // in a log in milliseconds only a changed clock lets two overlap
		a.InMicroseconds()
	}
}

// InMicroseconds counts again what was taken for milliseconds: who knows the server that wrote the log knows its unit.
func (a *Access) InMicroseconds() {
	if a.TookKnown || a.TookUnit != time.Millisecond {
		return
	}
	a.TookUnit, a.TookKnown = time.Microsecond, true
	a.served.finish(1000)
	kept := a.Slow[:0]
	for _, r := range a.Slow {
		if r.Took /= 1000; r.Took >= SlowFrom {
			kept = append(kept, r)
		}
	}
	a.Slow = kept
}

// InMilliseconds says that what was taken for milliseconds is.
func (a *Access) InMilliseconds() { a.TookKnown = a.TookKnown || a.TookUnit == time.Millisecond }
