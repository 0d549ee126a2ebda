package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"casefile/bundle/format/entries"
	"casefile/collectors"
)

const (
	// silence is how long the events of a node may be without a line.
	silence = 4 * heartbeat
	// patience is how long a lost link is tried anew without anything coming.
	patience = time.Minute
	// maxLine bounds one line of events.
	maxLine = 64 << 10
	// record is the most that one record of TLS (RFC 8446, 5.1) holds, or a frame of HTTP/2 unless both sides want more.
	record = 16 << 10
	// maxRestarts bounds how often a node may send its bundle from the start.
	maxRestarts = 3
)

// Stream is the bundle of a capture, from an offset on.
type Stream struct {
	// Generation is that of the bytes.
	Generation int
	res        *http.Response
	cancel     context.CancelFunc
}

// RestartError says that what was fetched must be dropped, and which generation
// to fetch from its start.
type RestartError struct{ Generation int }

func (e *RestartError) Error() string {
	return fmt.Sprintf("the node has scrubbed its bundle once more: fetch generation %d from the start", e.Generation)
}

// Fetch asks for the bundle from an offset on. It grows while the capture runs:
// reads wait for more. Generation 0 asks for the present one.
func (c *Client) Fetch(ctx context.Context, id string, generation int, offset int64) (*Stream, error) {
	if c.Turn != nil {
		done, err := c.Turn(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
	}
	by := c.http
	if c.apart.Load() {
		by = c.streams
	}
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(callTimeout, cancel) // for the head of the answer only
	path := fmt.Sprintf("%s%s?generation=%d&offset=%d", c.base, capturePath(id, bundlePath), generation, offset)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	res, err := c.doBy(by, req)
	if !late.Stop() && err == nil {
		res.Body.Close()
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
		var refusal *Error
		if errors.As(err, &refusal) && refusal.Code == Restart {
			err = &RestartError{Generation: refusal.Generation}
		}
		return nil, fmt.Errorf("fetch bundle: %w", err)
	}
	s := &Stream{res: res, cancel: cancel}
	if s.Generation, err = strconv.Atoi(res.Header.Get(generationHeader)); err != nil {
		s.Close()
		return nil, fmt.Errorf("fetch bundle: %w: it names no generation", ErrBadAnswer)
	}
	return s, nil
}

// Read returns io.EOF only when the bundle is complete, a *RestartError when all
// of it is void, and io.ErrUnexpectedEOF or an error of the link when that broke.
func (s *Stream) Read(p []byte) (int, error) {
	n, err := s.res.Body.Read(p)
	if err != io.EOF {
		return n, err
	}
	switch s.res.Trailer.Get(streamTrailer) {
	case streamEnd:
		return n, io.EOF
	case streamRestart:
		return n, &RestartError{Generation: s.Generation + 1}
	case streamFailed:
		return n, &Error{Status: http.StatusGone, Code: NoBundle, Message: "the node could not finish its bundle"}
	}
	return n, io.ErrUnexpectedEOF
}

// Close gives up the stream.
func (s *Stream) Close() error {
	s.cancel()
	return s.res.Body.Close()
}

// Sink takes a bundle as it comes.
type Sink interface {
	io.Writer
	// Restart drops everything written so far.
	Restart() error
}

// Download fetches a whole bundle, at most limit bytes of it, and goes on where
// it was when the link is lost. It returns how many bytes dst holds, also with an
// error.
func (c *Client) Download(ctx context.Context, id string, limit int64, dst Sink) (int64, error) {
	d := &download{dst: dst, limit: limit, generation: 0}
	err := resume(ctx, func() (bool, error) { return d.once(ctx, c, id) })
	return d.offset, err
}

type download struct {
	dst        Sink
	limit      int64
	generation int
	offset     int64
	restarts   int
}

// once copies until the stream ends. The error is nil when all is there.
func (d *download) once(ctx context.Context, c *Client, id string) (progress bool, err error) {
	s, err := c.Fetch(ctx, id, d.generation, d.offset)
	if err == nil {
		defer s.Close()
		d.generation = s.Generation
		before := d.offset
		err = d.copy(s)
		progress = d.offset > before
	}
	var again *RestartError
	if errors.As(err, &again) {
		return true, d.restart(again)
	}
	return progress, err
}

// restart drops what is there; the error that it returns makes resume go on.
func (d *download) restart(again *RestartError) error {
	if d.restarts++; d.restarts > maxRestarts {
		return final{entries.Errorf(entries.Refused, "the node began its bundle %d times", d.restarts)}
	}
	if err := d.dst.Restart(); err != nil {
		return final{err}
	}
	d.generation, d.offset = again.Generation, 0
	return again
}

func (d *download) copy(s *Stream) error {
	buf := make([]byte, record)
	for {
		n, err := s.Read(buf)
		if d.offset+int64(n) > d.limit {
			return final{entries.Errorf(entries.TooLarge, "the bundle of the node is larger than %d bytes", d.limit)}
		}
		if n > 0 {
			if _, err := d.dst.Write(buf[:n]); err != nil {
				return final{err}
			}
			d.offset += int64(n)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Events calls tell for every event until the capture has ended, and returns how
// it ended. A lost link is taken up again where it was. The error says that the
// node could not be heard, not that its capture failed: see Status.State.
func (c *Client) Events(ctx context.Context, id string, tell func(collectors.Event)) (Status, error) {
	e := &follow{tell: tell}
	err := resume(ctx, func() (bool, error) { return e.once(ctx, c, id) })
	return e.end, err
}

type follow struct {
	tell func(collectors.Event)
	last int
	end  Status
}

func (f *follow) once(ctx context.Context, c *Client, id string) (progress bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(silence, func() { cancel(entries.Errorf(entries.NoAnswer, "nothing heard from the node for %v", silence)) })
	defer quiet.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s%s?after=%d", c.base, capturePath(id, "/events"), f.last), nil)
	if err != nil {
		return false, final{err}
	}
	res, err := c.do(req)
	if err != nil {
		return false, because(ctx, err)
	}
	defer res.Body.Close()
	lines := bufio.NewReaderSize(res.Body, maxLine)
	for {
		raw, err := lines.ReadSlice('\n') // half a line at the end of a lost link is no line
		if errors.Is(err, bufio.ErrBufferFull) {
			return true, fmt.Errorf("events: %w: a line of more than %d bytes", ErrBadAnswer, maxLine)
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return progress, because(ctx, err)
		}
		quiet.Reset(silence)
		progress = true
		ended, err := f.line(raw)
		if ended || err != nil {
			return true, err
		}
	}
}

func (f *follow) line(raw []byte) (ended bool, err error) {
	var line Line
	if err := json.Unmarshal(raw, &line); err != nil {
		return false, fmt.Errorf("events: %w: %w", ErrBadAnswer, err)
	}
	if line.Event != nil && line.Seq > f.last {
		f.last = line.Seq
		f.tell(*line.Event)
	}
	if line.End != nil {
		f.end = *line.End
	}
	return line.End != nil, nil
}

// because prefers the reason for which ctx was ended over what that caused.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// final is an error that trying again does not mend.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// resume calls try until it succeeds, fails for good, or nothing has come for
// longer than patience.
func resume(ctx context.Context, try func() (progress bool, err error)) error {
	const first, most = 50 * time.Millisecond, 2 * time.Second
	pause, heard := first, time.Now()
	for {
		progress, err := try()
		var end final
		var refusal *Error
		switch {
		case err == nil:
			return nil
		case errors.As(err, &end):
			return end.error
		case ctx.Err() != nil:
			return because(ctx, err)
		case errors.As(err, &refusal), refusedByTLS(err), errors.Is(err, ErrBadAnswer), errors.Is(err, ErrLinkClosed):
			return err
		}
		if progress {
			pause, heard = first, time.Now()
		}
		if time.Since(heard) > patience {
			return fmt.Errorf("gave up after %v: %w", patience, err)
		}
		if !collectors.Wait(ctx, time.Now().Add(pause)) {
			return because(ctx, err)
		}
		pause = min(2*pause, most)
	}
}
