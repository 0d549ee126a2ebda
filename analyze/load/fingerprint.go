package load

import (
	"strings"
	"time"

	"casefile/analyze/threads"
)

// likeness is what a comparison of two dumps says about whether one process printed both.
type likeness int8

const (
	apart   likeness = iota - 1 // of two processes
	unclear                     // nothing speaks for or against it
	alike                       // what is in them fits one process, or two of one program
	same                        // addresses of threads: of one process
)

// fingerprint is what a dump shows of the process that printed it.
type fingerprint struct {
	pid    int
	vm     string
	format threads.Format
	start  time.Time // by date and age; zero unknown
	zone   bool
	cpu    time.Duration     // of all threads
	tids   map[string]uint64 // addresses of threads, by name and number
	nums   map[string]int64  // numbers of threads whose name only one has; 0 where the dump has none
	places map[string]bool   // Go: where goroutines began
}

// mostMarks bounds what is kept of one dump: its first threads are the oldest, or the newest, in all dumps of one process.
const mostMarks = 400

func fingerprintOf(d *threads.Dump) *fingerprint {
	f := &fingerprint{pid: d.PID, vm: d.VM, format: d.Format, zone: d.ZoneKnown,
		tids: map[string]uint64{}, nums: map[string]int64{}, places: map[string]bool{}}
	var age time.Duration
	twice := map[string]bool{}
	for i, t := range d.Threads {
		age = max(age, t.Elapsed)
		f.cpu += max(t.CPU, 0)
		if i >= mostMarks && len(d.Threads)-i > mostMarks || t.Virtual {
			continue
		}
		if d.Format == threads.FormatGo {
			if n := len(t.Stack.Frames); n > 0 {
				f.places[t.Stack.Frames[n-1].Func+" "+t.Creator] = true
			}
			continue
		}
		key := t.Name
		if t.TID != 0 && (t.Num != 0 || t.VMInternal) {
			f.tids[key+" "+string(rune(t.Num))] = t.TID
		}
		if _, known := f.nums[key]; known {
			twice[key] = true
		}
		f.nums[key] = t.Num
	}
	for name := range twice {
		delete(f.nums, name)
	}
	if age > 0 && !d.Time.IsZero() {
		f.start = d.Time.Add(-age)
	}
	return f
}

const (
	leastTIDs  = 3               // equal addresses that are no chance
	startSlack = 5 * time.Second // dates have whole seconds, and a large dump takes some to print
	startApart = time.Minute     // the oldest thread may have ended between two dumps
)

// like compares two dumps.
func (f *fingerprint) like(o *fingerprint) likeness {
	if (f.format == threads.FormatGo) != (o.format == threads.FormatGo) {
		return apart
	}
	if f.pid != 0 && o.pid != 0 && f.pid != o.pid || f.format == o.format && f.vm != "" && o.vm != "" && f.vm != o.vm {
		return apart
	}
	if f.format == threads.FormatGo {
		return shareOf(f.places, o.places)
	}
	if equal, differ := agree(f.tids, o.tids); equal+differ > 0 {
		switch {
		case equal < differ:
			return apart
		case equal >= leastTIDs:
			return same
		case differ == 0 && (f.pid != 0 && f.pid == o.pid || f.near(o)):
			return same
		case equal > 0:
			return alike
		}
	}
	if f.far(o) {
		return apart
	}
	equal, differ := agree(f.nums, o.nums)
	switch {
	case equal < differ && differ >= leastTIDs:
		return apart
	case equal > differ, f.pid != 0 && f.pid == o.pid, f.near(o):
		return alike
	}
	return unclear
}

// near and far compare the starts of two processes, as far as both are known and of one kind of clock.
func (f *fingerprint) near(o *fingerprint) bool {
	return f.comparable(o) && f.start.Sub(o.start).Abs() <= startSlack
}

func (f *fingerprint) far(o *fingerprint) bool {
	return f.comparable(o) && f.start.Sub(o.start).Abs() > startApart
}

func (f *fingerprint) comparable(o *fingerprint) bool {
	return !f.start.IsZero() && !o.start.IsZero() && f.zone == o.zone
}

// agree counts the keys that two maps have in common, with equal values and with others.
func agree[V comparable](a, b map[string]V) (equal, differ int) {
	if len(b) < len(a) {
		a, b = b, a
	}
	for k, v := range a {
		if w, both := b[k]; both && v == w {
			equal++
		} else if both {
			differ++
		}
	}
	return equal, differ
}

// shareOf compares the places where goroutines began: half of the fewer in common fit one program.
func shareOf(a, b map[string]bool) likeness {
	equal, _ := agree(a, b)
	fewer := min(len(a), len(b))
	switch {
	case fewer == 0:
		return unclear
	case equal == 0 && fewer >= leastTIDs:
		return apart
	case 2*equal >= fewer:
		return alike
	}
	return unclear
}

// mixed reports whether the threads of a dump are of two processes, whose lines came into one stream: what every JVM has once is there
// twice, or a number of a thread has two addresses.
func mixed(d *threads.Dump) bool {
	byNum := map[int64]uint64{}
	once := map[string]uint64{}
	for _, t := range d.Threads {
		if t.TID == 0 {
			continue
		}
		if t.Num > 0 {
			if tid := byNum[t.Num]; tid != 0 && tid != t.TID {
				return true
			}
			byNum[t.Num] = t.TID
		} else if strings.HasPrefix(t.Name, "VM ") {
			if tid := once[t.Name]; tid != 0 && tid != t.TID {
				return true
			}
			once[t.Name] = t.TID
		}
	}
	return false
}
