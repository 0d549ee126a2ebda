package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/grafana/pyroscope-go"
)

// pushSelf sends profiles of this process to the server until stop is called. A server
// that fails is told once, and once more when it answers again.
func (o *pushOptions) pushSelf(ctx context.Context, node string, every time.Duration, log io.Writer) (stop func(), err error) {
	if o.url == "" {
		return func() {}, nil
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if every < time.Second {
		return nil, usage("--push-every %v: must be at least 1s", every)
	}
	client := &selfClient{ctx: ctx, within: o.within, host: o.host(), log: log}
	cfg := pyroscope.Config{ApplicationName: "casefile.agent", Tags: map[string]string{"node": node}, ServerAddress: o.url, TenantID: o.tenant,
		BasicAuthUser: o.user, BasicAuthPassword: o.password, UploadRate: every, HTTPClient: client,
		DisableGCRuns: true, // an agent costs its node no collections for the sake of its own profile
		ProfileTypes: []pyroscope.ProfileType{pyroscope.ProfileCPU, pyroscope.ProfileAllocSpace, pyroscope.ProfileInuseSpace,
			pyroscope.ProfileGoroutines},
	}
	if o.token != "" {
		cfg.HTTPHeaders = map[string]string{"Authorization": "Bearer " + o.token}
	}
	p, err := pyroscope.Start(cfg)
	if err != nil {
		return nil, fmt.Errorf("--push: %w", err)
	}
	return func() { _ = p.Stop() }, nil // it never fails
}

// selfClient sends what the profiler uploads.
type selfClient struct {
	ctx    context.Context
	within time.Duration
	host   string
	log    io.Writer

	mu      sync.Mutex
	failing bool
}

func (c *selfClient) Do(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.within, fmt.Errorf("no answer within %v", c.within))
	defer cancel()
	once := &pushClient{ctx: ctx}
	resp, err := once.Do(req)
	c.told(once.err)
	return resp, err
}

func (c *selfClient) told(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ctx.Err() != nil: // the agent ends
	case err != nil && !c.failing:
		fmt.Fprintf(c.log, "casefile agent: profiles of this agent do not reach %s: %v\n", c.host, err)
	case err == nil && c.failing:
		fmt.Fprintf(c.log, "casefile agent: profiles of this agent reach %s again\n", c.host)
	}
	c.failing = err != nil
}
