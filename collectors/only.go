package collectors

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"casefile/bundle/format/entries"
)

// Only limits a node to some of its processes, whatever a plan chooses: several
// agents on one machine can each serve their own. The zero value limits nothing.
type Only struct {
	PIDs []int
	Apps []string // globs over application names
}

// Check reports whether the globs can be read.
func (o Only) Check() error {
	for _, g := range o.Apps {
		if _, err := path.Match(g, ""); err != nil {
			return fmt.Errorf("application %q: %w", g, err)
		}
	}
	return nil
}

// Wrap returns collectors whose targets that are processes are those of o.
func (o Only) Wrap(list []Collector) []Collector {
	if len(o.PIDs)+len(o.Apps) == 0 {
		return list
	}
	limited := make([]Collector, len(list))
	for i, c := range list {
		limited[i] = only{c, o}
	}
	return limited
}

// admits reads the target's name, "4711-confluence". One with no pid is a service
// at an address, which belongs to nobody here.
func (o Only) admits(target string) bool {
	text, app, _ := strings.Cut(target, "-")
	pid, err := strconv.Atoi(text)
	if err != nil {
		return false
	}
	named := func(glob string) bool { ok, _ := path.Match(glob, app); return ok }
	return (len(o.PIDs) == 0 || slices.Contains(o.PIDs, pid)) && (len(o.Apps) == 0 || slices.ContainsFunc(o.Apps, named))
}

type only struct {
	Collector
	Only
}

func (l only) Prepare(ctx context.Context, s *Session) ([]Job, error) {
	jobs, err := l.Collector.Prepare(ctx, s)
	if !processes(l.Name()) {
		return jobs, err
	}
	return slices.DeleteFunc(jobs, func(j Job) bool { return !l.admits(j.Target) }), err
}

// processes reports whether the targets of a collector are processes.
func processes(collector string) bool {
	return collector == entries.CollectorJVM || collector == entries.CollectorGo
}
