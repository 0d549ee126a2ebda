package host

import (
	"time"

	"casefile/bundle/format/hostseries"
)

// clockReading is struct timex of adjtimex(2), as the kernel gives it.
type clockReading struct {
	state, status, tai int
	offset             int64 // microseconds, or nanoseconds with staNano
	freq               int64 // ppm times 2^16
	maxError, estError int64 // microseconds
}

// Bits of timex.status and the return value that matter here (linux/timex.h).
const (
	staUnsync = 0x0040
	staNano   = 0x2000
	timeError = 5
)

var clockFlags = []struct {
	bit  int
	name string
}{
	{0x0001, "PLL"}, {0x0002, "PPSFREQ"}, {0x0004, "PPSTIME"}, {0x0008, "FLL"}, {0x0010, "INS"}, {0x0020, "DEL"},
	{staUnsync, "UNSYNC"}, {0x0080, "FREQHOLD"}, {0x0100, "PPSSIGNAL"}, {0x1000, "CLOCKERR"}, {staNano, "NANO"},
}

// clockOf turns a reading into seconds and words.
func clockOf(at time.Time, c clockReading) hostseries.ClockState {
	unit := 1e-6
	if c.status&staNano != 0 {
		unit = 1e-9
	}
	out := hostseries.ClockState{At: at, State: c.state, Status: c.status, Flags: []string{}, TAI: c.tai,
		Synchronised: c.state != timeError && c.status&staUnsync == 0,
		Offset:       float64(c.offset) * unit, MaxError: float64(c.maxError) * 1e-6, EstError: float64(c.estError) * 1e-6,
		FrequencyPPM: float64(c.freq) / (1 << 16)}
	for _, f := range clockFlags {
		if c.status&f.bit != 0 {
			out.Flags = append(out.Flags, f.name)
		}
	}
	return out
}

func (r *run) clockState(folder string) {
	c, err := r.clock()
	if err != nil {
		r.note(itemClock, err)
		return
	}
	r.addJSON(folder+hostseries.Clock, itemClock, "adjtimex", clockOf(time.Now(), c))
}
