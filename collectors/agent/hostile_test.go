package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"casefile/collectors"
)

// hostile is a node that answers what it likes.
func hostile(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	a, b := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); ServeConn(ctx, a, answer) }()
	c := NewClient(DialConn(b), "http://node")
	t.Cleanup(func() { c.Close(); cancel(); <-done; b.Close() })
	return c
}

func TestHostileNode(t *testing.T) {
	endless := func(head string, piece string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(generationHeader, "1")
			io.WriteString(w, head)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, piece); err != nil {
					return
				}
			}
		}
	}
	restarts := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(generationHeader, "1")
		w.Header().Set("Trailer", streamTrailer)
		io.WriteString(w, "x")
		w.Header().Set(streamTrailer, streamRestart)
	}
	id := strings.Repeat("0", 32)
	hello := func(c *Client) error { _, err := c.Hello(t.Context()); return err }
	events := func(c *Client) error {
		_, err := c.Events(t.Context(), id, func(collectors.Event) {})
		return err
	}
	bundle := func(c *Client) error {
		sink := &kept{}
		n, err := c.Download(t.Context(), id, 1<<20, sink)
		if n != int64(sink.buf.Len()) || n > 1<<20 {
			return fmt.Errorf("%d bytes kept", n)
		}
		return err
	}
	kilobyte := strings.Repeat("x", 1024)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		call   func(*Client) error
		want   string
	}{
		"endless hello": {endless(`{"name":"`, kilobyte), hello, "larger than"},
		"no JSON":       {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, hello, "makes no sense"},
		"other protocol": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"name":"n1","version":"9.9","protocol":9}`)
		}, hello, "protocol 9"},
		"elsewhere":         {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://evil/", http.StatusFound) }, hello, "302"},
		"endless refusal":   {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); endless("", kilobyte)(w, r) }, hello, "500"},
		"endless line":      {endless("", kilobyte), events, "a line of more than"},
		"no events":         {endless("", "x\n"), events, "events: the node's answer"},
		"endless bundle":    {endless("", kilobyte), bundle, "larger than 1048576"},
		"no generation":     {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") }, bundle, "names no generation"},
		"restarts for ever": {restarts, bundle, "began its bundle"},
		"unfinished bundle": {func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, &Error{Status: 410, Code: NoBundle, Message: "no bundle: x"})
		}, bundle, "no bundle"},
		"time without sense": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"t2":5,"t3":1}`) }, func(c *Client) error { _, _, _, _, err := c.Exchange(t.Context()); return err }, "makes no sense"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.call(hostile(t, c.answer)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A stream that ends without saying so was cut.
func TestStreamWithoutEndWasCut(t *testing.T) {
	c := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(generationHeader, "1")
		io.WriteString(w, "half a bundle")
	})
	s, err := c.Fetch(t.Context(), strings.Repeat("0", 32), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if raw, err := io.ReadAll(s); !errors.Is(err, io.ErrUnexpectedEOF) || string(raw) != "half a bundle" {
		t.Errorf("%q, %v", raw, err)
	}
}

type broken struct{ bytes.Buffer }

func (*broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }
func (*broken) Restart() error            { return nil }

func TestDownloadEndsWhenItCannotWrite(t *testing.T) {
	s := newScript()
	c := local(t, newNode(t, s))
	id := begin(t, c)
	s.add(t, "one.txt", []byte("x"))
	if n, err := c.Download(t.Context(), id, 1<<20, &broken{}); err == nil || n != 0 || err.Error() != "disk full" {
		t.Errorf("%d, %v", n, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the admin left"))
	if _, err := c.Download(ctx, id, 1<<20, &kept{}); err == nil || !strings.Contains(err.Error(), "the admin left") {
		t.Errorf("%v", err)
	}
	s.end()
}

func FuzzOrder(f *testing.F) {
	f.Add([]byte(`{"id":"00000000000000000000000000000000","plan":{"duration":"10s","dumps":1,"dump_interval":"1s","sample_every":"1s"}}`))
	f.Add([]byte(`{"id":"../x","plan":{"go_urls":["http://[::1%25eth0]/"]}}`))
	f.Add([]byte(`{"plan":{"start":"9999-12-31T23:59:59Z"}}`))
	n := &Node{Name: "n1", SpoolDir: f.TempDir(), Collectors: func() []collectors.Collector { return nil }}
	n.Handler()
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/captures", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var o Order
		if readJSON(discard{}, req, bodyTimeout, &o) != nil {
			return
		}
		if err := n.checkPlan(o.Plan); err != nil && len(err.Error()) > 2000 {
			t.Errorf("a refusal of %d bytes", len(err.Error()))
		}
	})
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
