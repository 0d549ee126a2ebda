package agent

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"casefile/bundle/redact"
)

// MaxScrub is the largest text, in bytes, that a node scrubs for who joins its bundle.
const MaxScrub = 16 << 20

// scrubTime is for such a text to arrive.
const scrubTime = 10 * time.Second

// scrub gives a text about the node, which others hold, back without the secrets that its capture knows: they do not
// leave the node in any other way.
func (n *Node) scrub(w http.ResponseWriter, r *http.Request, c *capture) {
	c.mu.Lock()
	out := c.out
	c.mu.Unlock()
	if out == nil {
		refuse(w, &Error{Status: http.StatusConflict, Code: NoBundle, Message: "the capture knows no secrets yet, or any more"})
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(scrubTime))
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxScrub))
	if err == nil {
		text, err = redact.New(out.Secrets()).Bytes(redact.Text, text)
	}
	if err != nil {
		refuse(w, &Error{Status: http.StatusBadRequest, Code: BadRequest, Message: err.Error()})
		return
	}
	_, _ = w.Write(text) // a client that has gone needs none
}

// Scrub has the node take the secrets that a capture of it knows out of a text.
func (c *Client) Scrub(ctx context.Context, id string, text []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+capturePath(id, "/scrub"), bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	res, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, 2*MaxScrub))
}
