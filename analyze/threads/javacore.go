package threads

import (
	"bytes"
	"strings"
	"time"

	"casefile/analyze/say"
)

// javacore reads the dumps of OpenJ9 and IBM's J9. Every line begins with a tag; what the tags of other sections say is not about threads and
// passed over.
//
//	0SECTION       TITLE subcomponent dump routine
//	1TIDATETIME    Date: 2023/03/03 at 10:10:10:123
//	3XMTHREADINFO      "main" J9VMThread:0x0000000000221B00, omrthread_t:0x..., java/lang/Thread:0x..., state:R, prio=5
//	3XMJAVALTHREAD            (java/lang/Thread getId:0x1, isDaemon:false)
//	3XMTHREADINFO1            (native thread ID:0x1EC8, native priority:0x5, ...)
//	3XMCPUTIME               CPU usage total: 0.562500000 secs, user: 0.5 secs, ...
//	3XMTHREADBLOCK     Blocked on: java/lang/Object@0x00000000E0 Owned by: "A" (J9VMThread:0x...)
//	4XESTACKTRACE                at java/lang/Object.wait(Native Method)
//	5XESTACKTRACE                   (entered lock: java/lang/Object@0x00000000E0, entry count: 1)
type javacore struct {
	block
	waiter string // of the deadlock section
}

func isJavacore(b []byte) bool {
	return bytes.HasPrefix(b, []byte("0SECTION")) && bytes.Contains(b, []byte("TITLE subcomponent"))
}

func openJavacore(s *scan, _ []byte) format {
	s.begin(FormatOpenJ9)
	return &javacore{}
}

// javacoreTags do the work; other tags are known, and of no use here.
var javacoreTags = map[string]func(j *javacore, s *scan, rest []byte){
	"1TIDATETIME":    (*javacore).date,
	"1TIDATETIMEUTC": (*javacore).dateUTC,
	"1CIJAVAVERSION": func(_ *javacore, s *scan, b []byte) { s.dump.VM = s.intern.str(b) },
	"1CIPROCESSID":   (*javacore).pid,
	"1LKDEADLOCK":    func(_ *javacore, s *scan, _ []byte) { s.dump.ReportedDeadlocks++ },
	"2LKDEADLOCKTHR": (*javacore).deadlockThread,
	"4LKDEADLOCKOBJ": (*javacore).deadlockObject,
	"3XMTHREADINFO":  (*javacore).thread,
	"3XMJAVALTHREAD": (*javacore).javaThread,
	"3XMTHREADINFO1": (*javacore).nativeThread,
	"3XMCPUTIME":     (*javacore).cpu,
	"3XMTHREADBLOCK": (*javacore).blocked,
	"4XESTACKTRACE":  (*javacore).frame,
	"5XESTACKTRACE":  (*javacore).entered,
	"1XMTHDSUMMARY":  func(j *javacore, s *scan, _ []byte) { j.finish(s) },
}

func (j *javacore) line(s *scan, b []byte) verdict {
	tag, rest, _ := bytes.Cut(b, []byte{' '})
	if !isTag(tag) {
		if len(bytes.TrimSpace(b)) > 0 {
			return unknown
		}
		return unknown
	}
	if do := javacoreTags[string(tag)]; do != nil {
		do(j, s, bytes.TrimSpace(rest))
	}
	if bytes.Contains(rest, []byte("END OF DUMP")) {
		return last
	}
	return taken
}

// isTag knows "3XMTHREADINFO" and "NULL".
func isTag(b []byte) bool {
	if string(b) == "NULL" {
		return true
	}
	if len(b) < 3 || !isDigit(b[0]) {
		return false
	}
	for _, c := range b[1:] {
		if !isDigit(c) && (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return true
}

var javacoreDates = []string{"2006/01/02 at 15:04:05:000", "2006/01/02 at 15:04:05.000", "2006/01/02 at 15:04:05"}

func (j *javacore) readDate(s *scan, b []byte, utc bool) {
	text := strings.TrimSpace(strings.TrimPrefix(string(b), "Date:"))
	text = strings.TrimSpace(strings.TrimSuffix(text, "(UTC)"))
	for _, layout := range javacoreDates {
		layout = strings.Replace(layout, ":000", ".000", 1)
		norm := text
		if i := strings.LastIndexByte(norm, ':'); strings.Count(norm, ":") == 3 {
			norm = norm[:i] + "." + norm[i+1:]
		}
		if t, err := time.ParseInLocation(layout, norm, zoneIf(utc)); err == nil {
			s.dump.Time, s.dump.ZoneKnown = t, utc
			return
		}
	}
}

func (j *javacore) date(s *scan, b []byte) {
	if !s.dump.ZoneKnown {
		j.readDate(s, b, false)
	}
}

func (j *javacore) dateUTC(s *scan, b []byte) { j.readDate(s, b, true) }

func (j *javacore) pid(s *scan, b []byte) {
	if fields := bytes.Fields(bytes.TrimPrefix(b, []byte("Process ID:"))); len(fields) > 0 {
		n, _ := atoi(fields[0])
		s.dump.PID = int(n)
	}
}

func (j *javacore) thread(s *scan, b []byte) {
	j.finish(s)
	if len(b) == 0 || b[0] != '"' {
		if !bytes.HasPrefix(b, []byte("Anonymous native thread")) {
			return
		}
		j.t = s.newThread()
		j.t.VMInternal = true
		return
	}
	quote := bytes.LastIndexByte(b, '"')
	if quote == 0 {
		return
	}
	j.t = s.newThread()
	t := j.t
	t.Name = s.intern.str(b[1:quote])
	for _, f := range bytes.Split(b[quote+1:], []byte{','}) {
		key, val, _ := bytes.Cut(bytes.TrimSpace(f), []byte{':'})
		switch string(key) {
		case "J9VMThread", "TID":
			t.TID, _ = hexPrefix(val)
		case "state":
			t.StateText = s.intern.str(val)
			t.State = j9State(t.StateText)
		}
		if p, ok := bytes.CutPrefix(key, []byte("prio=")); ok {
			n, _ := atoi(p)
			t.Prio = int16(n)
		}
	}
}

// j9State maps R runnable, CW condition wait, P parked, B blocked, S suspended, Z zombie.
func j9State(s string) State {
	switch s {
	case "R":
		return Runnable
	case "CW", "P", "S", "MW":
		return Waiting
	case "B":
		return Blocked
	case "Z":
		return Terminated
	}
	return StateUnknown
}

func after(b []byte, mark string) []byte {
	if i := bytes.Index(b, []byte(mark)); i >= 0 {
		return b[i+len(mark):]
	}
	return nil
}

func (j *javacore) javaThread(_ *scan, b []byte) {
	if j.t == nil {
		return
	}
	if id := after(b, "getId:"); id != nil {
		n, _ := hexPrefix(id)
		j.t.Num = int64(n)
	}
	j.t.Daemon = bytes.Contains(b, []byte("isDaemon:true"))
}

func (j *javacore) nativeThread(_ *scan, b []byte) {
	if id := after(b, "native thread ID:"); id != nil && j.t != nil {
		n, _ := hexPrefix(id)
		j.t.NID = int64(n)
	}
}

func (j *javacore) cpu(_ *scan, b []byte) {
	if j.t == nil {
		return
	}
	if total := after(b, "total:"); total != nil {
		num, _, _ := bytes.Cut(bytes.TrimSpace(total), []byte{' '})
		j.t.CPU = duration(append(append([]byte{}, num...), 's'))
	}
}

func (j *javacore) frame(s *scan, b []byte) {
	if text, ok := bytes.CutPrefix(b, []byte("at ")); ok && j.t != nil {
		j.push(s, s.intern.frameBy(text, parseJ9Frame))
	}
}

// parseJ9Frame takes "java/lang/Object.wait(Object.java:167(Compiled Code))"; older builds wrap the place in more parentheses.
func parseJ9Frame(text string) Frame {
	open := strings.IndexByte(text, '(')
	if open < 0 {
		return Frame{Text: text, Func: strings.ReplaceAll(text, "/", ".")}
	}
	f := Frame{Text: text, Func: dropCounters(strings.ReplaceAll(text[:open], "/", "."))}
	place := strings.TrimRight(text[open+1:], ")")
	if i := strings.IndexByte(place, '('); i >= 0 {
		place = place[:i]
	}
	if place == "Bytecode PC:" {
		place = ""
	}
	f.setPlace(place)
	return f
}

func (j *javacore) entered(s *scan, b []byte) {
	lock := after(b, "entered lock: ")
	if lock == nil || j.t == nil {
		return
	}
	lock, _, _ = bytes.Cut(lock, []byte{','})
	class, addr := classAtHash(lock)
	j.addLock(s, Lock{Kind: Locked, Class: s.intern.str([]byte(strings.ReplaceAll(class, "/", "."))), Addr: addr})
}

var j9Blocks = []struct {
	words string
	kind  LockKind
	state State
}{
	{"Blocked on: ", WaitingToLock, Blocked},
	{"Waiting on: ", WaitingOn, Waiting},
	{"Parked on: ", Parking, Waiting},
}

func (j *javacore) blocked(s *scan, b []byte) {
	if j.t == nil {
		return
	}
	for i := range j9Blocks {
		rest, ok := bytes.CutPrefix(b, []byte(j9Blocks[i].words))
		if !ok {
			continue
		}
		object, owner, _ := bytes.Cut(rest, []byte(" Owned by: "))
		class, addr := classAtHash(object)
		l := Lock{Kind: j9Blocks[i].kind, Class: s.intern.str([]byte(strings.ReplaceAll(class, "/", "."))), Addr: addr}
		if len(owner) > 0 && owner[0] == '"' {
			l.Owner = s.intern.str([]byte(ownerName(owner)))
		}
		j.addLock(s, l)
		if j.t.State != TimedWaiting {
			j.t.State = j9Blocks[i].state
		}
		return
	}
}

func (j *javacore) deadlockThread(s *scan, b []byte) {
	name := ownerName(b)
	d := s.dump
	if n := len(d.Reported); n > 0 && j.waiter != "" && d.Reported[n-1].Owner == "" && d.Reported[n-1].Thread == j.waiter {
		d.Reported[n-1].Owner = name
	}
	j.waiter = name
}

func (j *javacore) deadlockObject(s *scan, b []byte) {
	if len(s.dump.Reported) >= maxReported {
		return
	}
	class, addr := classAtHash(b)
	s.dump.Reported = append(s.dump.Reported, ReportedWait{Deadlock: s.dump.ReportedDeadlocks - 1, Thread: j.waiter, Addr: addr, Class: strings.ReplaceAll(class, "/", "."), Line: s.in.n})
}

func (j *javacore) close(s *scan) { j.finish(s) }

func zoneIf(utc bool) *time.Location {
	if utc {
		return time.UTC
	}
	return say.NoZone
}
