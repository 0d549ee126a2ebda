package agent

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const chunk = 64 << 10

// bundle sends the bundle from an offset on, as it grows.
func (n *Node) bundle(w http.ResponseWriter, r *http.Request, c *capture) {
	offset, err := number(r, "offset")
	if err != nil {
		refuse(w, err)
		return
	}
	generation, err := number(r, "generation")
	if err != nil {
		refuse(w, err)
		return
	}
	v := c.now()
	if err := v.servable(int(generation), offset); err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/zstd")
	w.Header().Set("Trailer", streamTrailer)
	w.Header().Set(generationHeader, strconv.Itoa(v.status.Generation))
	s := &stream{w: w, ctl: http.NewResponseController(w), generation: v.status.Generation, offset: offset}
	end := s.run(r, c)
	if end == "" {
		panic(http.ErrAbortHandler) // the way to cut a response short; the client resumes
	}
	w.Header().Set(streamTrailer, end)
}

// servable reports whether a stream can begin there; generation 0 is the present one.
func (v view) servable(generation int, offset int64) error {
	s := v.status
	switch {
	case s.State == Failed:
		return &Error{Status: http.StatusGone, Code: NoBundle, Message: "no bundle: " + s.Error}
	case generation != 0 && generation != s.Generation:
		return &Error{Status: http.StatusConflict, Code: Restart, Generation: s.Generation,
			Message: fmt.Sprintf("the bundle was scrubbed once more: drop generation %d and fetch %d", generation, s.Generation)}
	case offset > s.Bytes:
		return &Error{Status: http.StatusRequestedRangeNotSatisfiable, Code: BadRequest, Message: fmt.Sprintf("offset %d: the bundle has %d bytes", offset, s.Bytes)}
	}
	return nil
}

// stream is one response.
type stream struct {
	w          io.Writer
	ctl        *http.ResponseController
	generation int
	offset     int64
}

// run sends until the bundle ends and returns how it ended; empty when the
// client is gone or the spool cannot be read.
func (s *stream) run(r *http.Request, c *capture) (end string) {
	for {
		v, changed := c.wait()
		switch {
		case v.status.State == Failed:
			return streamFailed
		case v.status.Generation != s.generation:
			return streamRestart
		}
		err := s.send(v)
		if errors.Is(err, os.ErrClosed) {
			continue // replaced or removed: the next view says which
		}
		if err == nil && v.status.State == Done {
			return streamEnd
		}
		if err == nil {
			err = s.ctl.Flush()
		}
		if err != nil {
			return ""
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return ""
		}
	}
}

// send writes what is there.
func (s *stream) send(v view) error {
	if v.file == nil || s.offset >= v.status.Bytes {
		return nil
	}
	buf := make([]byte, min(chunk, v.status.Bytes-s.offset))
	for s.offset < v.status.Bytes {
		n, err := v.file.ReadAt(buf[:min(int64(len(buf)), v.status.Bytes-s.offset)], s.offset)
		if n == 0 && err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		_ = s.ctl.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := s.w.Write(buf[:n]); err != nil {
			return err
		}
		s.offset += int64(n)
	}
	return nil
}
