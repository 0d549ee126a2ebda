package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/analyze/profile"
)

// One application on two nodes, through their agents: one profile, each node's own
// part known by its label.
func TestProfileOfMachines(t *testing.T) {
	m := newMachines(t, loopback(t, 2), "hot-thread", func(*machines) []string { return nil })
	for i := range m.addrs {
		m.serve(i, "")
	}
	page := filepath.Join(m.dir, "p.html")
	said, err := command(t, m.dir, "profile", "--cluster", filepath.Join(m.dir, "cluster", "cluster.yaml"), "--app", "sample", "--duration", "4s", "--out", page).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "recompute") {
		t.Errorf("page: %d bytes, %v", len(html), err)
	}
	f, err := os.Open(filepath.Join(m.dir, "p.pb.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := profile.Read(f, f.Name(), profile.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	labels := p.Main().Labels()
	i := slices.IndexFunc(labels, func(l profile.Label) bool { return l.Key == profile.NodeLabel })
	if i < 0 || labels[i].Distinct != len(m.names) {
		t.Fatalf("labels %+v", labels)
	}
	for _, name := range m.names {
		if top := p.Main().Focus(profile.NodeLabel, name).Top(1); len(top) != 1 || !strings.Contains(top[0].Frame, "PriceEngine.recompute") {
			t.Errorf("%s: %+v", name, top)
		}
	}
}
