package collectors

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"casefile/bundle/format/entries"
)

// ClockTick is USER_HZ, in which /proc counts CPU time: 100 a second on every
// architecture that Go runs on under Linux.
const ClockTick = 10 * time.Millisecond

// Stat is what /proc/PID/stat tells of a process, or /proc/PID/task/TID/stat of a
// thread: the part of proc_pid_stat(5) that collectors use.
//
//	4711 (java) S 1 4711 4711 0 -1 4194560 100 0 5 0 70 30 0 0 20 0 9 0 12345 104857600 77 ...
type Stat struct {
	Comm          string
	State         byte
	PPID          int
	MajorFaults   uint64
	User, System  uint64 // CPU time in ticks
	Threads       int
	Started       uint64 // ticks after boot: with the pid it names a process for ever
	VirtualBytes  uint64
	ResidentPages uint64
	Processor     int // that it ran on last; -1: not told
}

// CPU is user and system time together.
func (s *Stat) CPU() time.Duration { return time.Duration(s.User+s.System) * ClockTick }

// statFields are the numbers that are taken, by their place in proc_pid_stat(5).
var statFields = [...]int{4, 12, 14, 15, 20, 22, 23, 24, 39}

// leastStatFields is how many fields every kernel has that Go runs on; the processor comes after them.
const leastStatFields = 24

// ParseStat reads a line of /proc/PID/stat. The name in brackets may itself hold
// brackets and blanks, so it ends at the last one.
func ParseStat(b []byte) (Stat, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return Stat{}, entries.Errorf(entries.Unreadable, "no name in brackets in %.60q", b)
	}
	var numbers [len(statFields)]uint64
	s := Stat{Comm: string(b[open+1 : end]), Processor: -1}
	rest, field, next := b[end+1:], 2, 0
	for {
		rest = bytes.TrimLeft(rest, " \n")
		if len(rest) == 0 {
			break
		}
		n := bytes.IndexAny(rest, " \n")
		if n < 0 {
			n = len(rest)
		}
		word := rest[:n]
		rest = rest[n:]
		switch field++; {
		case field == 3:
			if s.State = word[0]; len(word) != 1 || s.State < 'A' || s.State > 'z' {
				return Stat{}, entries.Errorf(entries.Unreadable, "state is %.30q, want a letter", word)
			}
		case next < len(statFields) && field == statFields[next]:
			v, ok := decimal(word)
			if !ok {
				return Stat{}, entries.Errorf(entries.Unreadable, "field %d is %.30q, want a number", field, word)
			}
			numbers[next] = v
			next++
		}
	}
	if field < leastStatFields {
		return Stat{}, entries.Errorf(entries.Unreadable, "%d fields, want %d at least", field, leastStatFields)
	}
	s.PPID, s.MajorFaults, s.User, s.System = int(numbers[0]), numbers[1], numbers[2], numbers[3]
	s.Threads, s.Started, s.VirtualBytes, s.ResidentPages = int(numbers[4]), numbers[5], numbers[6], numbers[7]
	if next == len(statFields) {
		s.Processor = int(numbers[8])
	}
	return s, nil
}

// decimal reads a number without sign of up to 64 bits.
func decimal(word []byte) (n uint64, ok bool) {
	const most = 1<<64 - 1
	for _, c := range word {
		d := uint64(c - '0')
		if c < '0' || c > '9' || n > (most-d)/10 {
			return 0, false
		}
		n = 10*n + d
	}
	return n, len(word) > 0
}

// maxStat is the size of a stat file that is read: fields of 20 digits, and a name of 15 bytes.
const maxStat = 4 << 10

// ReadStat reads one stat file.
func ReadStat(path string) (Stat, error) {
	f, err := os.Open(path)
	if err != nil {
		return Stat{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxStat))
	if err != nil {
		return Stat{}, err
	}
	s, err := ParseStat(b)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return s, err
}
