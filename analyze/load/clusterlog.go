package load

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/bundle"
)

// maxClusterLines is how many lines of one log are kept: the newest.
const maxClusterLines = 200

// clusterWords tell lines about members that come and go, in small letters. The first match counts.
//
//	2022-07-12 01:09:31,204 WARN [hz.confluence.InvocationMonitorThread] ... Removing Member [10.0.0.2]:5801 ...
//	2022-07-12 01:09:40,017 ERROR [...] Received a panic event: Clustered Confluence: Database is being updated by another ...
var clusterWords = []struct{ word, kind string }{
	{"received a panic event", "panic"},
	{"cluster panic", "panic"},
	{"removing member", "removal"},
	{"removed member", "removal"},
	{"members removed", "removal"},
	{"master confirmation", "removal"},
	{"is suspected to be dead", "removal"},
	{"has left the cluster", "removal"},
}

// stampLayouts are how log lines begin: log4j's, ISO 8601 and the JDK's own.
var stampLayouts = []struct {
	form   *regexp.Regexp
	layout string
	zoned  bool
}{
	{regexp.MustCompile(`^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3}(?:Z|[+-]\d\d:?\d\d))`), "2006-01-02T15:04:05.000Z0700", true},
	{regexp.MustCompile(`^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3})`), "2006-01-02T15:04:05.000", false},
	{regexp.MustCompile(`^\[?(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d\.\d{3})`), "02-Jan-2006T15:04:05.000", false},
}

// readClusterLog keeps what a log says about the cluster. Stamps without a zone are local time; how far that is
// from UTC shows in the log's last line, which is hardly older than the copy. Where it is, nothing is kept of
// the log: a time that may be an hour off explains nothing.
func (t *target) readClusterLog(_ *builder, e bundle.Entry, body io.Reader) error {
	if t.jvm == nil {
		return nil
	}
	in := bufio.NewReaderSize(body, 64<<10)
	var found []analyze.LogLine
	var local []bool // of found: the stamp has no zone
	var last time.Time
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		if stamp, zoned, ok := stampOf(line); ok {
			if !zoned {
				last = stamp
			}
			if kind := clusterKind(line); kind != "" {
				found = append(found, analyze.LogLine{Time: stamp, Kind: kind, Source: e.Path, Line: n, Text: strings.TrimSpace(string(line[:min(len(line), 300)]))})
				local = append(local, !zoned)
				if len(found) > maxClusterLines {
					found, local = found[1:], local[1:]
				}
			}
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return err
			}
			break
		}
	}
	zone, known := zoneOf(last, e)
	for i, l := range found {
		switch {
		case local[i] && !known:
			continue
		case local[i]:
			l.Time = l.Time.Add(-zone)
		}
		t.jvm.ClusterLog = append(t.jvm.ClusterLog, l)
	}
	return nil
}

func clusterKind(line []byte) string {
	const keep = 4096
	text := strings.ToLower(string(line[:min(len(line), keep)]))
	for _, w := range clusterWords {
		if strings.Contains(text, w.word) {
			return w.kind
		}
	}
	return ""
}

func stampOf(line []byte) (t time.Time, zoned, ok bool) {
	if len(line) < 20 || line[0] != '[' && (line[0] < '0' || line[0] > '9') {
		return time.Time{}, false, false
	}
	head := line[:min(len(line), 40)]
	for _, s := range stampLayouts {
		m := s.form.FindSubmatch(head)
		if m == nil {
			continue
		}
		text := strings.Replace(strings.Replace(string(m[1]), " ", "T", 1), ",", ".", 1)
		if s.zoned && len(text) > 6 && text[len(text)-3] == ':' {
			text = text[:len(text)-3] + text[len(text)-2:]
		}
		t, err := time.Parse(s.layout, text)
		return t, s.zoned, err == nil
	}
	return time.Time{}, false, false
}

// zoneOf is what local time is ahead of UTC, in quarters of an hour as all zones are, if the log's last line was
// written within a few minutes before it was copied.
func zoneOf(last time.Time, e bundle.Entry) (time.Duration, bool) {
	copied := e.Ended
	if copied.IsZero() {
		copied = e.Started
	}
	if last.IsZero() || copied.IsZero() {
		return 0, false
	}
	const quarter, quiet = 15 * time.Minute, 5 * time.Minute
	ahead := last.Sub(copied.UTC())
	zone := (ahead + quiet).Round(quarter)
	for _, z := range []time.Duration{zone - quarter, zone, zone + quarter} {
		if late := z - ahead; late >= -2*time.Second && late <= quiet {
			return z, true
		}
	}
	return 0, false
}
