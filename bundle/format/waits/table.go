package waits

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	magic   = "# casefile-waits 1 "
	head    = "pid=%d before_ms=%d after_ms=%d left_out=%d denied=%d changed=%d"
	columns = "tid\tnid\tcall\tfd\tevents\tkind\tlocal\tremote\tpath"

	sampleMagic   = "# casefile-wait-samples 1 "
	sampleHead    = "pid=%d first_ms=%d last_ms=%d rounds=%d left_out=%d"
	sampleColumns = columns + "\tcount\tfirst_ms\tlast_ms"

	none    = "-"
	maxLine = 2*MaxPath + 1024 // pseudonyms may be longer than what they stand for
)

// clean keeps a path, which may hold anything, from breaking the table.
var clean = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// Encode writes the table.
func (s *Snapshot) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, magic+head+"\n"+columns+"\n", s.PID, s.Before.UnixMilli(), s.After.UnixMilli(), s.LeftOut, s.Denied,
		s.Changed)
	for i := range s.Waits {
		s.Waits[i].encode(&b)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Encode writes the table.
func (s *Samples) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, sampleMagic+sampleHead+"\n"+sampleColumns+"\n", s.PID, s.First.UnixMilli(), s.Last.UnixMilli(),
		s.Rounds, s.LeftOut)
	for i := range s.Samples {
		k := &s.Samples[i]
		k.encode(&b)
		fmt.Fprintf(&b, "\t%d\t%d\t%d\n", k.Count, k.First.UnixMilli(), k.Last.UnixMilli())
	}
	return b.Bytes()
}

func (w *Wait) encode(b *bytes.Buffer) {
	fd := none
	if w.FD != NoFD {
		fd = strconv.Itoa(w.FD)
	}
	path := clean.Replace(w.Path)
	fmt.Fprintf(b, "%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s", w.TID, w.NID, w.Call, fd, or(string(w.Events)), or(string(w.Kind)),
		end(w.Local), end(w.Remote), or(path[:min(len(path), MaxPath)]))
}

func or(text string) string {
	if text == "" {
		return none
	}
	return text
}

func end(a netip.AddrPort) string {
	if !a.IsValid() {
		return none
	}
	return a.String()
}

// Read reads the table of a dump back. Lines that are not rows are counted.
func Read(r io.Reader) (*Snapshot, error) {
	s := &Snapshot{}
	var before, after int64
	err := read(r, table{magic, head, columns, MaxThreads,
		[]any{&s.PID, &before, &after, &s.LeftOut, &s.Denied, &s.Changed}}, &s.Skipped, func(f []string, line int) error {
		w, err := row(f, line)
		if err == nil {
			s.Waits = append(s.Waits, w)
		}
		return err
	})
	s.Before, s.After = time.UnixMilli(before), time.UnixMilli(after)
	return s, err
}

// ReadSamples reads the table of samples back. Lines that are not rows are counted.
func ReadSamples(r io.Reader) (*Samples, error) {
	s := &Samples{}
	var first, last int64
	err := read(r, table{sampleMagic, sampleHead, sampleColumns, MaxSamples,
		[]any{&s.PID, &first, &last, &s.Rounds, &s.LeftOut}}, &s.Skipped, func(f []string, line int) error {
		k, err := sampleRow(f, line)
		if err == nil {
			s.Samples = append(s.Samples, k)
		}
		return err
	})
	s.First, s.Last = time.UnixMilli(first), time.UnixMilli(last)
	return s, err
}

// table is how one of the tables begins, and how many rows it may have.
type table struct {
	magic, head, columns string
	most                 int
	fields               []any
}

func read(r io.Reader, t table, skipped *int, add func(f []string, line int) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLine)
	if !sc.Scan() {
		return errors.Join(errors.New("waits: empty"), sc.Err())
	}
	head, ok := strings.CutPrefix(sc.Text(), t.magic)
	if !ok {
		return fmt.Errorf("waits: line 1 does not begin with %q", t.magic)
	}
	if _, err := fmt.Sscanf(head, t.head, t.fields...); err != nil {
		return fmt.Errorf("waits: line 1: %w", err)
	}
	for line, rows := 2, 0; sc.Scan(); line++ {
		if sc.Text() == t.columns {
			continue
		}
		if rows++; rows > t.most {
			return fmt.Errorf("waits: line %d: more than %d rows", line, t.most)
		}
		if add(strings.Split(sc.Text(), "\t"), line) != nil {
			*skipped++
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("waits: %w", err)
	}
	return nil
}

var events = []Events{"", In, Out, InOut}

var errRow = errors.New("not a row")

func row(f []string, line int) (Wait, error) {
	if len(f) != strings.Count(columns, "\t")+1 {
		return Wait{}, errRow
	}
	w := Wait{Call: f[2], FD: NoFD, Events: Events(text(f[4])), Kind: Kind(text(f[5])), Path: text(f[8]), Line: line}
	var errs [5]error
	w.TID, errs[0] = strconv.ParseInt(f[0], 10, 64)
	w.NID, errs[1] = strconv.ParseInt(f[1], 10, 64)
	if f[3] != none {
		w.FD, errs[2] = strconv.Atoi(f[3])
	}
	w.Local, errs[3] = addr(f[6])
	w.Remote, errs[4] = addr(f[7])
	if w.Call == "" || w.FD < NoFD || !slices.Contains(Kinds, w.Kind) || !slices.Contains(events, w.Events) {
		return Wait{}, errRow
	}
	return w, errors.Join(errs[:]...)
}

func sampleRow(f []string, line int) (k Sample, err error) {
	n := strings.Count(columns, "\t") + 1
	if len(f) != n+3 {
		return k, errRow
	}
	if k.Wait, err = row(f[:n], line); err != nil {
		return k, err
	}
	count, err1 := strconv.Atoi(f[n])
	first, err2 := strconv.ParseInt(f[n+1], 10, 64)
	last, err3 := strconv.ParseInt(f[n+2], 10, 64)
	k.Count, k.First, k.Last = count, time.UnixMilli(first), time.UnixMilli(last)
	return k, errors.Join(err1, err2, err3)
}

func text(field string) string {
	if field == none {
		return ""
	}
	return field
}

func addr(field string) (netip.AddrPort, error) {
	if field == none {
		return netip.AddrPort{}, nil
	}
	return netip.ParseAddrPort(field)
}
