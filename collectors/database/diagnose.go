package database

import (
	"context"
	"fmt"
	"time"

	"casefile/bundle/format/sessions"
	"casefile/collectors/database/login"
)

// diagnose looks at one server once.
func diagnose(ctx context.Context, t login.Target, address string) []Check {
	name := targetName(address)
	entry := func(what string, ok bool, detail, fix string) Check {
		return Check{Target: name, Name: what, OK: ok, Detail: detail, Fix: fix}
	}
	switch {
	case asks[t.Kind] == nil:
		return []Check{entry("sessions", true, productName(t.Kind)+" is not asked for its sessions", "")}
	case t.Warning != nil:
		return []Check{entry("login", false, t.Warning.Error(), fixPassword)}
	case t.Credential == nil:
		return []Check{entry("login", true, "no credential: its sessions are not asked for", "credential: env:NAME or file:/path in cluster.yaml")}
	}
	ctx, cancel := context.WithTimeout(ctx, login.Limit)
	defer cancel()
	conn, err := login.Open(ctx, t.Endpoint, address, t.Credential)
	if err != nil {
		why := explain(err, t, address)
		return []Check{entry("login", false, why.reason, why.fix)}
	}
	defer conn.Close()
	a, s := asks[t.Kind](conn), &sessions.Snapshot{Own: sessions.Own{Local: conn.Local()}}
	from := time.Now()
	if err = a.identify(ctx, &s.Server); err == nil {
		from = time.Now()
		err = a.look(ctx, s)
	}
	if err != nil {
		why := explain(err, t, address)
		return []Check{entry("sessions", false, why.reason, why.fix)}
	}
	took := time.Since(from).Round(time.Millisecond)
	list := []Check{entry("sessions", true, fmt.Sprintf("%s %s, %d sessions in %v", productName(s.Server.Product), s.Server.Version, len(s.Sessions), took), "")}
	if _, err := a.statements(ctx); err != nil {
		why := explain(err, t, address)
		if none, is := err.(absent); is {
			why.reason, why.fix = none.reason, none.fix
		}
		list = append(list, entry("statements", true, why.reason, why.fix)) // a look works all the same: a note
	}
	for _, h := range a.hidden() {
		// What a product's role needs not see is a note: it sees the sessions of its own.
		list = append(list, entry("rights", t.Product, h.What+" cannot be seen: "+h.Why, h.Grant))
	}
	if s.Translated() {
		list = append(list, entry("way", true, fmt.Sprintf("the server sees this node at %s where it is %s: a pooler or a translation of addresses lies between, "+
			"so sessions cannot be joined to threads by their ports", s.Own.Seen, s.Own.Local), "name the server's own address in cluster.yaml"))
	}
	return list
}
