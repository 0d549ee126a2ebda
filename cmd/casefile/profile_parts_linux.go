package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/load"
	"casefile/analyze/profile"
	"casefile/analyze/threads"
	"casefile/bundle"
	"casefile/bundle/format/plan"
)

// profiled is one kind of profile of all processes of a case.
type profiled struct {
	kind   string
	parts  []profile.Part
	merged *profile.Profile
	view   profile.View
	notes  []string
	dumps  []profile.Part // of JVMs that could not record

	before     *profiled
	beforeName string
	pushErr    error
}

var errNoProfile = errors.New("no profile was obtained")

// viewKinds are the meanings that show a kind of profile, best first.
var viewKinds = map[string][]profile.Kind{
	plan.CPU:   {profile.CPU},
	plan.Wall:  {profile.Wall, profile.Goroutine},
	plan.Alloc: {profile.Alloc},
	plan.Lock:  {profile.Lock, profile.Mutex, profile.Block},
	plan.IO:    {profile.IO},
}

// nothingOf says, of a JVM that recorded, why there may be no profile of a kind.
var nothingOf = map[string]string{
	plan.CPU:   "the JVM was recorded, and no thread of it ran when samples were taken",
	plan.Alloc: "the JVM was recorded, and next to nothing was allocated",
	plan.Lock:  "the JVM was recorded, and no thread waited for a lock for 1 ms or longer (a recording that ran before has its own threshold)",
	plan.IO:    "the JVM was recorded, and there was no I/O that took 1 ms or longer (a recording that ran before has its own threshold)",
}

// collectProfile gathers a kind of profile from all processes of a case.
func collectProfile(c *analyze.Case, kind string) (*profiled, error) {
	p := &profiled{kind: kind}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			p.add(n.Name, j.Target, p.ofJVM(j))
			p.standIn(n.Name, j)
		}
		for _, s := range n.Services {
			p.add(n.Name, s.Target, p.ofService(s))
		}
	}
	for _, problem := range c.Problems {
		p.notes = append(p.notes, "could not be read: "+problem)
	}
	if len(p.parts) == 0 {
		p.parts = p.dumps
	} else if len(p.dumps) > 0 {
		p.note("the wall profiles of JVMs that could not record are left out: they do not add up with the others")
	}
	if len(p.parts) == 0 {
		for _, j := range c.JVMs() {
			if len(j.Recordings) > 0 {
				return nil, fmt.Errorf("%w: %s", errNoProfile, nothingOf[kind])
			}
		}
		return nil, errNoProfile
	}
	return p, p.merge()
}

func (p *profiled) add(node, process string, one *profile.Profile) {
	if one != nil && len(one.Raw().Sample) > 0 {
		p.parts = append(p.parts, profile.Part{Node: node, Process: process, Profile: one})
	}
}

func (p *profiled) merge() error {
	var err error
	if p.merged, err = profile.Merge(p.parts); err != nil {
		return err
	}
	var ok bool
	if p.view, ok = p.viewOf(p.merged); !ok {
		p.view = p.merged.Main()
	}
	return nil
}

func (p *profiled) viewOf(one *profile.Profile) (profile.View, bool) {
	for _, k := range viewKinds[p.kind] {
		if v, ok := one.View(k); ok {
			return v, true
		}
	}
	return profile.View{}, false
}

// ofJVM is what was recorded, or for a wall profile its dumps.
func (p *profiled) ofJVM(j *analyze.JVM) *profile.Profile {
	for _, one := range j.Profiles {
		if _, ok := p.viewOf(one); ok {
			return one
		}
	}
	if p.kind == plan.Wall && j.Dumps != nil {
		return p.wall(j.Dumps, j.Target)
	}
	return nil
}

// standIn keeps the dumps of a JVM that could not record.
func (p *profiled) standIn(node string, j *analyze.JVM) {
	if p.kind == plan.Wall || j.Dumps == nil || len(j.Recordings) > 0 {
		return
	}
	p.note(fmt.Sprintf("%s could not record: %d dumps tell where its threads were", j.Target, len(j.Dumps.Dumps)))
	p.dumps = append(p.dumps, profile.Part{Node: node, Process: j.Target, Profile: p.wall(j.Dumps, j.Target)})
}

// wall leaves out threads that wait for work, unless there are no others.
func (p *profiled) wall(s *threads.Series, name string) *profile.Profile {
	if work := s.WorkProfile(); len(work.Sample) > 0 {
		p.notes = append(p.notes, "threads that wait for work are left out of the wall profile of "+name)
		return profile.New(work, name)
	}
	return profile.New(s.Profile(), name)
}

// ofService chooses the file of a Go service that has the kind; profiles that count
// from the start of the process become what happened during the capture.
func (p *profiled) ofService(s *analyze.Service) *profile.Profile {
	files := map[string]*profile.Profile{}
	for _, one := range s.Profiles {
		files[strings.TrimSuffix(path.Base(one.Name), ".pb.gz")] = one
	}
	switch p.kind {
	case plan.CPU:
		return files["cpu"]
	case plan.Wall:
		if s.Goroutines != nil {
			return p.wall(s.Goroutines, s.Target)
		}
	case plan.Alloc:
		return p.during(files, "allocs")
	case plan.Lock:
		if m := p.during(files, "mutex"); m != nil {
			return m
		}
		return p.during(files, "block")
	}
	return nil
}

func (p *profiled) during(files map[string]*profile.Profile, name string) *profile.Profile {
	before, after := files[name], files[name+".end"]
	switch {
	case after == nil:
		if before != nil {
			p.notes = append(p.notes, before.Name+": there is no second snapshot, so this counts from the start of the process")
		}
		return before
	case before == nil: // it had no records then
		return after
	}
	d, err := profile.Delta(before, after)
	if err != nil {
		p.notes = append(p.notes, err.Error())
		return nil
	}
	return d
}

// gaps notes what the ledger says is missing, each reason once.
func (p *profiled) gaps(m bundle.Manifest) {
	for _, l := range m.Coverage {
		told := l.Status.Gap() || l.Status == bundle.Skipped || l.Status == bundle.Absent
		if told && l.Reason != "" {
			text := strings.TrimSpace(l.Node+" "+l.Target) + ": " + l.Item + ": " + l.Reason
			if l.Fix != "" {
				text += " (" + l.Fix + ")"
			}
			p.note(text)
		}
	}
}

func (p *profiled) note(text string) {
	if !slices.Contains(p.notes, text) {
		p.notes = append(p.notes, text)
	}
}

// nodes are the names of the nodes that have a part, in order.
func (p *profiled) nodes() []string {
	var names []string
	for _, part := range p.parts {
		if !slices.Contains(names, part.Node) {
			names = append(names, part.Node)
		}
	}
	return names
}

// processes are the names of the processes; one name on many nodes stands once.
func (p *profiled) processes() []string {
	var names []string
	for _, part := range p.parts {
		if !slices.Contains(names, part.Process) {
			names = append(names, part.Process)
		}
	}
	return names
}

// span is when the profile was taken and for how long; of several the earliest start
// and the longest.
func (p *profiled) span() (start time.Time, length time.Duration) {
	for _, part := range p.parts {
		if s := part.Profile.Start; !s.IsZero() && (start.IsZero() || s.Before(start)) {
			start = s
		}
		length = max(length, part.Profile.Duration)
	}
	return start, length
}

// readProfiled reads an earlier profile: a .pb.gz file, or a bundle.
func readProfiled(ctx context.Context, file, kind string) (*profiled, error) {
	if strings.HasSuffix(file, ".pb.gz") || strings.HasSuffix(file, ".pprof") {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		one, err := profile.Read(f, file, profile.Limits{})
		if err != nil {
			return nil, err
		}
		p := &profiled{kind: kind, parts: []profile.Part{{Profile: one}}}
		if err := p.merge(); err != nil {
			return nil, err
		}
		if _, ok := p.viewOf(one); !ok {
			return nil, fmt.Errorf("%s: is no %s profile", file, kind)
		}
		return p, nil
	}
	c, err := load.Paths(ctx, []string{file})
	if err != nil {
		return nil, err
	}
	p, err := collectProfile(c, kind)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}
