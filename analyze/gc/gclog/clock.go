package gclog

import "time"

// wallClock is the wall clock of a line as it stands there; it is read only when it is needed.
type wallClock struct {
	iso   []byte        // "2022-08-16T11:30:42.834+0800"
	epoch time.Duration // since 1970; zero when the line has none
}

func (w wallClock) given() bool { return w.iso != nil || w.epoch != 0 }

func (w wallClock) time() (time.Time, bool) {
	switch {
	case w.iso != nil:
		t, _, ok := isoTime(w.iso)
		return t, ok
	case w.epoch != 0:
		return time.Unix(0, int64(w.epoch)).UTC(), true
	}
	return time.Time{}, false
}

// stamp takes the time of a line, in uptime or in time since the first wall clock stamp.
func (p *parser) stamp(at time.Duration, w wallClock) {
	p.unified.settled = false
	const jitter = time.Second    // lines of different threads may be out of order by less than this
	if at > 50*365*24*time.Hour { // no uptime of a JVM: a broken line
		return
	}
	if p.stamped && at < p.last-jitter {
		p.restart(at, w)
	}
	p.stamped = true
	if !p.walled && w.given() { // G1Ergonomics lines, the first of many a log, have no date
		if t, ok := w.time(); ok {
			p.b.SetWall(at, t)
			p.walled = true
		}
	}
	p.last = max(p.last, at)
	p.b.Seen(at, p.line)
}

// mend completes a stamp of the line whose front was cut off.
func (p *parser) mend(at time.Duration) time.Duration {
	if p.line == 1 || p.read == 1 {
		return at + p.cut
	}
	return at
}

// wallStamp takes the time of a line that has only a wall clock.
func (p *parser) wallStamp(w wallClock) {
	t, ok := w.time()
	if !ok {
		return
	}
	if p.epoch.IsZero() {
		p.epoch = t
	}
	at := max(0, t.Sub(p.epoch))
	if at < p.last && p.last-at < time.Hour { // the clock was set back a little: hold it, this is no new run
		at = p.last
	}
	p.stamp(at, w)
}

// restart begins a new JVM run at the given stamp.
func (p *parser) restart(at time.Duration, w wallClock) {
	p.unified.settled = false
	t, ok := w.time()
	p.walled = ok
	p.legacy.close(p)
	p.unified.close(p)
	p.b.NewRun(at, t, p.line)
	p.log = p.b.Log()
	p.last, p.began = at, false
	p.part.ids, p.part.first = false, false
}

// stampOf is when something of the given duration that ended at this line began.
func (p *parser) stampOf(d time.Duration) time.Duration { return max(0, p.last-d) }
