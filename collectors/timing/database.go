package timing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/timing"
)

const (
	// databaseLimit is that of one connection, login or query.
	databaseLimit = 5 * time.Second
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
	jdbc.Endpoint
	credential *credential
	failure    error // why the URL cannot be used
	warning    error // why the credential cannot be: the server is measured without
	label      string
	// The pace, apart from the constants in tests.
	knockEvery, queryEvery time.Duration
}

// newDatabaseProbe reads URL and credential. It asks nobody.
func newDatabaseProbe(d plan.Database, label string) *databaseProbe {
	p := &databaseProbe{label: label, knockEvery: knockEvery, queryEvery: queryEvery}
	if p.Endpoint, p.failure = jdbc.Parse(d.URL); p.failure != nil || d.Credential == "" {
		return p
	}
	if logins[p.Kind] == nil {
		p.warning = fmt.Errorf("logging in to %q is not built in", p.Kind)
		return p
	}
	p.credential, p.warning = resolve(d.Credential, p.User, os.LookupEnv)
	return p
}

// loginProbe is that of a product's own database and login. Where the configuration
// keeps the password encrypted, nobody logs in.
func loginProbe(l Login, label string) *databaseProbe {
	p := newDatabaseProbe(plan.Database{URL: l.URL}, label)
	switch {
	case p.failure != nil || logins[p.Kind] == nil:
	case l.Password == "":
		p.warning = errors.New("the configuration of the application keeps the password encrypted, or elsewhere")
	default:
		p.credential = &credential{user: l.User, password: l.Password}
	}
	return p
}

// run probes all servers of the URL, one connection at a time, until a moment or the
// end of ctx.
func (p *databaseProbe) run(ctx context.Context, until time.Time) []timing.Probe {
	if p.failure != nil {
		return []timing.Probe{{Target: p.label, Kind: p.Kind, Refused: p.failure.Error(), Limit: timing.LimitFor(timing.MeasureDatabase)}}
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
	case p.credential != nil:
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

	session  session
	failures int // logins in a row
	knocks   int
	again    time.Time // no login before
}

func newServer(p *databaseProbe, address string) *server {
	s := &server{databaseProbe: p, address: address, dists: map[string]*dist{}}
	s.result = timing.Probe{Target: address, Kind: p.Kind, Limit: timing.LimitFor(timing.MeasureDatabase)}
	switch {
	case p.credential != nil:
		s.result.Note = "query is SELECT 1 on an open connection"
	case pings[p.Kind] != nil:
		s.result.Note = "connect is one round trip; ping includes what the server does to take in a client. A query needs a credential"
	default:
		s.result.Note = "connect is one round trip"
	}
	s.result.Errors = noteError(s.result.Errors, p.warning)
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
	case s.credential != nil && s.failures < maxLogins:
		steps, err = s.query(ctx)
	case s.credential == nil && s.Kind == jdbc.PostgreSQL || s.knocks < visits:
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
		s.result.Errors = noteError(s.result.Errors, s.credential.hide(plain(err)))
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
		open, err := logins[s.Kind](ctx, s.Endpoint, s.address, s.credential)
		if err != nil {
			if !over(whole) {
				s.failures++
			}
			return nil, fmt.Errorf("log in: %w", err)
		}
		steps = append(steps, taken{timing.StepLogin, time.Since(from)})
		s.session, s.failures = open, 0
		if s.result.Connections == nil { // what a server does not tell is no failure of the probe
			if c, err := open.connections(ctx); err == nil {
				s.result.Connections = &c
			}
		}
	}
	from := time.Now()
	if err := s.session.selectOne(ctx); err != nil {
		s.session.close()
		s.session = nil
		return steps, fmt.Errorf("SELECT 1: %w", err)
	}
	return append(steps, taken{timing.StepQuery, time.Since(from)}), nil
}

func (s *server) end() timing.Probe {
	if s.session != nil {
		s.session.close()
	}
	for _, name := range s.order {
		s.result.Steps = append(s.result.Steps, s.dists[name].timed(name))
	}
	return s.result
}
