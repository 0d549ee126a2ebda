package plan

import (
	"encoding/json"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Plan){
		"no duration":        func(p *Plan) { p.Duration = 0 },
		"too long":           func(p *Plan) { p.Duration = Duration(MaxDuration + 1) },
		"dumps do not fit":   func(p *Plan) { p.Dumps = 8 },
		"too many dumps":     func(p *Plan) { p.Dumps = MaxDumps + 1 },
		"dumps too close":    func(p *Plan) { p.DumpInterval = Duration(time.Millisecond) },
		"samples too close":  func(p *Plan) { p.SampleEvery = 0 },
		"endless replies":    func(p *Plan) { p.MaxReply = 1 << 40 },
		"no replies":         func(p *Plan) { p.MaxReply = 1 },
		"trust for everyone": func(p *Plan) { p.TrustOwners = []string{"root"} },
		"trust in nobody":    func(p *Plan) { p.PIDs, p.TrustOwners = []int{1}, []string{""} },
		"negative log bytes": func(p *Plan) { p.MaxLogBytes = -1 },
		"bad pattern":        func(p *Plan) { p.Apps = []string{"[a"} },
		"unknown profile":    func(p *Plan) { p.Profiles = &Profiles{Focus: "heat"} },
		"relative library":   func(p *Plan) { p.Profiles = &Profiles{AsyncProfiler: "lib/libasyncProfiler.so"} },
		"library with dots":  func(p *Plan) { p.Profiles = &Profiles{AsyncProfiler: "/opt/../libasyncProfiler.so"} },
		"no library":         func(p *Plan) { p.Profiles = &Profiles{AsyncProfiler: "/bin/sh"} },
		"library, arguments": func(p *Plan) { p.Profiles = &Profiles{AsyncProfiler: "/opt/x.so,file=/etc/passwd,.so"} },
	} {
		p := Default()
		if change(&p); p.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestWantsProcess(t *testing.T) {
	cases := []struct {
		plan Plan
		pid  int
		name string
		want bool
	}{
		{Plan{}, 1, "x", true},
		{Plan{PIDs: []int{1}}, 1, "x", true},
		{Plan{PIDs: []int{2}}, 1, "x", false},
		{Plan{Apps: []string{"conf*"}}, 1, "confluence", true},
		{Plan{Apps: []string{"conf*"}}, 1, "jira", false},
		{Plan{PIDs: []int{1}, Apps: []string{"jira"}}, 1, "confluence", false},
		{Plan{GoURLs: []string{"http://x"}}, 1, "x", false},
		{Plan{GoURLs: []string{"http://x"}, PIDs: []int{1}}, 1, "x", true},
	}
	for _, c := range cases {
		if got := c.plan.WantsProcess(c.pid, c.name); got != c.want {
			t.Errorf("%+v wants %d %s: %v", c.plan, c.pid, c.name, got)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	p := Default()
	p.PIDs = []int{7}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var q Plan
	if err := json.Unmarshal(b, &q); err != nil || q.Duration != p.Duration || q.DumpInterval != p.DumpInterval {
		t.Errorf("%s: %+v, %v", b, q, err)
	}
	if err := json.Unmarshal([]byte(`{"duration":"soon"}`), &q); err == nil {
		t.Error("a duration that is none was accepted")
	}
}
