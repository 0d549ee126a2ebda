package profile

import (
	"errors"
	"fmt"

	pprof "github.com/google/pprof/profile"
)

// Labels that Merge gives to the samples of each part.
const (
	NodeLabel    = "node"
	ProcessLabel = "process"
)

// Part is the profile of one process of a node. Empty names give no label.
type Part struct {
	Node, Process string
	Profile       *Profile
}

// Merge makes one profile of those of all nodes with pprof's own merge, every
// sample labelled with its node and process. Sample types that only some parts have are
// dropped. Parts are not changed.
func Merge(parts []Part) (*Profile, error) {
	if len(parts) == 0 {
		return nil, errors.New("merge profiles: none given")
	}
	var list []*pprof.Profile
	for _, part := range parts {
		p := part.Profile.raw.Copy()
		for _, s := range p.Sample {
			if s.Label == nil {
				s.Label = map[string][]string{}
			}
			for key, value := range map[string]string{NodeLabel: part.Node, ProcessLabel: part.Process} {
				if value != "" {
					s.Label[key] = []string{value}
				}
			}
		}
		list = append(list, p)
	}
	if err := pprof.CompatibilizeSampleTypes(list); err != nil {
		return nil, fmt.Errorf("merge profiles: %w", err)
	}
	merged, err := pprof.Merge(list)
	if err != nil {
		return nil, fmt.Errorf("merge profiles: %w", err)
	}
	return New(merged, parts[0].Profile.Name), nil
}

// Errors of Delta.
var (
	// ErrRestarted: the later snapshot has less than the earlier one.
	ErrRestarted = errors.New("the process restarted between the snapshots")
	// ErrNotCumulative: the profile has no value that only grows.
	ErrNotCumulative = errors.New("nothing in this profile counts from the start of the process")
)

// Delta is what happened between two snapshots of a profile that counts from
// the start of its process (allocations, mutex, block). Values that do not
// count up, such as live memory, are left out.
func Delta(before, after *Profile) (*Profile, error) {
	a, err := growing(before)
	if err != nil {
		return nil, fmt.Errorf("delta of %s: %w", before.Name, err)
	}
	b, err := growing(after)
	if err != nil {
		return nil, fmt.Errorf("delta of %s: %w", after.Name, err)
	}
	for _, s := range a.Sample { // not pprof's Scale: that goes through float64
		for i := range s.Value {
			s.Value[i] = -s.Value[i]
		}
	}
	d, err := pprof.Merge([]*pprof.Profile{b, a})
	if err != nil {
		return nil, fmt.Errorf("delta of %s: %w", after.Name, err)
	}
	for _, s := range d.Sample {
		for _, v := range s.Value {
			if v < 0 {
				return nil, fmt.Errorf("delta of %s: %w", after.Name, ErrRestarted)
			}
		}
	}
	d.TimeNanos = before.raw.TimeNanos
	if before.raw.TimeNanos > 0 && after.raw.TimeNanos > before.raw.TimeNanos {
		d.DurationNanos = after.raw.TimeNanos - before.raw.TimeNanos
	}
	return New(d, after.Name), nil
}

// growing copies a profile with its cumulative values only.
func growing(p *Profile) (*pprof.Profile, error) {
	var keep []int
	for _, v := range p.views {
		if cumulative[v.Kind] {
			keep = append(keep, v.index)
		}
	}
	if len(keep) == 0 {
		return nil, ErrNotCumulative
	}
	c := p.raw.Copy()
	types := make([]*pprof.ValueType, len(keep))
	for i, k := range keep {
		types[i] = c.SampleType[k]
	}
	c.SampleType = types
	for _, s := range c.Sample {
		values := make([]int64, len(keep))
		for i, k := range keep {
			values[i] = s.Value[k]
		}
		s.Value = values
	}
	return c, nil
}
