package analyze

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"casefile/analyze/applog"
)

// TomcatStarts is the kind of lines in which Tomcat names its release at its start:
// "... INFO [main] org.apache.catalina.core.StandardEngine.startInternal Starting Servlet engine: [Apache Tomcat/10.1.60 (Debian)]".
const TomcatStarts = "tomcat-starts"

var tomcatRelease = regexp.MustCompile(`Apache Tomcat/(\d+(?:\.\d+)+)`)

// NamesTomcat reports whether a line of a log names the release of a Tomcat.
func NamesTomcat(line []byte) bool { return tomcatRelease.Match(line) }

// Tomcat is the release of the Tomcat that a JVM last started, by its logs, with the entry and line; empty: none tells.
func (j *JVM) Tomcat() (release, source string, line int) {
	lines := j.LogLines(TomcatStarts)
	if len(lines) == 0 {
		return "", "", 0
	}
	last := lines[0]
	for _, l := range lines {
		if l.Time.After(last.Time) {
			last = l
		}
	}
	if m := tomcatRelease.FindStringSubmatch(last.Text); m != nil {
		release = m[1]
	}
	return release, last.Source, last.Line
}

// microsecondsFrom is the release of Tomcat that counts %D of access logs in microseconds, as Apache's httpd does:
// https://tomcat.apache.org/tomcat-10.1-doc/config/valve.html. It is also the first one whose servlets are jakarta.servlet's.
const microsecondsFrom = 10

// SettleDurations finds out in what unit access logs count %D where they do not tell themselves: by the release of Tomcat, else by the servlets in the
// dumps, else by what cannot be: more requests at work on average than there are threads for them.
func (j *JVM) SettleDurations() {
	known, micro := j.servletUnit()
	for _, a := range j.Access {
		switch {
		case a.TookKnown:
		case known && micro:
			a.InMicroseconds()
		case known:
			a.InMilliseconds()
		case j.tooMany(a.Newest()):
			a.InMicroseconds()
		}
	}
}

// tooMany reports whether requests would have been at work, on average, in more threads than all connectors have.
func (j *JVM) tooMany(list []applog.Served) bool {
	threads := 0
	set := j.Settings()
	for i := range set.Connectors {
		threads += set.Connectors[i].MaxThreads
	}
	if threads == 0 || len(list) < 2 {
		return false
	}
	began, ended, took := list[0].Ended, list[0].Ended, time.Duration(0)
	for _, r := range list {
		took += r.Took
		if at := r.Ended.Add(-r.Took); at.Before(began) {
			began = at
		}
		if r.Ended.After(ended) {
			ended = r.Ended
		}
	}
	return took > time.Duration(threads)*ended.Sub(began)
}

func (j *JVM) servletUnit() (known, micro bool) {
	if release, _, _ := j.Tomcat(); release != "" {
		major, _, _ := strings.Cut(release, ".")
		n, err := strconv.Atoi(major)
		return err == nil, n >= microsecondsFrom
	}
	if j.Dumps == nil {
		return false, false
	}
	for _, d := range j.Dumps.Dumps {
		for _, t := range d.Threads {
			for _, f := range t.Stack.Frames {
				switch {
				case strings.HasPrefix(f.Func, "jakarta.servlet."):
					return true, true
				case strings.HasPrefix(f.Func, "javax.servlet."):
					return true, false
				}
			}
		}
	}
	return false, false
}
