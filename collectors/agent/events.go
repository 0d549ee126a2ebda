package agent

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"casefile/collectors"
)

const (
	// keepEvents is how many events a client that comes late still gets.
	keepEvents = 2000
	maxMessage = 1000
	heartbeat  = 2 * time.Second
	// writeTimeout is how long a client may not read before it is given up.
	writeTimeout = 30 * time.Second
)

// log keeps the newest events. Copies of it may be read while it grows.
type log struct {
	list []collectors.Event
	last int // number of the newest
}

func (l *log) add(e collectors.Event) {
	e.Message = e.Message[:min(len(e.Message), maxMessage)]
	l.last++
	if len(l.list) >= 2*keepEvents {
		l.list = append([]collectors.Event(nil), l.list[keepEvents:]...)
	}
	l.list = append(l.list, e)
}

// after returns the events behind number n, with the number of the first of them.
func (l log) after(n int) (int, []collectors.Event) {
	first := l.last - len(l.list) + 1
	n = max(n+1, first)
	if n > l.last {
		return l.last + 1, nil
	}
	return n, l.list[n-first:]
}

// events sends what happens until the capture has ended.
func (n *Node) events(w http.ResponseWriter, r *http.Request, c *capture) {
	last, err := number(r, "after")
	if err != nil {
		refuse(w, err)
		return
	}
	out := newLines(w)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	alive := true
	for {
		v, changed := c.wait()
		seq, list := v.log.after(int(last))
		for i := range list {
			out.send(Line{Seq: seq + i, Event: &list[i]})
			last = int64(seq + i)
		}
		if v.status.State.ended() {
			out.send(Line{End: &v.status})
			_ = out.flush() // who followed may have gone
			return
		}
		if alive {
			out.send(Line{Alive: &Alive{Time: n.Now(), Bytes: v.status.Bytes}})
		}
		if out.flush() != nil {
			return
		}
		alive = false
		select {
		case <-changed:
		case <-beat.C:
			alive = true
		case <-r.Context().Done():
			return
		}
	}
}

// lines writes JSON lines to a client that may be slow or gone.
type lines struct {
	ctl *http.ResponseController
	enc *json.Encoder
	err error
}

func newLines(w http.ResponseWriter) *lines {
	w.Header().Set("Content-Type", "application/jsonl")
	return &lines{ctl: http.NewResponseController(w), enc: json.NewEncoder(w)}
}

func (l *lines) send(v Line) {
	if l.err == nil {
		_ = l.ctl.SetWriteDeadline(time.Now().Add(writeTimeout))
		l.err = l.enc.Encode(v)
	}
}

func (l *lines) flush() error {
	if l.err == nil {
		l.err = l.ctl.Flush()
	}
	return l.err
}

// number reads a parameter that is a whole number, 0 when it is not given.
func number(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 0 {
		return 0, &Error{Status: http.StatusBadRequest, Code: BadRequest, Message: name + " " + shorten(text) + ": want a whole number"}
	}
	return v, nil
}
