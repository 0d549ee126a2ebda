package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"casefile/analyze/shelf"
)

// Server shows the captures of a shelf on a port of this machine.
type Server struct {
	guard    *Guard
	pages    *Pages
	listener net.Listener
}

// Listen opens a port on the loopback interface, 0: any.
func Listen(ctx context.Context, s *shelf.Shelf, port int, version string) (*Server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	_, own, _ := net.SplitHostPort(l.Addr().String())
	return &Server{NewGuard(own), NewPages(s, version), l}, nil
}

// Address is where a browser begins. It works once.
func (s *Server) Address() string { return s.guard.Address() }

// Limits of the server.
const (
	headerTime = 5 * time.Second
	readTime   = 10 * time.Second
	idleTime   = time.Minute
	endTime    = 500 * time.Millisecond // for requests that are being answered when it ends
	maxHeader  = 16 << 10               // bytes
)

// Run serves until the context ends. It leaves nothing running.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{
		Handler:           s.guard.Protect(s.pages.Handler()),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: longestWork + readTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       log.New(io.Discard, "", 0), // what others send to the port is nobody's news
	}
	learned := make(chan error, 1)
	go func() { learned <- s.pages.Learn(ctx) }()
	served := make(chan error, 1)
	go func() {
		served <- srv.Serve(s.listener)
		cancel()
	}()
	<-ctx.Done()
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer stop()
	if srv.Shutdown(end) != nil {
		_ = srv.Close()
	}
	err, failed := <-served, <-learned
	switch {
	case !errors.Is(err, http.ErrServerClosed):
		return err
	case failed != nil:
		return fmt.Errorf("the cache: %w", failed)
	}
	return nil
}
