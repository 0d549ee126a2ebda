package threads

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"casefile/analyze/say"
)

// Utilisation is the share of the CPU that each thread had around one moment, by OS thread id: 1 is all that it is a share of.
type Utilisation struct {
	Time   time.Time
	Shares map[int64]float64
	// Skipped counts lines that are no rows.
	Skipped int
}

// utilisationMark is in the head of the table that Atlassian's support zip holds next to each thread dump (..._thread_cpu_utilisation.txt):
//
//	JVM_THREAD_ID  OS_THREAD_ID  %CPU_USER_MODE  %CPU_SYSTEM_MODE  SYSTEM_TIME  THREAD_NAME
//
// The figures come from the flight recorder, where they are shares of all CPUs of the machine (jdk.ThreadCPULoad).
var utilisationMark = []byte("%CPU_USER_MODE")

// SniffUtilisation says that a text is such a table.
func SniffUtilisation(head []byte) bool {
	return bytes.Contains(head[:min(len(head), 4096)], utilisationMark)
}

var stampInName = regexp.MustCompile(`(\d{4})_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d\d)`)

// ReadUtilisation reads a table; its moment stands in the file's name ("2024_01_02_10_00_30_thread_cpu_utilisation.txt"), without a zone.
func ReadUtilisation(name string, r io.Reader) (*Utilisation, error) {
	u := &Utilisation{Shares: map[int64]float64{}}
	if m := stampInName.FindString(name); m != "" {
		if at, err := time.ParseInLocation("2006_01_02_15_04_05", m, say.NoZone); err == nil {
			u.Time = at
		}
	}
	if u.Time.IsZero() {
		return nil, errors.New("CPU of threads: the file's name does not tell the time")
	}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 4096), 64<<10)
	for sc.Scan() {
		f := strings.FieldsFunc(sc.Text(), func(r rune) bool { return r == ' ' || r == '\t' || r == '|' || r == ',' })
		if len(f) < 4 {
			if len(f) > 0 {
				u.Skipped++
			}
			continue
		}
		id, err1 := strconv.ParseInt(f[1], 0, 64)
		user, err2 := strconv.ParseFloat(strings.TrimSuffix(f[2], "%"), 64)
		sys, err3 := strconv.ParseFloat(strings.TrimSuffix(f[3], "%"), 64)
		switch share := (user + sys) / 100; {
		case errors.Join(err1, err2, err3) != nil || !(share >= 0 && share <= 1e4):
			if !strings.Contains(sc.Text(), string(utilisationMark)) {
				u.Skipped++
			}
		default:
			u.Shares[id] = share
		}
	}
	return u, sc.Err()
}

// SamplesOf turns shares, in the order of their times, into CPU time: each share stands for the time since the one before it. cpus is of
// how many CPUs 1 is a share.
func SamplesOf(list []*Utilisation, cpus float64) []CPUSample {
	total := map[int64]time.Duration{}
	var out []CPUSample
	for i, u := range list {
		s := CPUSample{Time: u.Time, Threads: map[int64]ThreadCPU{}}
		for id, share := range u.Shares {
			if i > 0 {
				total[id] += time.Duration(share * cpus * float64(u.Time.Sub(list[i-1].Time)))
			}
			s.Threads[id] = ThreadCPU{CPU: total[id]}
		}
		out = append(out, s)
	}
	return out
}
