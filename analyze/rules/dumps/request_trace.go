package dumps

import (
	"fmt"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// trace is what the logs tell about the request that a thread works on.
type trace struct {
	what string // "GET /pages/view.action"; empty: unknown
	note string // a sentence; empty: nothing to say
	at   []analyze.Evidence
}

// logResolution is how exact the times of an access log are, at both ends of a request.
const logResolution = 2 * time.Second

// trace looks for the request of a thread that was busy from one dump to another: in what StuckThreadDetectionValve
// reported while it ran,
// and in the access log, which tells of it once it has ended.
func (v *view) trace(s threads.StuckThread) trace {
	name := workerName(s.Name)
	from, to := v.Series.Dumps[s.From], v.Series.Dumps[s.To]
	var t trace
	if v.JVM == nil || from.Time.IsZero() {
		return t
	}
	if r := v.reportOf(name, from, to); r != nil {
		t.what = pathOf(r.URL)
		text := fmt.Sprintf("Tomcat reports %s stuck for %s", name, say.Seconds(r.Active))
		if r.Ended {
			text = fmt.Sprintf("Tomcat reports that the request of %s ended after %s", name, say.Seconds(r.Active))
		}
		if t.what != "" {
			text += " in " + cite.Line(t.what)
		}
		t.at = append(t.at, analyze.Evidence{Entry: r.Source, Lines: analyze.Lines(r.Line, r.Line), Text: text})
	}
	r, log := v.requestOf(name, from, to)
	switch {
	case r != nil:
		t.what = strings.TrimSpace(r.Method + " " + r.Path)
		t.at = append(t.at, analyze.Evidence{Entry: r.Source, Lines: analyze.Lines(r.Line, r.Line),
			Text: fmt.Sprintf(
				"%s by %s took %s and ended with status %d",
				cite.Line(t.what),
				name,
				say.Seconds(r.Took),
				r.Status,
			)})
	case log != nil:
		t.note = "The access log has no line of the request yet: it had not ended when the log was read."
	}
	return t
}

// reportOf finds the newest report of the valve about the request that a thread had over both dumps.
func (v *view) reportOf(name string, from, to *threads.Dump) *applog.Stuck {
	var best *applog.Stuck
	for _, l := range v.JVM.AllLogs() {
		for i := range l.Stuck {
			r := &l.Stuck[i]
			began, ok1 := on(r.Began(), from)
			written, ok2 := on(r.Stamp, to)
			if !ok1 || !ok2 || workerName(r.Worker) != name || began.After(from.Time.Add(logResolution)) {
				continue
			}
			if r.Ended && written.Before(to.Time.Add(-logResolution)) {
				best = nil // that was the request before
				continue
			}
			if best == nil || best.URL == "" || r.URL != "" {
				best = r
			}
		}
	}
	return best
}

// requestOf finds the line of the access log, and else a log that reaches to the last dump and names threads.
func (v *view) requestOf(name string, from, to *threads.Dump) (*applog.Request, *applog.Access) {
	var covers *applog.Access
	for _, l := range v.JVM.AllAccess() {
		if l.Pattern == nil || !l.Pattern.HasThread() || !l.Pattern.HasDuration() {
			continue
		}
		for i := range l.Slow {
			r := &l.Slow[i]
			began, ok1 := on(r.Began(), from)
			ended, ok2 := on(r.Stamp, to)
			if ok1 && ok2 && workerName(r.Thread) == name && !began.After(from.Time.Add(logResolution)) &&
				!ended.Before(to.Time.Add(-logResolution)) {
				return r, l
			}
		}
		first, ok1 := on(l.First, from)
		last, ok2 := on(l.Last, from)
		if ok1 && ok2 && !first.After(from.Time) && !last.Before(from.Time.Add(-logResolution)) {
			covers = l
		}
	}
	return nil, covers
}

// on gives the time of a log line as a dump counts time: dumps without a zone are in the machine's own.
func on(s applog.Stamp, d *threads.Dump) (time.Time, bool) {
	switch {
	case s.Time.IsZero():
		return time.Time{}, false
	case d.ZoneKnown:
		return s.Time, s.ZoneKnown
	}
	return s.Local(), true
}

// workerName is a thread's name without the URL and the user that some products put behind it.
func workerName(name string) string {
	for _, mark := range []string{" url:", " url :", " ["} {
		name, _, _ = strings.Cut(name, mark)
	}
	return strings.TrimSpace(name)
}

// pathOf leaves a URL's path: scheme, host and query away.
func pathOf(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			url = rest[i:]
		}
	}
	url, _, _ = strings.Cut(url, "?")
	return url
}
