package threads

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// Top is one table of `top -b -H`, which support asks for next to each thread dump: the CPU time of each thread since its start (TIME+),
// by OS thread id. What it calls %CPU is, in the first table of a run, the mean since the start of the thread, and is not read.
type Top struct {
	Clock   time.Duration // of the day, in the machine's local time
	Threads map[int64]ThreadCPU
}

const (
	topMark    = "top - "
	topColumns = "TIME+"
)

// SniffTop says that a text is the output of top in batch mode.
func SniffTop(head []byte) bool {
	head = bytes.TrimLeft(head[:min(len(head), 4096)], " \t\r\n\ufeff")
	return bytes.HasPrefix(head, []byte(topMark)) && bytes.Contains(head, []byte(topColumns))
}

// ReadTop reads the tables of one file. skipped counts rows that have no thread id or no time.
func ReadTop(r io.Reader) (tables []Top, skipped int, err error) {
	const most = 1 << 20 // rows in all tables
	rows, id, used := 0, -1, -1
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 4096), 64<<10)
	for sc.Scan() {
		line := sc.Text()
		f := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, topMark) && len(f) > 2:
			id = -1
			if clock, err := time.Parse(time.TimeOnly, f[2]); err == nil {
				midnight := clock.Truncate(24 * time.Hour)
				tables = append(tables, Top{Clock: clock.Sub(midnight), Threads: map[int64]ThreadCPU{}})
			}
		case len(tables) == 0 || len(f) == 0:
		case id < 0:
			id, used = column(f, "PID"), column(f, topColumns)
			if used < 0 {
				id = -1
			}
		default:
			if rows++; rows > most {
				return tables, skipped, errors.New("output of top: more than a million rows")
			}
			thread, cpu, ok := topRow(f, id, used)
			if !ok {
				skipped++
				continue
			}
			tables[len(tables)-1].Threads[thread] = ThreadCPU{CPU: cpu}
		}
	}
	return tables, skipped, sc.Err()
}

func column(fields []string, name string) int {
	for i, f := range fields {
		if f == name {
			return i
		}
	}
	return -1
}

func topRow(f []string, id, used int) (thread int64, cpu time.Duration, ok bool) {
	if len(f) <= max(id, used) {
		return 0, 0, false
	}
	thread, err := strconv.ParseInt(f[id], 10, 32)
	cpu, ok = topTime(f[used])
	return thread, cpu, ok && err == nil
}

// topTime reads minutes, seconds and hundredths: "103:07.45". Times of over a week are written in hours and are too coarse to tell a difference.
func topTime(text string) (time.Duration, bool) {
	minutes, rest, ok := strings.Cut(text, ":")
	if !ok {
		return 0, false
	}
	seconds, hundredths, _ := strings.Cut(strings.Replace(rest, ",", ".", 1), ".")
	var total time.Duration
	for _, part := range []struct {
		text string
		unit time.Duration
	}{{minutes, time.Minute}, {seconds, time.Second}, {hundredths, 10 * time.Millisecond}} {
		n, err := strconv.ParseUint("0"+part.text, 10, 31)
		if err != nil {
			return 0, false
		}
		total += time.Duration(n) * part.unit
	}
	return total, true
}

// TopSamples dates the tables by the dumps of the same minutes: those have a date, tables only a time of the day.
func TopSamples(tables []Top, dumps []*Dump) []CPUSample {
	var out []CPUSample
	for _, t := range tables {
		s := CPUSample{Threads: t.Threads}
		nearest := 24 * time.Hour
		for _, d := range dumps {
			if d.Time.IsZero() {
				continue
			}
			y, m, day := d.Time.Date()
			for off := -1; off <= 1; off++ { // midnight may be between the two
				at := time.Date(y, m, day+off, 0, 0, 0, 0, d.Time.Location()).Add(t.Clock)
				if gap := at.Sub(d.Time).Abs(); gap < nearest {
					nearest, s.Time = gap, at
				}
			}
		}
		out = append(out, s)
	}
	return out
}

// KnownBy is how many of the threads of the table the dumps have.
func (t *Top) KnownBy(dumps []*Dump) int {
	known := map[int64]bool{}
	for _, d := range dumps {
		for _, th := range d.Threads {
			if _, ok := t.Threads[th.NID]; ok {
				known[th.NID] = true
			}
		}
	}
	return len(known)
}
