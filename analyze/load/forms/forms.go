package forms

import (
	"bufio"
	"bytes"
	"io"
)

// Opened is a text without its form.
type Opened struct {
	In   *bufio.Reader
	Head []byte // the first bytes of it, as many as were given
	Name string // of the form
	// Line gives the line of the input that a line of the text stands in; both count from 1.
	Line func(int) int
	// Words tell, when all is read, what of the input is not in the text.
	Words func() []string
}

// Open looks at the first bytes of a text. It gives nil when the text is in no form.
func Open(in *bufio.Reader, head []byte) *Opened {
	for _, f := range all {
		start := f.in(head)
		if start == nil {
			continue
		}
		p := &puller{in: in, next: start()}
		out := bufio.NewReaderSize(p, in.Size())
		first, _ := out.Peek(in.Size()) // an error is told by who reads on
		return &Opened{In: out, Head: first, Name: f.name, Line: p.line, Words: func() []string { return p.words }}
	}
	return nil
}

// step reads some of a text and writes what that was; io.EOF, or another error, ends it.
type step func(p *puller) error

// start begins to read a text.
type start func() step

// A form is a way in which a text is kept.
type form struct {
	name string
	// in looks at the first bytes of a text; nil: it is not in this form.
	in func(head []byte) start
}

// all are the forms, those that hold others first.
var all = []form{
	{"lines that end in CR", inCR},
	{"threads in JSON", inActuator},
	{"a page of HTML", inPage},
	{"a mail's quoted-printable", inQuotedPrintable},
	{"an export in CSV", inCSV},
	{"an export in JSON", inArray},
	{"lines of JSON of several processes", inObjects},
	{"journalctl -o export", inJournal},
	{"supervisord's log", inSupervisor},
	{"blanks that do not break", inHardBlanks},
	{"a block of a ticket", inBlock},
	{"the same before each line", inPrefix},
	{"wrapped lines", inWrapped},
	{"doubled line ends", inDoubled},
	{"threads in JSON within another text", inText},
}

// puller is the reader of a text that a step makes.
type puller struct {
	in    *bufio.Reader
	next  step
	buf   bytes.Buffer
	err   error
	read  int   // lines of the input
	lines int   // lines written
	part  []int // lines written from which on they are those of whole
	whole []int
	words []string
}

func (p *puller) Read(b []byte) (int, error) {
	for p.buf.Len() == 0 {
		if p.err != nil {
			return 0, p.err
		}
		p.err = p.next(p)
	}
	return p.buf.Read(b)
}

// write adds a text, of whole lines, that stands in the input at this line.
func (p *puller) write(text []byte, at int) {
	if k := len(p.part); k == 0 || at-p.lines-1 != p.whole[k-1]-p.part[k-1] {
		p.part, p.whole = append(p.part, p.lines+1), append(p.whole, at)
	}
	p.buf.Write(text)
	n := bytes.Count(text, []byte{'\n'})
	if len(text) == 0 || text[len(text)-1] != '\n' {
		p.buf.WriteByte('\n')
		n++
	}
	p.lines += n
}

func (p *puller) line(written int) int {
	lo, hi := 0, len(p.part)
	for lo < hi {
		if mid := (lo + hi) / 2; p.part[mid] <= written {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return written
	}
	return p.whole[lo-1] + written - p.part[lo-1]
}

// longest bounds what is held of a line; a longer one is passed in pieces.
const longest = 1 << 20

// readLine gives the next line with its end. It is valid until the next call.
func (p *puller) readLine() ([]byte, error) {
	var long []byte
	for {
		b, err := p.in.ReadSlice('\n')
		if err == bufio.ErrBufferFull && len(long)+len(b) < longest {
			long = append(long, b...)
			continue
		}
		if len(long) > 0 {
			b = append(long, b...)
		}
		if err == bufio.ErrBufferFull {
			err = nil
		}
		if len(b) > 0 {
			p.read++
			if err == io.EOF {
				err = nil // of the next call
			}
		}
		return b, err
	}
}

// eachLine is the step of forms that change each line by itself; a line that becomes nil is left out.
func eachLine(change func([]byte) []byte) start {
	return always(func(p *puller) error {
		b, err := p.readLine()
		if err != nil {
			return err
		}
		if b = change(b); b != nil {
			p.write(b, p.read)
		}
		return nil
	})
}

// always starts a step that keeps nothing in mind.
func always(s step) start { return func() step { return s } }

// ifBetter gives a way to read a text that makes more of its first bytes than they are as they stand, else nil.
func ifBetter(head []byte, s start) start {
	if evidence(applied(head, s)) > evidence(head) {
		return s
	}
	return nil
}

// ifEvident is the same for a form that leaves no doubt about itself: dumps and logs are looked for in what it holds.
func ifEvident(head []byte, s start) start {
	if after := evidence(applied(head, s)); after > 0 && 2*after >= evidence(head) {
		return s
	}
	return nil
}

// ifNoWorse is the same for a form that other texts look like too: what is taken for it must not lose any line of a dump or a log.
func ifNoWorse(head []byte, s start) start {
	if evidence(applied(head, s)) >= evidence(head) {
		return s
	}
	return nil
}

// applied gives what a step makes of the first bytes of a text.
func applied(head []byte, s start) []byte {
	p := &puller{in: bufio.NewReaderSize(bytes.NewReader(head), 64<<10), next: s()}
	out, _ := io.ReadAll(io.LimitReader(p, int64(2*len(head)))) //nolint:errcheck // the head is cut
	return out
}

// wholeLines cuts the last line of the first bytes of a text off, which may go on.
func wholeLines(head []byte) []byte {
	if i := bytes.LastIndexByte(head, '\n'); i > 0 {
		return head[:i+1]
	}
	return head
}
