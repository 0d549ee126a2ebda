package jvm

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"casefile/bundle/format/tasks"
	"casefile/collectors"
)

// look reads all threads of the process once. deep also asks what each sleeps
// in, for a JVM that does not answer. It costs the process nothing but the reads.
func (p *Process) look(deep bool) *tasks.Snapshot {
	s := &tasks.Snapshot{PID: p.PID, Started: time.Now()}
	for _, tid := range p.tids() {
		dir := filepath.Join(p.dir, "task", strconv.Itoa(tid))
		st, err := collectors.ReadStat(filepath.Join(dir, "stat"))
		if err != nil {
			continue // ended meanwhile
		}
		t := tasks.Task{TID: int64(tid), NID: int64(tid), State: st.State, Processor: st.Processor, Comm: st.Comm,
			CPU: st.CPU()}
		if b, err := os.ReadFile(filepath.Join(dir, "schedstat")); err == nil {
			readSchedstat(b, &t)
		}
		if p.NSPID != p.PID {
			t.NID = nsTID(filepath.Join(dir, "status"), t.TID)
		}
		if deep {
			wchan, _ := os.ReadFile(filepath.Join(dir, "wchan"))
			t.Wchan = string(wchan)
		}
		s.Tasks = append(s.Tasks, t)
	}
	s.Ended = time.Now()
	return s
}

// readSchedstat reads "cpu_ns delay_ns slices" (Documentation/scheduler/sched-stats.rst).
// All are 0 when the kernel has them switched off.
func readSchedstat(b []byte, t *tasks.Task) {
	f := strings.Fields(string(b))
	if len(f) < 3 {
		return
	}
	cpu, err1 := strconv.ParseInt(f[0], 10, 64)
	delay, err2 := strconv.ParseInt(f[1], 10, 64)
	slices, err3 := strconv.ParseUint(f[2], 10, 64)
	if errors.Join(err1, err2, err3) == nil && cpu > 0 {
		t.CPU, t.Delay, t.Switches = time.Duration(cpu), time.Duration(delay), slices
	}
}

// nsTID is the thread's id in its innermost PID namespace.
func nsTID(status string, tid int64) int64 {
	b, err := os.ReadFile(status)
	if err != nil {
		return tid
	}
	if _, rest, ok := bytes.Cut(b, []byte("\nNSpid:")); ok {
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		if f := strings.Fields(string(line)); len(f) > 0 {
			if n, err := strconv.ParseInt(f[len(f)-1], 10, 64); err == nil {
				return n
			}
		}
	}
	return tid
}
