package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"casefile/bundle"
	"casefile/collectors"
	"casefile/collectors/agent/identity"
)

// Node serves the collectors of this machine. Its fields are set before Handler
// is called and not changed after.
type Node struct {
	// Name is that of the node in the bundle.
	Name string
	// Collectors makes the collectors of one capture.
	Collectors func() []collectors.Collector
	// SpoolDir is a folder of this node's own, for one process at a time.
	SpoolDir string
	// MaxSpool bounds the bytes in SpoolDir; 0 means DefaultSpool. A capture takes
	// at most a third of what the file system has free.
	MaxSpool int64
	Tool     bundle.Tool
	// Now is the clock of the node; nil means time.Now.
	Now func() time.Time
	// Allow is what plans may name on this node.
	Allow Policy
	// Listen is where its agent listens, host:port: peers are answered at the same UDP
	// port while a capture runs. Empty: at any port.
	Listen string
	// Identity is what the node shows to its peers' agents. Nil: it asks responders only.
	Identity *identity.Identity

	bodyTimeout time.Duration // 0 means the constant of that name

	once sync.Once
	mu   sync.Mutex
	// guarded by mu
	spool    *spool
	captures []*capture // oldest first
	closed   bool
	running  sync.WaitGroup

	meetings sync.Mutex // held before mu
	meeting  *meeting   // guarded by meetings
}

// DefaultSpool is how much a node keeps on its disk.
const DefaultSpool = 2 << 30

// keepEnded is how long an ended capture waits to be fetched.
const keepEnded = time.Hour

// Bounds of a request.
const (
	maxBody     = 64 << 10
	bodyTimeout = 10 * time.Second
)

// Handler is the API. Calling it takes possession of SpoolDir: what an earlier
// process left there is removed.
func (n *Node) Handler() http.Handler {
	n.once.Do(func() {
		if n.Now == nil {
			n.Now = time.Now
		}
		if n.MaxSpool <= 0 {
			n.MaxSpool = DefaultSpool
		}
		if n.bodyTimeout == 0 {
			n.bodyTimeout = bodyTimeout
		}
		n.spool = openSpool(n.SpoolDir)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/hello", n.hello)
	mux.HandleFunc("POST /v1/meeting", n.meet)
	mux.HandleFunc("POST /v1/captures", n.order)
	mux.HandleFunc("GET /v1/captures/{id}", n.of(n.status))
	mux.HandleFunc("GET /v1/captures/{id}/events", n.of(n.events))
	mux.HandleFunc("GET /v1/captures/{id}/bundle", n.of(n.bundle))
	mux.HandleFunc("POST /v1/captures/{id}/stop", n.of(n.stop))
	mux.HandleFunc("POST /v1/captures/{id}/scrub", n.of(n.scrub))
	mux.HandleFunc("DELETE /v1/captures/{id}", n.of(n.remove))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &Error{Status: http.StatusNotFound, Code: Unknown, Message: fmt.Sprintf("no such call: %s %s", r.Method, shorten(r.URL.Path))})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == timePath && r.Method == http.MethodPost {
			n.time(w)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Close ends a running capture, waits for it as long as ctx lasts, and removes
// all spools.
func (n *Node) Close(ctx context.Context) error {
	n.mu.Lock()
	n.closed = true
	all := n.captures
	n.mu.Unlock()
	for _, c := range all {
		c.stop(errClosing)
	}
	ended := make(chan struct{})
	go func() { n.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		return fmt.Errorf("the capture of node %s did not end: %w", n.Name, ctx.Err())
	}
	for _, c := range all {
		n.drop(c)
	}
	n.meetings.Lock()
	defer n.meetings.Unlock()
	n.meeting.close()
	n.meeting = nil
	return nil
}

const timePath = "/v1/time"

// time answers with when the question came and when the answer went. Nothing
// else is done in between.
func (n *Node) time(w http.ResponseWriter) {
	t2 := n.Now()
	var buf [64]byte
	b := strconv.AppendInt(append(buf[:0], `{"t2":`...), t2.UnixNano(), 10)
	b = append(b, `,"t3":`...)
	t3 := t2.Add(n.Now().Sub(t2)) // by the monotonic clock, should the other one be set just now
	b = append(strconv.AppendInt(b, t3.UnixNano(), 10), '}')
	_, _ = w.Write(b) // who asked may have gone
}

func (n *Node) hello(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, Hello{Name: n.Name, Version: n.Tool.Version, Protocol: Protocol, OS: runtime.GOOS, Arch: runtime.GOARCH, Time: n.Now(), StreamHTTP1: r.TLS != nil})
}

// order starts a capture.
func (n *Node) order(w http.ResponseWriter, r *http.Request) {
	var o Order
	if err := readJSON(w, r, n.bodyTimeout, &o); err != nil {
		refuse(w, err)
		return
	}
	if err := n.start(o); err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusAccepted, Status{ID: o.ID, State: Preparing, Generation: 1})
}

// of finds the capture that a call is about.
func (n *Node) of(call func(http.ResponseWriter, *http.Request, *capture)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c := n.find(r.PathValue("id")); c != nil {
			call(w, r, c)
			return
		}
		refuse(w, &Error{Status: http.StatusNotFound, Code: Unknown,
			Message: "no such capture on node " + n.Name + ": it never began, was deleted, or ended more than an hour ago"})
	}
}

func (n *Node) find(id string) *capture {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.captures {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (n *Node) status(w http.ResponseWriter, _ *http.Request, c *capture) {
	reply(w, http.StatusOK, c.now().status)
}

func (n *Node) stop(w http.ResponseWriter, _ *http.Request, c *capture) {
	c.stop(errStopped)
	reply(w, http.StatusAccepted, c.now().status)
}

func (n *Node) remove(w http.ResponseWriter, _ *http.Request, c *capture) {
	if !c.now().status.State.ended() {
		refuse(w, &Error{Status: http.StatusConflict, Code: Running, Message: "the capture still runs: stop it first"})
		return
	}
	n.drop(c)
	w.WriteHeader(http.StatusNoContent)
}

// readJSON reads the body of a call: bounded in size and time, and refused when
// it holds anything this version does not know.
func readJSON(w http.ResponseWriter, r *http.Request, limit time.Duration, v any) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(limit))
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.More() {
		err = errors.New("more than one JSON value")
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: BadRequest, Message: fmt.Sprintf("request is larger than %d bytes", large.Limit)}
	case err != nil:
		return &Error{Status: http.StatusBadRequest, Code: BadRequest, Message: "request: " + shorten(err.Error())}
	}
	return nil
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who asked may have gone
}

func refuse(w http.ResponseWriter, err error) {
	e := &Error{Status: http.StatusInternalServerError, Message: err.Error()}
	errors.As(err, &e)
	reply(w, e.Status, e)
}

// shorten keeps what a caller sent from filling a message.
func shorten(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most] + "..."
	}
	return fmt.Sprintf("%q", s)
}
