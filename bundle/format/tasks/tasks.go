// Package tasks is the format of one look at all threads of a process through
// /proc/PID/task: what each used of the CPU so far and what it does now.
//
// It is a table with tabs that a person can read and sort:
//
//	# casefile-tasks 1 pid=4711 started_ms=1732347000123 ended_ms=1732347000131
//	tid	nid	state	cpu_ns	delay_ns	switches	processor	comm	wchan
//	4712	7	S	12311751	4152451	15	1	main	-
//
// tid is the thread's id on the host and nid the one in the PID namespace of the
// process, which thread dumps show. state is that of proc_pid_stat(5); cpu_ns,
// delay_ns and switches are the fields of schedstat: time on a CPU, time spent
// runnable but waiting for a CPU, and time slices. Where the kernel keeps no
// schedstat, cpu_ns comes from utime + stime, in steps of a clock tick, and
// delay_ns and switches are 0. wchan is the kernel function the thread sleeps
// in, "-" where it was not asked for.
package tasks

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Task is one thread.
type Task struct {
	TID, NID  int64
	State     byte
	CPU       time.Duration
	Delay     time.Duration
	Switches  uint64
	Processor int
	Comm      string
	Wchan     string
}

// Snapshot is all threads of a process, read one after the other from Started to Ended.
type Snapshot struct {
	PID            int
	Started, Ended time.Time
	Tasks          []Task
	// Skipped counts lines that Read did not understand.
	Skipped int
}

const (
	magic   = "# casefile-tasks 1 "
	columns = "tid\tnid\tstate\tcpu_ns\tdelay_ns\tswitches\tprocessor\tcomm\twchan\n"
	maxLine = 4096
	maxRows = 1 << 20
)

// clean keeps a thread's name, which may hold anything, from breaking the table.
var clean = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// Encode writes the table.
func (s *Snapshot) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%spid=%d started_ms=%d ended_ms=%d\n%s", magic, s.PID, s.Started.UnixMilli(), s.Ended.UnixMilli(), columns)
	for _, t := range s.Tasks {
		wchan := t.Wchan
		if wchan == "" {
			wchan = "-"
		}
		fmt.Fprintf(&b, "%d\t%d\t%c\t%d\t%d\t%d\t%d\t%s\t%s\n", t.TID, t.NID, t.State, t.CPU, t.Delay, t.Switches, t.Processor, clean.Replace(t.Comm), clean.Replace(wchan))
	}
	return b.Bytes()
}

// Read reads the table back. Lines that are not rows are counted.
func Read(r io.Reader) (*Snapshot, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, maxLine), maxLine)
	if !sc.Scan() {
		return nil, errors.Join(errors.New("tasks: empty"), sc.Err())
	}
	head, ok := strings.CutPrefix(sc.Text(), magic)
	if !ok {
		return nil, errors.New("tasks: line 1 is not the head of a task table")
	}
	s := &Snapshot{}
	var from, to int64
	if _, err := fmt.Sscanf(head, "pid=%d started_ms=%d ended_ms=%d", &s.PID, &from, &to); err != nil {
		return nil, fmt.Errorf("tasks: line 1: %w", err)
	}
	s.Started, s.Ended = time.UnixMilli(from), time.UnixMilli(to)
	for n := 2; sc.Scan(); n++ {
		if n > maxRows {
			return s, fmt.Errorf("tasks: more than %d rows", maxRows)
		}
		t, err := row(strings.Split(sc.Text(), "\t"))
		switch {
		case err == nil:
			s.Tasks = append(s.Tasks, t)
		case sc.Text()+"\n" != columns:
			s.Skipped++
		}
	}
	if err := sc.Err(); err != nil {
		return s, fmt.Errorf("tasks: %w", err)
	}
	return s, nil
}

func row(f []string) (t Task, err error) {
	if len(f) != 9 || len(f[2]) != 1 {
		return t, errors.New("not a row")
	}
	var n [6]int64
	for i, col := range []int{0, 1, 3, 4, 5, 6} {
		if n[i], err = strconv.ParseInt(f[col], 10, 64); err != nil {
			return t, err
		}
	}
	t = Task{TID: n[0], NID: n[1], State: f[2][0], CPU: time.Duration(n[2]), Delay: time.Duration(n[3]), Switches: uint64(n[4]), Processor: int(n[5]), Comm: f[7], Wchan: f[8]}
	if t.Wchan == "-" {
		t.Wchan = ""
	}
	return t, nil
}
