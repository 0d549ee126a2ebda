package agent

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/collectors"
)

func TestAbsurdPlansAreRefused(t *testing.T) {
	n := newNode(t)
	n.Allow.GoHosts = []string{"metrics.internal"}
	c := local(t, n)
	for name, v := range map[string]struct {
		change func(*plan.Plan)
		want   string
	}{
		"no duration":         {func(p *plan.Plan) { p.Duration = 0 }, "duration"},
		"a year":              {func(p *plan.Plan) { p.Duration = plan.Duration(365 * 24 * time.Hour) }, "duration"},
		"a million dumps":     {func(p *plan.Plan) { p.Dumps = 1_000_000 }, "dumps"},
		"a dump a nanosecond": {func(p *plan.Plan) { p.Dumps, p.DumpInterval = 2, 1 }, "dump interval"},
		"samples":             {func(p *plan.Plan) { p.SampleEvery = 1 }, "sample period"},
		"old":                 {func(p *plan.Plan) { p.Start = time.Now().Add(-2 * time.Minute) }, "start is 2m"},
		"next week":           {func(p *plan.Plan) { p.Start = time.Now().Add(7 * 24 * time.Hour) }, "ahead"},
		"negative pid":        {func(p *plan.Plan) { p.PIDs = []int{-1} }, "pids"},
		"pid 0":               {func(p *plan.Plan) { p.PIDs = []int{0} }, "pids"},
		"many pids":           {func(p *plan.Plan) { p.PIDs = make([]int, maxPIDs+1) }, "1001 pids"},
		"long glob":           {func(p *plan.Plan) { p.Apps = []string{strings.Repeat("*", 300)} }, "printable"},
		"broken glob":         {func(p *plan.Plan) { p.Apps = []string{"["} }, "app pattern"},
		"terminal escapes":    {func(p *plan.Plan) { p.CaseID = "\x1b]0;x\a" }, "printable"},
		"long cluster":        {func(p *plan.Plan) { p.Cluster = strings.Repeat("c", 201) }, "printable"},
		"all logs":            {func(p *plan.Plan) { p.MaxLogBytes = 1 << 60 }, "max log bytes"},
		"cloud metadata":      {func(p *plan.Plan) { p.GoURLs = []string{"http://169.254.169.254/latest"} }, "not an address of this machine"},
		"another host":        {func(p *plan.Plan) { p.GoURLs = []string{"http://db.internal:5432"} }, "not a name"},
		"file":                {func(p *plan.Plan) { p.GoURLs = []string{"file:///etc/shadow"} }, "want http"},
		"unix":                {func(p *plan.Plan) { p.GoURLs = []string{"unix:///var/run/docker.sock"} }, "want http"},
		"user in URL":         {func(p *plan.Plan) { p.GoURLs = []string{"http://a:b@127.0.0.1:1"} }, "want http"},
		"broken URL":          {func(p *plan.Plan) { p.GoURLs = []string{"http://%zz"} }, "not a URL"},
		"long URL":            {func(p *plan.Plan) { p.GoURLs = []string{"http://127.0.0.1/" + strings.Repeat("x", 200)} }, "too long"},
		"many URLs":           {func(p *plan.Plan) { p.GoURLs = make([]string, maxURLs+1) }, "21 URLs"},
		"relative storage": {func(p *plan.Plan) {
			p.Probes = &plan.Probes{Storage: []plan.Storage{{Path: "../../etc", Kind: plan.OtherPlace}}}
		}, "must be absolute"},
	} {
		t.Run(name, func(t *testing.T) {
			p := shortPlan()
			v.change(&p)
			id, err := NewID()
			if err != nil {
				t.Fatal(err)
			}
			if text := refused(t, c.Start(t.Context(), id, p), BadPlan); !strings.Contains(text, v.want) {
				t.Errorf("%q", text)
			}
		})
	}
	if left := spoolFiles(t, n); len(left) > 0 {
		t.Errorf("written: %v", left)
	}
}

func TestURLsOfThisMachine(t *testing.T) {
	n := newNode(t)
	n.Allow.GoHosts = []string{"metrics.internal"}
	n.Handler()
	good := []string{"http://127.0.0.1:6060", "https://[::1]:6060/x", "http://localhost:1", "http://metrics.internal:9"}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if ip := a.(*net.IPNet).IP; ip.To4() != nil {
			good = append(good, "http://"+ip.String()+":6060")
		}
	}
	for _, u := range good {
		p := shortPlan()
		p.GoURLs = []string{u}
		if err := n.checkPlan(p); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestPolicy(t *testing.T) {
	asked := shortPlan()
	asked.Probes = &plan.Probes{
		Databases: []plan.Database{
			{URL: "db:5432"},
			{URL: "postgres://u@db/a", Credential: "file:/etc/shadow"},
			{URL: "postgres://u@db/b", Credential: "file:/etc/casefile/db"},
			{URL: "postgres://u@db/c", Credential: "file:/etc/casefile-other/db"},
			{URL: "postgres://u@db/d", Credential: "env:DB_LOGIN"},
			{URL: "postgres://u@db/e", Credential: "env:AWS_SECRET"},
		},
		Storage: []plan.Storage{{Path: "/shared", Kind: plan.SharedHome}, {Path: "/shared/a", Kind: plan.SharedHome}, {Path: "/shared-not", Kind: plan.OtherPlace}, {Path: "/etc", Kind: plan.OtherPlace}},
	}
	p, skipped := Policy{Credentials: []string{"env:DB_LOGIN", "file:/etc/casefile/"}, Storage: []string{"/shared/"}}.restrict(asked)
	var logins, folders, told []string
	for _, d := range p.Probes.Databases {
		logins = append(logins, d.Credential)
	}
	for _, s := range p.Probes.Storage {
		folders = append(folders, s.Path)
	}
	for _, s := range skipped {
		told = append(told, s.Target)
		if s.Status != bundle.Skipped || !strings.Contains(s.Fix, s.Target) {
			t.Errorf("%+v", s)
		}
	}
	if want := []string{"", "", "file:/etc/casefile/db", "", "env:DB_LOGIN", ""}; !slices.Equal(logins, want) {
		t.Errorf("credentials %q, want %q", logins, want)
	}
	if want := []string{"/shared", "/shared/a"}; !slices.Equal(folders, want) {
		t.Errorf("folders %q, want %q", folders, want)
	}
	if want := []string{"file:/etc/shadow", "file:/etc/casefile-other/db", "env:AWS_SECRET", "/shared-not", "/etc"}; !slices.Equal(told, want) {
		t.Errorf("ledger names %q, want %q", told, want)
	}
	if asked.Probes.Databases[1].Credential == "" || len(asked.Probes.Storage) != 4 {
		t.Error("the plan of the caller was changed")
	}
	if p, skipped := (Policy{Any: true}).restrict(asked); len(skipped) > 0 || p.Probes.Databases[1].Credential == "" {
		t.Errorf("%+v", skipped)
	}
	asked.Probes.AppCredentials = true
	if p, skipped := (Policy{}).restrict(asked); p.Probes.AppCredentials || !strings.Contains(skipped[len(skipped)-1].Fix, "--allow-app-credentials") {
		t.Errorf("application's logins are used: %+v", skipped)
	}
	if p, _ := (Policy{AppCredentials: true}).restrict(asked); !p.Probes.AppCredentials {
		t.Error("application's logins are not used though admitted")
	}
	if p, _ := (Policy{}).restrict(asked); len(p.Probes.Storage) != 0 {
		t.Errorf("the zero policy admits %v", p.Probes.Storage)
	}
}

// What the policy takes out of a plan stands in the ledger of the bundle.
func TestPolicyIsToldInTheLedger(t *testing.T) {
	s := newScript()
	c := local(t, newNode(t, s))
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	p := shortPlan()
	p.Probes = &plan.Probes{Storage: []plan.Storage{{Path: "/shared", Kind: plan.SharedHome}}}
	if err := c.Start(t.Context(), id, p); err != nil {
		t.Fatal(err)
	}
	s.do(t, func(context.Context, *collectors.Scope) {})
	s.end()
	if _, err := c.Events(t.Context(), id, func(collectors.Event) {}); err != nil {
		t.Fatal(err)
	}
	got := &kept{}
	if _, err := c.Download(t.Context(), id, 1<<30, got); err != nil {
		t.Fatal(err)
	}
	m := check(t, got.buf.Bytes()).Reader.Manifest
	if len(m.Coverage) != 1 || m.Coverage[0].Status != bundle.Skipped || m.Coverage[0].Target != "/shared" || m.Coverage[0].Node != "n1" || len(m.Plan.Probes.Storage) != 0 {
		t.Errorf("%+v", m.Coverage)
	}
}

// Trust in users is the agent's to give.
func TestPolicyOnTrustOwners(t *testing.T) {
	asked := plan.Plan{PIDs: []int{1}, TrustOwners: []string{"root", "deploy"}}
	p, skipped := Policy{TrustOwners: []string{"deploy"}}.restrict(asked)
	if !slices.Equal(p.TrustOwners, []string{"deploy"}) || len(skipped) != 1 || !strings.Contains(skipped[0].Fix, "--allow-trust-owner root") || len(asked.TrustOwners) != 2 {
		t.Errorf("%v, %+v", p.TrustOwners, skipped)
	}
}

// A library is loaded only when the agent was started with just that one.
func TestPolicyOnAsyncProfiler(t *testing.T) {
	asked := plan.Plan{Profiles: &plan.Profiles{AsyncProfiler: "/opt/libasyncProfiler.so", Focus: plan.CPU}}
	p, skipped := Policy{AsyncProfiler: "/opt/other.so"}.restrict(asked)
	if p.Profiles.AsyncProfiler != "" || p.Profiles.Focus != plan.CPU || len(skipped) != 1 || asked.Profiles.AsyncProfiler == "" {
		t.Errorf("%+v, %+v, asked %+v", p.Profiles, skipped, asked.Profiles)
	}
	if p, skipped := (Policy{AsyncProfiler: "/opt/libasyncProfiler.so"}).restrict(asked); p.Profiles.AsyncProfiler == "" || len(skipped) > 0 {
		t.Errorf("%+v, %+v", p.Profiles, skipped)
	}
}
