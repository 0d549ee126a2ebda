package applog

import (
	"bytes"
	"time"

	"casefile/analyze/say"
)

// Stamp is when a line says it was written.
type Stamp struct {
	Time time.Time // without a zone in the text it is kept as UTC
	// ZoneKnown says that the text gave a zone, so that Time is an instant.
	ZoneKnown bool
	// Zone is what local time there is ahead of UTC, when that is known.
	Zone time.Duration
}

// Local is the time as the machine's own wall clock shows it.
func (s Stamp) Local() time.Time { return s.Time.Add(s.Zone) }

// before is the stamp of a moment that lies d earlier.
func (s Stamp) before(d time.Duration) Stamp {
	s.Time = s.Time.Add(-d)
	return s
}

// At moves a stamp of local time to the instant, for a machine whose clock is ahead of UTC by zone. Others stay.
func (s Stamp) At(zone time.Duration) Stamp {
	if s.ZoneKnown || s.Time.IsZero() {
		return s
	}
	return Stamp{Time: s.Time.Add(-zone).UTC(), ZoneKnown: true, Zone: zone}
}

// readStamp reads the time at the front of a line, and gives what follows it.
func readStamp(line []byte) (Stamp, []byte, bool) {
	b := line
	if len(b) > 0 && b[0] == '[' {
		b = b[1:]
	}
	if len(b) < 20 {
		return Stamp{}, nil, false
	}
	var s Stamp
	var rest []byte
	var ok bool
	switch {
	case isDigit(b[0]) && b[4] == '-':
		s, rest, ok = isoStamp(b)
	case isDigit(b[0]) && b[2] == '-' && b[6] == '-':
		s, rest, ok = juliStamp(b)
	case b[0] >= 'A' && b[0] <= 'Z' && b[3] == ' ':
		s, rest, ok = julStamp(b)
	}
	if ok && len(rest) > 0 && rest[0] == ']' {
		rest = rest[1:]
	}
	return s, rest, ok
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number reads exactly n digits.
func number(b []byte, n int) (v int, ok bool) {
	if len(b) < n {
		return 0, false
	}
	for _, c := range b[:n] {
		if !isDigit(c) {
			return 0, false
		}
		v = 10*v + int(c-'0')
	}
	return v, true
}

// isoStamp reads "2022-07-12 01:08:59,489", with "T" or ".", with or without a fraction of 1 to 9 digits, and with or without a zone. Without
// a fraction it must have a zone: "2022-07-12 01:08:59" alone is the head of a thread dump.
func isoStamp(b []byte) (Stamp, []byte, bool) {
	y, ok1 := number(b, 4)
	mo, ok2 := number(b[5:], 2)
	d, ok3 := number(b[8:], 2)
	if !ok1 || !ok2 || !ok3 || b[7] != '-' || b[10] != ' ' && b[10] != 'T' || mo < 1 || mo > 12 || d < 1 || d > 31 {
		return Stamp{}, nil, false
	}
	sec, rest, ok := clock(b[11:])
	if !ok {
		return Stamp{}, nil, false
	}
	frac, rest, fraction := fractionOf(rest)
	t := time.Date(y, time.Month(mo), d, 0, 0, 0, 0, time.UTC).Add(sec + frac)
	zone, after, zoned := zoneAt(rest)
	if zoned {
		return Stamp{Time: t.Add(-zone), ZoneKnown: true, Zone: zone}, after, true
	}
	t = t.In(say.NoZone)
	return Stamp{Time: t}, rest, fraction
}

// clock reads "01:08:59".
func clock(b []byte) (time.Duration, []byte, bool) {
	h, ok1 := number(b, 2)
	if !ok1 || len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0, nil, false
	}
	m, ok2 := number(b[3:], 2)
	s, ok3 := number(b[6:], 2)
	if !ok2 || !ok3 || h > 23 || m > 59 || s > 60 {
		return 0, nil, false
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second, b[8:], true
}

func fractionOf(b []byte) (time.Duration, []byte, bool) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' || !isDigit(b[1]) {
		return 0, b, false
	}
	unit, v, i := time.Second/10, time.Duration(0), 1
	for ; i < len(b) && i <= 9 && isDigit(b[i]); i++ {
		v += time.Duration(b[i]-'0') * unit
		unit /= 10
	}
	return v, b[i:], true
}

// zoneAt reads "Z", "+0200", "+02:00", with a space before it or without.
func zoneAt(b []byte) (time.Duration, []byte, bool) {
	b = bytes.TrimPrefix(b, []byte(" "))
	switch {
	case len(b) > 0 && b[0] == 'Z':
		return 0, b[1:], true
	case len(b) < 5 || b[0] != '+' && b[0] != '-':
		return 0, nil, false
	}
	h, ok1 := number(b[1:], 2)
	at := 3
	if b[3] == ':' {
		at = 4
	}
	m, ok2 := number(b[at:], 2)
	if !ok1 || !ok2 || h > 18 || m > 59 {
		return 0, nil, false
	}
	zone := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if b[0] == '-' {
		zone = -zone
	}
	return zone, b[at+2:], true
}

var months = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

func monthOf(b []byte) (time.Month, bool) {
	for i, name := range months {
		if bytes.HasPrefix(b, []byte(name)) {
			return time.Month(i + 1), true
		}
	}
	return 0, false
}

// juliStamp reads "12-Jul-2022 01:08:59.489".
func juliStamp(b []byte) (Stamp, []byte, bool) {
	d, ok1 := number(b, 2)
	mo, ok2 := monthOf(b[3:])
	y, ok3 := number(b[7:], 4)
	if !ok1 || !ok2 || !ok3 || b[11] != ' ' || d < 1 || d > 31 {
		return Stamp{}, nil, false
	}
	sec, rest, ok := clock(b[12:])
	if !ok {
		return Stamp{}, nil, false
	}
	frac, rest, _ := fractionOf(rest)
	return Stamp{Time: time.Date(y, mo, d, 0, 0, 0, 0, say.NoZone).Add(sec + frac)}, rest, true
}

// julStamp reads "Jul 12, 2022 1:08:59 AM", the default of java.util.logging in English.
func julStamp(b []byte) (Stamp, []byte, bool) {
	mo, ok := monthOf(b)
	if !ok {
		return Stamp{}, nil, false
	}
	day, rest, _ := bytes.Cut(b[4:], []byte(", "))
	year, rest, _ := bytes.Cut(rest, []byte(" "))
	at, rest, _ := bytes.Cut(rest, []byte(" "))
	if len(rest) < 2 || len(day) == 0 || len(day) > 2 || len(at) < 7 || len(at) > 8 {
		return Stamp{}, nil, false
	}
	d, ok1 := number(day, len(day))
	y, ok2 := number(year, 4)
	if len(at) == 7 {
		at = append([]byte("0"), at...)
	}
	sec, _, ok3 := clock(at)
	if !ok1 || !ok2 || !ok3 || len(year) != 4 || d < 1 || d > 31 || sec >= 13*time.Hour {
		return Stamp{}, nil, false
	}
	switch half := string(rest[:2]); {
	case half == "PM" && sec < 12*time.Hour:
		sec += 12 * time.Hour
	case half == "AM" && sec >= 12*time.Hour:
		sec -= 12 * time.Hour
	case half != "AM" && half != "PM":
		return Stamp{}, nil, false
	}
	return Stamp{Time: time.Date(y, mo, d, 0, 0, 0, 0, say.NoZone).Add(sec)}, rest[2:], true
}

// apacheStamp reads "12/Jul/2022:01:08:59 +0200", the time of access logs, brackets left away.
func apacheStamp(b []byte) (Stamp, bool) {
	if len(b) < 20 || b[2] != '/' || b[6] != '/' || b[11] != ':' {
		return Stamp{}, false
	}
	d, ok1 := number(b, 2)
	mo, ok2 := monthOf(b[3:])
	y, ok3 := number(b[7:], 4)
	sec, rest, ok := clock(b[12:])
	if !ok1 || !ok2 || !ok3 || !ok || d < 1 || d > 31 {
		return Stamp{}, false
	}
	frac, rest, _ := fractionOf(rest)
	t := time.Date(y, mo, d, 0, 0, 0, 0, time.UTC).Add(sec + frac)
	if zone, _, ok := zoneAt(rest); ok {
		return Stamp{Time: t.Add(-zone), ZoneKnown: true, Zone: zone}, true
	}
	return Stamp{Time: t}, true
}
