// Package plan holds what a capture is told to do. A plan is data: it travels to
// every node and into the bundle, and names targets and amounts, never commands.
package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
)

// Duration is a time.Duration that reads and writes as "60s" in JSON.
type Duration time.Duration

func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	*d = Duration(v)
	return err
}

// Plan is one capture on one or more nodes.
type Plan struct {
	// CaseID is the support ticket or any name the admin gives. May be empty.
	CaseID string `json:"case_id,omitempty"`
	// Cluster names the bundle; the node's name when there is no cluster.
	Cluster string `json:"cluster,omitempty"`
	// Start is the moment of the first dump round on the reference clock. Zero: as soon as ready.
	Start time.Time `json:"start,omitzero"`
	// Duration is the length of every series, from the first dump round on.
	Duration Duration `json:"duration"`
	// Dumps and DumpInterval are the timetable of thread dumps: round k is due at Start + k*DumpInterval.
	Dumps        int      `json:"dumps"`
	DumpInterval Duration `json:"dump_interval"`
	// SampleEvery is the period of counter series.
	SampleEvery Duration `json:"sample_every"`
	// PIDs and Apps (globs over application name, e.g. "confluence*") choose processes; both empty means all.
	PIDs []int    `json:"pids,omitempty"`
	Apps []string `json:"apps,omitempty"`
	// GoURLs are base addresses of net/http/pprof, e.g. http://127.0.0.1:6060.
	GoURLs []string `json:"go_urls,omitempty"`
	// AllowPause admits commands that stop the target for long (heap walks).
	AllowPause bool `json:"allow_pause,omitempty"`
	// MaxLogBytes caps what is copied of the logs of one target, newest first.
	MaxLogBytes int64 `json:"max_log_bytes"`
	// MaxReply caps one reply of a JVM, in bytes; 0 is DefaultMaxReply.
	MaxReply int64 `json:"max_reply,omitempty"`
	// TrustOwners are users, by name or number, whose files are also read for a process that
	// may not read them, where only root can write to their folders.
	TrustOwners []string `json:"trust_owners,omitempty"`
	// Redact is how much is taken out of the bundle before it is finished; empty is Secrets. What nodes hand over is at Secrets:
	// whoever joins them has the key of the pseudonyms.
	Redact Level `json:"redact,omitempty"`
	// Profiles is what is recorded of JVMs; Go services are profiled in any case. Nil: nothing.
	Profiles *Profiles `json:"profiles,omitempty"`
	// Probes are databases, folders and names whose latency each node measures. Nil: none.
	Probes *Probes `json:"probes,omitempty"`
}

// Default is the capture that support asks for: six dumps, ten seconds apart.
func Default() Plan {
	return Plan{
		Duration:     Duration(60 * time.Second),
		Dumps:        6,
		DumpInterval: Duration(10 * time.Second),
		SampleEvery:  Duration(time.Second),
		MaxLogBytes:  64 << 20,
	}
}

// Bounds of a reply: a thread dump takes some 2 to 4 kB a thread.
const (
	DefaultMaxReply = 64 << 20
	leastMaxReply   = 1 << 20
	mostMaxReply    = 1 << 30
)

// maxTrustOwners is how many users can be trusted.
const maxTrustOwners = 8

// Bounds of a plan; a plan from outside that asks for more is refused.
const (
	MaxDuration = time.Hour
	MaxDumps    = 1000
)

// Validate tells what is wrong with a plan, naming the field.
func (p Plan) Validate() error {
	span := time.Duration(p.DumpInterval) * time.Duration(max(p.Dumps-1, 0))
	switch {
	case p.Duration <= 0 || time.Duration(p.Duration) > MaxDuration:
		return fmt.Errorf("duration %v: must be above 0 and at most %v", time.Duration(p.Duration), MaxDuration)
	case p.Dumps < 0 || p.Dumps > MaxDumps:
		return fmt.Errorf("dumps %d: must be 0 to %d", p.Dumps, MaxDumps)
	case p.Dumps > 1 && time.Duration(p.DumpInterval) < 100*time.Millisecond:
		return fmt.Errorf("dump interval %v: must be at least 100ms", time.Duration(p.DumpInterval))
	case span > time.Duration(p.Duration):
		return fmt.Errorf("%d dumps every %v need %v, but duration is %v", p.Dumps, time.Duration(p.DumpInterval), span, time.Duration(p.Duration))
	case time.Duration(p.SampleEvery) < 100*time.Millisecond:
		return fmt.Errorf("sample period %v: must be at least 100ms", time.Duration(p.SampleEvery))
	case p.MaxLogBytes < 0:
		return errors.New("max log bytes: must not be negative")
	case p.MaxReply != 0 && (p.MaxReply < leastMaxReply || p.MaxReply > mostMaxReply):
		return fmt.Errorf("max reply %d: must be %d to %d", p.MaxReply, leastMaxReply, mostMaxReply)
	case len(p.TrustOwners) > maxTrustOwners || slices.Contains(p.TrustOwners, ""):
		return fmt.Errorf("trust owner: want at most %d names or numbers of users", maxTrustOwners)
	case len(p.TrustOwners) > 0 && len(p.PIDs)+len(p.Apps) == 0:
		return errors.New("trust owner: name the processes it is for with pid or app: their users choose what is read")
	}
	if _, err := ParseLevel(string(p.Redact)); err != nil {
		return err
	}
	for _, g := range p.Apps {
		if _, err := path.Match(g, ""); err != nil {
			return fmt.Errorf("app pattern %q: %w", g, err)
		}
	}
	if err := p.Profiles.Validate(); err != nil {
		return err
	}
	return p.Probes.Validate()
}

// Due returns when round k is due, given the moment of round 0.
func (p Plan) Due(start time.Time, k int) time.Time {
	return start.Add(time.Duration(k) * time.Duration(p.DumpInterval))
}

// WantsProcess reports whether the plan chooses the process: by pid, by name, or
// because it names no target at all.
func (p Plan) WantsProcess(pid int, name string) bool {
	switch {
	case len(p.PIDs) > 0:
		return slices.Contains(p.PIDs, pid) && p.WantsApp(name)
	case len(p.Apps) > 0:
		return p.WantsApp(name)
	}
	return len(p.GoURLs) == 0
}

// WantsApp reports whether the application name is chosen by the plan.
func (p Plan) WantsApp(name string) bool {
	for _, g := range p.Apps {
		if ok, _ := path.Match(g, name); ok {
			return true
		}
	}
	return len(p.Apps) == 0
}
