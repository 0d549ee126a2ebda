package budget

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Stream reads what can make its reader wait: a pipe, standard input. The wait
// ends with the context, and with [*Over] after Limits.Silence. A read that waits
// for ever leaves its goroutine until the process ends.
func Stream(ctx context.Context, r io.Reader) io.Reader {
	silence := From(ctx).Silence
	if silence == 0 {
		silence = MaxSilence
	}
	s := &stream{ctx: ctx, silence: silence, full: make(chan chunk), empty: make(chan []byte, 1)}
	s.empty <- make([]byte, 64<<10)
	go s.fill(r)
	return s
}

type stream struct {
	ctx     context.Context
	silence time.Duration
	full    chan chunk
	empty   chan []byte
	now     chunk
	rest    []byte
	over    *Over
}

type chunk struct {
	buf []byte
	n   int
	err error
}

func (s *stream) fill(r io.Reader) {
	for {
		var c chunk
		select {
		case c.buf = <-s.empty:
		case <-s.ctx.Done():
			return
		}
		c.n, c.err = r.Read(c.buf)
		select {
		case s.full <- c:
		case <-s.ctx.Done():
			return
		}
		if c.err != nil {
			return
		}
	}
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.now.err != nil {
			return 0, s.now.err
		}
		if s.over != nil {
			return 0, s.over
		}
		if s.now.buf != nil {
			s.empty <- s.now.buf
			s.now.buf = nil
		}
		if err := s.wait(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *stream) wait() error {
	timer := time.NewTimer(s.silence)
	defer timer.Stop()
	select {
	case s.now = <-s.full:
		s.rest = s.now.buf[:s.now.n]
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	case <-timer.C:
		s.over = &Over{What: fmt.Sprintf("nothing came for %v", s.silence), Flag: "--max-silence"}
		return s.over
	}
}
