package applog

import (
	"bytes"
	"strconv"
	"time"
)

// Stuck is a report of Tomcat's StuckThreadDetectionValve: a request that takes longer than its threshold, or one that had been reported
// and has ended.
type Stuck struct {
	Entry         // the line; its Thread is the one that wrote it
	Worker string // the thread that serves the request
	Active time.Duration
	URL    string // empty for an end
	Ended  bool
	// Frames are the thread's calls, innermost first, as the valve printed them after the line; at most maxFrames.
	Frames []string
}

// maxFrames is how many calls of a reported request are kept.
const maxFrames = 60

// Began is when the request did.
func (s *Stuck) Began() Stamp { return s.before(s.Active) }

// stuckWords are the valve's messages from Tomcat 7 on, in English. Values stand in quotes, in brackets, or bare.
//
//	Thread [http-nio-8090-exec-7] (id=[91]) has been active for [63,112] milliseconds (since [1/2/24 3:04 PM]) to serve the same request for
//	  [http://wiki/x.action] and may be stuck (configured threshold for this StuckThreadDetectionValve is [60] seconds). There is/are [1] ...
//	Thread [http-nio-8090-exec-7] (id=[91]) was previously reported to be stuck but has completed. It was active for approximately [72,304] milliseconds.
var (
	stuckThread = []byte("Thread ")
	stuckActive = []byte(" has been active for ")
	stuckFor    = []byte("same request for ")
	stuckDone   = []byte(" was previously reported to be stuck but has completed")
	stuckAbout  = []byte("active for approximately ")
	stuckID     = []byte(" (id=")
)

func readStuck(line []byte) (s Stuck, ok bool) {
	at := bytes.Index(line, stuckID)
	if at < 0 {
		return s, false
	}
	name := bytes.LastIndex(line[:at], stuckThread)
	if name < 0 {
		return s, false
	}
	s.Worker = string(unquote(line[name+len(stuckThread) : at]))
	rest := line[at:]
	var amount []byte
	if i := bytes.Index(rest, stuckDone); i >= 0 {
		_, amount, ok = bytes.Cut(rest[i:], stuckAbout)
		s.Ended = true
	} else if _, amount, ok = bytes.Cut(rest, stuckActive); ok {
		if _, url, found := bytes.Cut(amount, stuckFor); found {
			url, _, _ = bytes.Cut(url, []byte(" and may be stuck"))
			s.URL = clip(unquote(url), maxText)
		}
	}
	if !ok || s.Worker == "" {
		return s, false
	}
	amount, _, ok = bytes.Cut(amount, []byte(" milliseconds"))
	ms, err := strconv.ParseInt(string(digitsOf(amount)), 10, 64)
	s.Active = time.Duration(ms) * time.Millisecond
	return s, ok && err == nil && ms < 1<<40
}

// stackLine gives the call of a line of a stack; ok is false for another line.
func stackLine(b []byte) (call []byte, ok bool) {
	return bytes.CutPrefix(bytes.TrimSpace(b), []byte("at "))
}

// unquote takes the brackets or the quotes away.
func unquote(b []byte) []byte {
	b = bytes.TrimSpace(b)
	if n := len(b); n > 1 && (b[0] == '[' && b[n-1] == ']' || b[0] == '"' && b[n-1] == '"') {
		return b[1 : n-1]
	}
	return b
}

// digitsOf drops what a locale groups digits by: "63,112", "63.112", "63 112".
func digitsOf(b []byte) []byte {
	var out []byte
	for _, c := range b[:min(len(b), 40)] {
		if isDigit(c) {
			out = append(out, c)
		}
	}
	return out
}
