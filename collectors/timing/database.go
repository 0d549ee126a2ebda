package timing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/timing"
	"casefile/collectors/database/login"
)

const (
	// databaseLimit is that of one connection, login or query.
	databaseLimit = login.Limit
	// knockEvery and queryEvery are the time between rounds without and with a login.
	knockEvery = 5 * time.Second
	queryEvery = time.Second
	// visits is how many connections without a login a server gets in all that is not
	// PostgreSQL. MySQL blocks a host after max_connect_errors (100) broken handshakes
	// in a row, and others write each one into a log.
	visits = 3
	// maxLogins is how often logging in may fail: a wrong password must not lock an account.
	maxLogins = 2
	// loginPause is the time between two attempts.
	loginPause = 10 * time.Second
	// maxServers is how many servers of one URL are probed.
	maxServers = 4
)

// databaseProbe is one URL of the plan.
type databaseProbe struct {
	login.Target
	// The pace, apart from the constants in tests.
	knockEvery, queryEvery time.Duration
}

func newDatabaseProbe(t login.Target) *databaseProbe {
	return &databaseProbe{Target: t, knockEvery: knockEvery, queryEvery: queryEvery}
}

// run probes all servers of the URL, one connection at a time, until a moment or the
// end of ctx.
func (p *databaseProbe) run(ctx context.Context, until time.Time) []timing.Probe {
	if p.Failure != nil {
		return []timing.Probe{{Target: p.Label, Kind: p.Kind, Refused: p.Failure.Error(), Limit: timing.LimitFor(timing.MeasureDatabase)}}
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	servers := p.Hosts[:min(len(p.Hosts), maxServers)]
	list := make([]*server, len(servers))
	for i, address := range servers {
		list[i] = newServer(p, address)
	}
	for tick := newTick(p.pace(time.Until(until)), until); tick.wait(ctx); {
		for _, s := range list {
			s.round(ctx)
		}
	}
	var out []timing.Probe
	for _, s := range list {
		out = append(out, s.end())
	}
	return out
}

// pace is the time between rounds over a length.
func (p *databaseProbe) pace(length time.Duration) time.Duration {
	switch {
	case p.Credential != nil:
		return p.queryEvery
	case p.Kind == jdbc.PostgreSQL:
		return p.knockEvery
	}
	return max(p.knockEvery, length/visits)
}

// server is one server while it is probed.
type server struct {
	*databaseProbe
	address string
	result  timing.Probe
	dists   map[string]*dist
	order   []string

	session  *session
	failures int // logins in a row
	knocks   int
	again    time.Time // no login before
}

func newServer(p *databaseProbe, address string) *server {
	s := &server{databaseProbe: p, address: address, dists: map[string]*dist{}}
	s.result = timing.Probe{Target: address, Kind: p.Kind, Limit: timing.LimitFor(timing.MeasureDatabase)}
	switch {
	case p.Credential != nil:
		s.result.Note = "query is SELECT 1 on an open connection"
	case pings[p.Kind] != nil:
		s.result.Note = "connect is one round trip; ping includes what the server does to take in a client. A query needs a credential"
	default:
		s.result.Note = "connect is one round trip"
	}
	s.result.Errors = noteError(s.result.Errors, p.Warning)
	return s
}

func (s *server) record(name string, d time.Duration) {
	if s.dists[name] == nil {
		s.dists[name] = newDist()
		s.order = append(s.order, name)
	}
	s.dists[name].add(d)
}

// taken is one step of a round and how long it took.
type taken struct {
	step string
	took time.Duration
}

// round measures once and counts it. What the end of the capture cuts short does not count.
func (s *server) round(ctx context.Context) {
	var steps []taken
	var err error
	switch {
	case s.Credential != nil && s.failures < maxLogins:
		steps, err = s.query(ctx)
	case s.Credential == nil && s.Kind == jdbc.PostgreSQL || s.knocks < visits:
		s.knocks++
		steps, err = s.knock(ctx)
	default:
		return
	}
	if err != nil && over(ctx) || errors.Is(err, errWaiting) {
		return
	}
	for _, t := range steps {
		s.record(t.step, t.took)
	}
	s.result.Tries++
	if err != nil {
		s.result.Failures++
		s.result.Errors = noteError(s.result.Errors, s.Credential.Hide(plain(err)))
	}
}

// over reports whether ctx has ended or is about to: a connection with the deadline of a
// context gives up on its own clock, often before the context says so.
func over(ctx context.Context) bool {
	until, bounded := ctx.Deadline()
	return ctx.Err() != nil || bounded && !time.Now().Before(until)
}

func (s *server) knock(ctx context.Context) (steps []taken, err error) {
	connect, answer, err := knock(ctx, s.address, pings[s.Kind])
	if connect > 0 {
		steps = append(steps, taken{timing.StepConnect, connect})
	}
	if err == nil && pings[s.Kind] != nil {
		steps = append(steps, taken{timing.StepPing, answer})
	}
	return steps, err
}

var errWaiting = errors.New("no attempt to log in yet")

// query runs SELECT 1, on a new connection when there is none.
func (s *server) query(ctx context.Context) (steps []taken, err error) {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, databaseLimit)
	defer cancel()
	if s.session == nil {
		if time.Now().Before(s.again) {
			return nil, errWaiting
		}
		s.again = time.Now().Add(loginPause)
		from := time.Now()
		open, err := s.openSession(ctx)
		if err != nil {
			if !over(whole) {
				s.failures++
			}
			return nil, fmt.Errorf("log in: %w", err)
		}
		steps = append(steps, taken{timing.StepLogin, time.Since(from)})
		s.session, s.failures = open, 0
		if s.result.Settings == nil {
			s.result.Settings = open.settings(ctx)
		}
		if s.result.Connections == nil { // what a server does not tell is no failure of the probe
			if c, err := open.connections(ctx); err == nil {
				s.result.Connections = &c
			}
		}
	}
	from := time.Now()
	if err := s.session.selectOne(ctx); err != nil {
		s.session.Close()
		s.session = nil
		return steps, fmt.Errorf("SELECT 1: %w", err)
	}
	return append(steps, taken{timing.StepQuery, time.Since(from)}), nil
}

func (s *server) end() timing.Probe {
	if s.session != nil {
		s.session.Close()
	}
	for _, name := range s.order {
		s.result.Steps = append(s.result.Steps, s.dists[name].timed(name))
	}
	return s.result
}
