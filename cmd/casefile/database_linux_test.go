package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/sessions"
	"casefile/bundle/format/timing"
	"casefile/cmd/samples/live/livetest"
)

// A real database, logged in to by agents: by the login of the application's own
// configuration where the agent admits that, by a credential in a file of the node
// where it admits that one. What the database takes is held against the pools.
func TestDatabaseOfMachines(t *testing.T) {
	const password = "Xq7-mallard-81-quay"
	server := livetest.StartPostgres(t, password)
	m := newMachines(t, loopback(t, 2), "threads", fewThreads)
	for _, j := range m.jvms { // a pool of 24 on each, where 19 connections are to be had
		text := fmt.Sprintf("spring.datasource.url=jdbc:postgresql://%s/postgres\nspring.datasource.username=conf\nspring.datasource.password=%s\nspring.datasource.hikari.maximum-pool-size=24\n",
			server.Address, password)
		if err := os.WriteFile(filepath.Join(j.Dir, "application.properties"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	secret := filepath.Join(m.dir, "db-login")
	file := filepath.Join(m.dir, "cluster", "cluster.yaml")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw = fmt.Appendf(raw, "probes:\n  databases:\n  - {url: \"jdbc:postgresql://%s/postgres\", credential: \"file:%s\"}\n", server.Address, secret)
	for name, text := range map[string][]byte{secret: []byte("conf:" + password + "\n"), file: raw} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m.serve(0, "", "--allow-app-credentials")
	m.serve(1, "", "--allow-credential", "file:"+secret)
	r := m.collect(nil, "--duration", "4s", "--dumps", "2", "--dump-interval", "2s", "--use-app-credentials")
	if r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.said)
	}

	// n1 measures the cluster's database without a login, and logs in for the application; n2 the other way round.
	logins := map[string][]bool{}
	for _, n := range r.record().Nodes {
		for _, d := range n.Databases {
			query := d.Step(timing.StepQuery)
			logins[n.Name] = append(logins[n.Name], query != nil)
			if d.Target != server.Address || d.Failures > 0 || d.Tries == 0 || d.Step(timing.StepConnect) == nil && d.Step(timing.StepLogin) == nil {
				t.Errorf("%s: %+v", n.Name, d)
			}
			if c := d.Connections; (c != nil) != (query != nil) || c != nil && (c.Max != livetest.PostgresConnections || c.Reserved != livetest.PostgresReserved) {
				t.Errorf("%s: connections %+v", n.Name, d.Connections)
			}
		}
	}
	if want := map[string][]bool{"n1": {false, true}, "n2": {true}}; fmt.Sprint(logins) != fmt.Sprint(want) {
		t.Errorf("logged in: %v, want %v", logins, want)
	}
	if n := server.Logged("connection authorized: user=conf"); n != 4 {
		t.Errorf("the server saw %d logins, want two of each node: for its latency and its sessions", n)
	}
	// Each node that logged in looked at the sessions: of one server, as its identity says.
	identities := map[string]bool{}
	for _, node := range m.names {
		entry := path.Join(entries.FolderNodes, node, entries.FolderDatabase, strings.ReplaceAll(server.Address, ":", "-"), entries.Sessions.Of(entries.Dump(0)))
		raw, err := r.Reader.ReadEntry(t.Context(), entry, sessions.MaxBytes)
		if err != nil {
			t.Fatal(err)
		}
		s, err := sessions.Read(bytes.NewReader(raw))
		if err != nil || s.Translated() || s.Find(s.Own.ID) == nil {
			t.Errorf("%s: %+v, %v", entry, s, err)
			continue
		}
		identities[s.Server.Identity] = true
	}
	if len(identities) != 1 {
		t.Errorf("identities of one server: %v", identities)
	}
	for node, fix := range map[string]string{"n1": "--allow-credential file:" + secret, "n2": "--allow-app-credentials"} {
		if !slices.ContainsFunc(r.Reader.Manifest.Coverage, func(c bundle.Coverage) bool {
			return c.Node == node && c.Status == bundle.Skipped && strings.Contains(c.Fix, fix)
		}) {
			t.Errorf("%s does not tell what it left out, and %s", node, fix)
		}
	}
	for _, e := range r.Reader.Manifest.Entries {
		content, err := r.Reader.ReadEntry(t.Context(), e.Path, 1<<26)
		if err != nil || bytes.Contains(content, []byte(password)) {
			t.Errorf("%s: %v, the password is in it: %v", e.Path, err, err == nil)
		}
	}

	out, err := command(t, m.dir, "analyze", "--output", "json", r.Reader.Path).Output()
	var said struct{ Findings []analyze.Finding }
	if err != nil || json.Unmarshal(out, &said) != nil {
		t.Fatalf("analyze: %v: %s", err, out)
	}
	// The address is each node's own machine, so each node has a finding of its own.
	var nodes []string
	for _, f := range said.Findings {
		if f.ID != "pool-mismatch" {
			continue
		}
		nodes = append(nodes, f.Nodes...)
		if want := fmt.Sprintf("The pool of %s may open 24 connections to %s, which takes 19", f.Nodes[0], server.Address); f.Severity != analyze.Warning || f.Title != want || len(f.Evidence) != 2 || f.Evidence[0].Lines != "4" {
			t.Errorf("%+v, want %s", f, want)
		}
	}
	slices.Sort(nodes)
	if !slices.Equal(nodes, m.names) {
		t.Errorf("pool-mismatch on %v, want %v: %s", nodes, m.names, out)
	}
}
