package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Profiles is what is recorded of JVMs, with JFR or with async-profiler.
type Profiles struct {
	// Focus is the kind of profile that the settings are sharpened for; empty: none before the others.
	Focus string `json:"focus,omitempty"`
	// Only leaves out whatever is no profile: logs, configuration, counters, the host.
	Only bool `json:"only,omitempty"`
	// AsyncProfiler is the path of libasyncProfiler.so as the JVM sees it. Empty: JFR samples.
	AsyncProfiler string `json:"async_profiler,omitempty"`
}

// Kinds of profiles that a capture can be focused on.
const (
	CPU   = "cpu"
	Wall  = "wall"
	Alloc = "alloc"
	Lock  = "lock"
	IO    = "io"
)

// Focuses lists them.
func Focuses() []string { return []string{CPU, Wall, Alloc, Lock, IO} }

// Validate tells what is wrong, naming the field.
func (p *Profiles) Validate() error {
	switch {
	case p == nil:
	case p.Focus != "" && !slices.Contains(Focuses(), p.Focus):
		return fmt.Errorf("profile %q: want one of %s", p.Focus, strings.Join(Focuses(), ", "))
	case p.AsyncProfiler != "" && (!cleanPath(p.AsyncProfiler) || !strings.HasSuffix(p.AsyncProfiler, ".so") || strings.ContainsAny(p.AsyncProfiler, " ,\"'")):
		return fmt.Errorf("async-profiler %.200q: want the absolute path of libasyncProfiler.so, without blanks and commas", p.AsyncProfiler)
	}
	return nil
}

// ProfilesOnly tells that nothing but profiles is wanted.
func (p Plan) ProfilesOnly() bool { return p.Profiles != nil && p.Profiles.Only }

// FocusOn reports whether the settings are to be sharpened for a kind of profile.
func (p Plan) FocusOn(kind string) bool { return p.Profiles != nil && p.Profiles.Focus == kind }
