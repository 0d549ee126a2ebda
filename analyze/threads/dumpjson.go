package threads

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

func isJSON(r *bufio.Reader) bool {
	head, _ := r.Peek(4096)
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && head[0] == '{' && bytes.Contains(head, []byte(`"threadDump"`))
}

// jsonThread is one thread of Thread.dump_to_file -format=json. 21 to 23 give tid, name and stack. Numbers are strings before 26.
type jsonThread struct {
	TID         looseInt `json:"tid"`
	Name        string   `json:"name"`
	State       string   `json:"state"`
	Virtual     bool     `json:"virtual"`
	Carrier     looseInt `json:"carrier"`
	Stack       []string `json:"stack"`
	BlockedOn   string   `json:"blockedOn"`
	WaitingOn   string   `json:"waitingOn"`
	ParkBlocker struct {
		Object string   `json:"object"`
		Owner  looseInt `json:"owner"`
	} `json:"parkBlocker"`
	MonitorsOwned []struct {
		Depth int       `json:"depth"`
		Locks []*string `json:"locks"` // null: eliminated
	} `json:"monitorsOwned"`
}

// looseInt is a number, or one in quotes.
type looseInt int64

func (n *looseInt) UnmarshalJSON(b []byte) error {
	s := string(bytes.Trim(b, `"`))
	if s == "" || s == "null" {
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	*n = looseInt(v)
	return err
}

// jsonScan reads JSON dumps thread by thread.
type jsonScan struct {
	s     *scan
	in    *lineCounter
	dec   *json.Decoder
	block block
	group string

	carried []carried
}

// runJSON reads a source that holds nothing but JSON dumps. One that is cut off is kept up to the last whole thread.
func (s *scan) runJSON() error {
	j := &jsonScan{s: s, in: &lineCounter{r: s.in.r, limit: s.opt.MaxJSON}}
	j.dec = json.NewDecoder(j.in)
	for {
		err := j.document()
		s.in.n = j.at()
		if s.dump != nil {
			s.dump.Truncated = err != nil
			s.dump.EndLine = s.in.n
			j.linkCarried()
			if e := s.end(true); e != nil {
				return e
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return fmt.Errorf("line %d: %w", s.in.n, err)
		}
	}
}

func (j *jsonScan) at() int { return j.in.lineAt(j.dec.InputOffset()) }

// document reads {"threadDump": {...}}.
func (j *jsonScan) document() error {
	return j.object(func(key string) error {
		if key != "threadDump" {
			return j.skip()
		}
		j.s.in.n = j.at()
		j.s.begin(FormatDumpJSON)
		j.s.format = j
		return j.object(j.dumpField)
	})
}

func (j *jsonScan) dumpField(key string) error {
	d := j.s.dump
	switch key {
	case "processId":
		var pid looseInt
		err := j.dec.Decode(&pid)
		d.PID = int(pid)
		return err
	case "time":
		var text string
		if err := j.dec.Decode(&text); err != nil {
			return err
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		d.Time, d.ZoneKnown = t, err == nil
		return nil
	case "runtimeVersion":
		return j.dec.Decode(&d.VM)
	case "threadContainers":
		return j.array(func() error { j.group = ""; return j.object(j.containerField) })
	}
	return j.skip()
}

func (j *jsonScan) containerField(key string) error {
	switch key {
	case "container":
		return j.dec.Decode(&j.group)
	case "threads":
		return j.array(j.thread)
	}
	return j.skip()
}

func (j *jsonScan) thread() error {
	first := j.in.lineOfNext(j.dec.InputOffset())
	var jt jsonThread
	if err := j.dec.Decode(&jt); err != nil {
		return err
	}
	s := j.s
	s.in.n = j.at()
	b := &j.block
	b.t = s.newThread()
	t := b.t
	t.Line = int32(first)
	t.Name, t.Num, t.Virtual, t.Group = s.intern.str([]byte(jt.Name)), int64(jt.TID), jt.Virtual, s.intern.str([]byte(j.group))
	if t.Virtual && t.Name == "" {
		t.Name = virtualName(t.Num)
	}
	t.State = parseState([]byte(jt.State))
	owned := make(map[int][]*string, len(jt.MonitorsOwned))
	for _, m := range jt.MonitorsOwned {
		owned[m.Depth] = append(owned[m.Depth], m.Locks...)
	}
	for i, text := range jt.Stack {
		b.push(s, s.intern.frame([]byte(text)))
		j.monitors(owned[i])
	}
	j.waits(&jt)
	b.finish(s)
	if jt.Carrier != 0 {
		j.carried = append(j.carried, carried{int64(jt.Carrier), t})
	}
	return nil
}

func (j *jsonScan) monitors(locks []*string) {
	for _, l := range locks {
		if l == nil {
			continue
		}
		class, hash := classAtHash([]byte(*l))
		j.block.addLock(j.s, Lock{Kind: Locked, Class: j.s.intern.str([]byte(class)), Addr: hash})
	}
}

// waits puts what the thread waits for before the monitors it owns.
func (j *jsonScan) waits(jt *jsonThread) {
	for _, w := range []struct {
		kind LockKind
		text string
	}{{WaitingToLock, jt.BlockedOn}, {WaitingOn, jt.WaitingOn}, {Parking, jt.ParkBlocker.Object}} {
		if w.text == "" {
			continue
		}
		class, hash := classAtHash([]byte(w.text))
		l := Lock{Kind: w.kind, Class: j.s.intern.str([]byte(class)), Addr: hash}
		if w.kind == Parking && jt.ParkBlocker.Owner != 0 {
			l.Owner = "#" + strconv.FormatInt(int64(jt.ParkBlocker.Owner), 10)
		}
		j.block.locks = append([]Lock{l}, j.block.locks...)
	}
}

// carried is a virtual thread whose carrier may come later in the dump.
type carried struct {
	by int64
	t  *Thread
}

func (j *jsonScan) linkCarried() {
	if len(j.carried) == 0 {
		return
	}
	byNum := map[int64]*Thread{}
	for _, t := range j.s.dump.Threads {
		if !t.Virtual {
			byNum[t.Num] = t
		}
	}
	for _, c := range j.carried {
		if p := byNum[c.by]; p != nil {
			c.t.Carrier, p.Mounted = p, c.t.Num
		}
	}
	j.carried = nil
}

// A jsonScan is its own format: nothing is left to do at the end.
func (j *jsonScan) line(*scan, []byte) verdict { return unknown }
func (j *jsonScan) close(*scan)                {}

func (j *jsonScan) skip() error {
	var raw json.RawMessage
	return j.dec.Decode(&raw)
}

func (j *jsonScan) object(field func(key string) error) error {
	if err := j.delim('{'); err != nil {
		return err
	}
	for j.dec.More() {
		j.in.mark(j.dec.InputOffset())
		key, err := j.dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if err := field(name); err != nil {
			return err
		}
	}
	return j.delim('}')
}

func (j *jsonScan) array(element func() error) error {
	if err := j.delim('['); err != nil {
		return err
	}
	for j.dec.More() {
		j.in.mark(j.dec.InputOffset())
		if err := element(); err != nil {
			return err
		}
	}
	return j.delim(']')
}

func (j *jsonScan) delim(want json.Delim) error {
	tok, err := j.dec.Token()
	if err != nil {
		return err
	}
	if tok != want {
		return fmt.Errorf("byte %d: got %v, want %v", j.dec.InputOffset(), tok, want)
	}
	return nil
}

// lineCounter knows the line of each byte that the decoder has not yet passed, and bounds what one value may take.
type lineCounter struct {
	r        io.Reader
	read     int64
	passed   int64 // start of the value being read
	limit    int64
	lines    int       // newlines before passed
	newlines []newline // those read; from first on they are not passed
	first    int
	content  int64 // last byte that is neither space nor comma
}

type newline struct{ at, content int64 } // content is the last byte before it that is neither space nor comma

var errTooLarge = errors.New("JSON value too large")

func (c *lineCounter) Read(p []byte) (int, error) {
	if c.read-c.passed > c.limit {
		return 0, errTooLarge
	}
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		switch b {
		case '\n':
			c.newlines = append(c.newlines, newline{c.read + int64(i), c.content})
		case ' ', '\t', '\r', ',':
		default:
			c.content = c.read + int64(i)
		}
	}
	c.read += int64(n)
	return n, err
}

// mark says that everything before offset is passed.
func (c *lineCounter) mark(offset int64) {
	c.passed = offset
	for c.first < len(c.newlines) && c.newlines[c.first].at < offset {
		c.first++
		c.lines++
	}
	if c.first > len(c.newlines)/2 {
		c.newlines = c.newlines[:copy(c.newlines, c.newlines[c.first:])]
		c.first = 0
	}
}

func (c *lineCounter) lineAt(offset int64) int {
	n := c.lines + 1
	for _, nl := range c.newlines[c.first:] {
		if nl.at >= offset {
			break
		}
		n++
	}
	return n
}

// lineOfNext is the line of the next value, where offset is before it or at the comma that divides it from the last one.
func (c *lineCounter) lineOfNext(offset int64) int {
	n := c.lines + 1
	for _, nl := range c.newlines[c.first:] {
		if nl.at >= offset && nl.content >= offset {
			break
		}
		n++
	}
	return n
}
