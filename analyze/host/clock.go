package host

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"casefile/bundle/format/hostseries"
)

func (l *loader) clock() {
	c := &l.facts.Clock
	var state hostseries.ClockState
	name, ok := l.json(hostseries.End+hostseries.Clock, &state)
	if !ok {
		name, ok = l.json(hostseries.Start+hostseries.Clock, &state)
	}
	if ok {
		c.Synchronised, c.Ref = state.Synchronised, Ref{Source: name, Key: "synchronised"}
		c.FrequencyPPM = Number{state.FrequencyPPM, Ref{Source: name, Key: "frequency_ppm"}}
		if state.Synchronised {
			c.Error = Number{state.MaxError, Ref{Source: name, Key: "max_error_seconds"}}
		}
	}
	for command, t := range l.sections(hostseries.NTP) {
		for _, d := range daemonFormats {
			if command != d.command {
				continue
			}
			c.Daemon = Text{d.daemon, t.Ref}
			if offset, bound, ok := d.read(t.Value); ok {
				c.Offset = Number{offset, t.Ref}
				c.Error = Number{math.Abs(offset) + bound, t.Ref}
			}
		}
	}
}

// daemonFormats are the commands whose output tells offset and error bound. The
// bound of NTP is half of the delay to the reference plus the dispersion (RFC 5905).
var daemonFormats = []struct {
	command, daemon string
	read            func(string) (offset, bound float64, ok bool)
}{
	{"chronyc -n tracking", "chronyd", chronyTracking},
	{"timedatectl timesync-status --no-pager", "systemd-timesyncd", timesyncStatus},
	{"ntpq -c rv", "ntpd", ntpVariables},
}

// chronyTracking reads lines such as
//
//	System time     : 0.000012345 seconds slow of NTP time
//	Root delay      : 0.012000000 seconds
//	Root dispersion : 0.001000000 seconds
//	Leap status     : Normal
func chronyTracking(s string) (offset, bound float64, ok bool) {
	lines := keyed([]byte(s), "", ":")
	word := func(key string) (float64, bool) {
		first, _, _ := strings.Cut(lines[key].Value, " ")
		v, err := strconv.ParseFloat(first, 64)
		return v, err == nil && v-v == 0
	}
	offset, ok1 := word("System time")
	delay, ok2 := word("Root delay")
	dispersion, ok3 := word("Root dispersion")
	if lines["Leap status"].Value == "Not synchronised" {
		return 0, 0, false
	}
	if strings.Contains(lines["System time"].Value, "slow") {
		offset = -offset
	}
	return offset, delay/2 + dispersion, ok1 && ok2 && ok3
}

// timesyncStatus reads lines such as
//
//	Root distance: 4.203ms (max: 5s)
//	       Offset: -1.211ms
func timesyncStatus(s string) (offset, bound float64, ok bool) {
	lines := keyed([]byte(s), "", ":")
	offset, ok1 := timespan(lines["Offset"].Value)
	bound, ok2 := timespan(lines["Root distance"].Value)
	return -offset, bound, ok1 && ok2 // it tells what has to be added
}

var timespanUnits = map[string]float64{"us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}

// timespan reads "+1min 2.5s (max: 5s)": words up to the first that is not one
// of systemd.time(7), as seconds.
func timespan(s string) (seconds float64, ok bool) {
	sign := 1.0
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		sign, s = -1, rest
	}
	for word := range strings.FieldsSeq(strings.TrimPrefix(s, "+")) {
		digits := strings.TrimRight(word, "abcdefghijklmnopqrstuvwxyz")
		unit, known := timespanUnits[word[len(digits):]]
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil || !known && v != 0 || v-v != 0 {
			break
		}
		seconds, ok = seconds+v*unit, true
	}
	return sign * seconds, ok
}

var variable = regexp.MustCompile(`\b(rootdelay|rootdisp|offset|leap)=([-+0-9.]+)`)

// ntpVariables reads the system variables of ntpd; times are milliseconds.
func ntpVariables(s string) (offset, bound float64, ok bool) {
	v := map[string]float64{}
	for _, m := range variable.FindAllStringSubmatch(s, 16) {
		if n, err := strconv.ParseFloat(m[2], 64); err == nil {
			v[m[1]] = n
		}
	}
	_, ok1 := v["offset"]
	_, ok2 := v["rootdisp"]
	if v["leap"] == 11 { // both bits set: not synchronised
		return 0, 0, false
	}
	return -v["offset"] / 1000, (v["rootdelay"]/2 + v["rootdisp"]) / 1000, ok1 && ok2
}
