package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/sessions"
	"casefile/collectors"
	"casefile/collectors/database/login"
)

const (
	// lookLimit is how long a look may take; the server gives up each statement after half of it.
	lookLimit = 2 * time.Second
	// maxFailures in a row end the looking.
	maxFailures = 3
	// lastLimit is what the last reading of the statistics has after a signal, out of the half second of all.
	lastLimit = 150 * time.Millisecond
)

// capture is one server during one capture.
type capture struct {
	*collectors.Scope
	target  login.Target
	address string
	share   share

	conn     login.Conn // nil: not logged in
	asker    asker
	server   sessions.Server
	failures int           // in a row
	cause    entries.Cause // of the last one
	over     bool          // no further attempt

	first *reading // of the statistics of statements
}

func newCapture(scope *collectors.Scope, t login.Target, address string, part float64) *capture {
	interval := time.Duration(scope.Plan.DumpInterval)
	if scope.Plan.Dumps < 2 {
		interval = time.Duration(scope.Plan.Duration)
	}
	return &capture{Scope: scope, target: t, address: address,
		share: share{part: part, start: scope.Start(), interval: interval, sharers: 1}}
}

// run looks at each round, and reads the statistics at the first one and at the end.
func (c *capture) run(ctx context.Context) {
	defer c.leave()
	if err := c.enter(ctx); err != nil {
		c.lost(ctx, "", err)
	}
	c.begin(ctx)
	for k := range c.Plan.Dumps {
		if c.over {
			c.Lost(entries.ItemSessions, c.cause, "not asked again after that", "")
			continue
		}
		if !collectors.Wait(ctx, c.Plan.Due(c.Start(), k)) {
			c.Lost(entries.ItemSessions, entries.EndedEarly, "the capture was ended before", "")
			continue
		}
		c.round(ctx, k)
		c.begin(ctx)
	}
	if !c.over {
		collectors.Wait(ctx, c.End())
	}
	c.finish(ctx)
}

// round looks once, and tells what became of it.
func (c *capture) round(ctx context.Context, k int) {
	now := time.Now()
	if !c.share.admits(now) {
		c.Skip(entries.ItemSessionsSpared, entries.Costly, fmt.Sprintf("looks that would have taken more than %s of a backend's time were left out: one took %v",
			c.partText(), c.share.last.Round(time.Millisecond)), "look less often: --dump-interval")
		return
	}
	s, err := c.look(ctx)
	if err != nil {
		c.lost(ctx, fmt.Sprintf("look %d: ", k+1), err)
		return
	}
	c.failures = 0
	text, err := s.Encode()
	if err != nil {
		c.LostErr(entries.ItemSessions, err)
		return
	}
	e := collectors.Evidence{Name: entries.Sessions.Of(entries.Dump(k)), Item: entries.ItemSessions, Started: now.UTC(), Ended: time.Now().UTC(), Source: c.address}
	if s.LeftOut > 0 {
		e.Truncated = fmt.Sprintf("%d sessions beyond %d", s.LeftOut, sessions.MaxSessions)
	}
	_ = c.Add(e, text) // told by the scope
	c.tellRights(s.Hidden)
}

func (c *capture) partText() string {
	if c.share.sharers > 1 {
		return fmt.Sprintf("this node's part (one of %d nodes that look) of 1 %%", c.share.sharers)
	}
	return "1 %"
}

// look asks for everything once.
func (c *capture) look(ctx context.Context) (*sessions.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	from := time.Now()
	s := &sessions.Snapshot{Server: c.server, Own: sessions.Own{Local: c.conn.Local()}}
	err := c.asker.look(ctx, s)
	took := time.Since(from)
	c.share.took(cmp.Or(c.asker.cost(), took))
	c.Cost(took, 0, "")
	if err != nil {
		return nil, err
	}
	s.Taken, s.TookMS = s.Taken.UTC(), float64(took.Microseconds())/1000
	s.Hidden = c.asker.hidden()
	c.share.sharers = lookers(s)
	return s, nil
}

// lookers is how many nodes look at this server: clients that bear casefile's name, or where names are not shown the
// role's own.
func lookers(s *sessions.Snapshot) int {
	own, hosts := s.Find(s.Own.ID), map[string]bool{}
	if own == nil {
		return 1
	}
	for i := range s.Sessions {
		o := &s.Sessions[i]
		if o.Client != "" && o.User == own.User && o.Application == own.Application {
			host, _, _ := net.SplitHostPort(o.Client)
			hosts[host] = true
		}
	}
	return max(1, len(hosts))
}

// enter logs in where there is no connection.
func (c *capture) enter(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, login.Limit)
	defer cancel()
	conn, err := login.Open(ctx, c.target.Endpoint, c.address, c.target.Credential)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	c.conn, c.asker = conn, asks[c.target.Kind](conn)
	c.server = sessions.Server{Name: c.Target, Address: c.address}
	if err := c.asker.identify(ctx, &c.server); err != nil {
		return err
	}
	return nil
}

func (c *capture) leave() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// lost tells why a look failed. The connection is given up with it: what state it is in is not known.
func (c *capture) lost(ctx context.Context, which string, err error) {
	c.leave()
	if ctx.Err() != nil {
		c.Lost(entries.ItemSessions, entries.EndedEarly, which+"the capture was ended in the middle of it", "")
		return
	}
	c.failures++
	c.over = c.failures >= maxFailures || login.Rejected(err)
	why := explain(err, c.target, c.address)
	c.cause = why.cause
	c.Lost(entries.ItemSessions, why.cause, which+why.reason, why.fix)
}

// tellRights makes a line of the ledger of what the role may not see.
func (c *capture) tellRights(hidden []sessions.Hidden) {
	for _, h := range hidden {
		c.Skip(entries.ItemSessionsRights, entries.NotPermitted, h.What+" cannot be seen: "+h.Why, h.Grant)
	}
}

// begin reads the statistics of statements for the first time, once.
func (c *capture) begin(ctx context.Context) {
	if c.conn == nil || c.first != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	first, err := c.read(ctx)
	if err != nil {
		first = &reading{}
		c.lostStatements(ctx, err)
	}
	c.first = first
}

func (c *capture) read(ctx context.Context) (*reading, error) {
	from := time.Now()
	r, err := c.asker.statements(ctx)
	took := time.Since(from)
	c.share.spent += cmp.Or(c.asker.cost(), took)
	c.Cost(took, 0, "")
	return r, err
}

// finish reads them again and stores the difference. After a signal that has a moment of the half second that all share.
func (c *capture) finish(ctx context.Context) {
	switch {
	case c.first == nil, c.over && c.first.source != "":
		c.Lost(entries.ItemStatements, cmp.Or(c.cause, entries.EndedEarly), "the server could not be asked twice, see its sessions", "")
		return
	case c.first.source == "":
		return // told
	}
	limit := lookLimit
	if ctx.Err() != nil {
		limit = lastLimit
	}
	last, stop := budget.Afterwards(ctx)
	defer stop()
	last, cancel := context.WithTimeout(last, limit)
	defer cancel()
	err := c.enter(last)
	var second *reading
	if err == nil {
		second, err = c.read(last)
	}
	if err != nil {
		c.lostStatements(ctx, err)
		return
	}
	s := difference(c.first, second)
	s.Server, s.Hidden = c.server, c.asker.hidden()
	if err := withTexts(last, c.asker, s); err != nil {
		c.lostStatements(ctx, err)
		return
	}
	text, err := s.Encode()
	if err != nil {
		c.LostErr(entries.ItemStatements, err)
		return
	}
	_ = c.Add(collectors.Evidence{Name: string(entries.Statements), Item: entries.ItemStatements, Started: s.Started, Ended: s.Ended, Source: c.address}, text)
}

// lostStatements tells why there are no statistics. What a question that failed left of the connection is given up.
func (c *capture) lostStatements(ctx context.Context, err error) {
	var none absent
	if errors.As(err, &none) {
		c.Skip(entries.ItemStatements, entries.NotThere, none.reason, none.fix)
		return
	}
	c.leave()
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		c.Lost(entries.ItemStatements, entries.EndedEarly, "the capture ended before the statistics could be read a second time", "")
		return
	}
	why := explain(err, c.target, c.address)
	c.Lost(entries.ItemStatements, why.cause, why.reason, why.fix)
}
