package report

import (
	"encoding/json"
	"io"
	"maps"
	"math"
	"path"
	"time"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/gc"
	"casefile/analyze/loss"
	"casefile/analyze/profile"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/bundle/format/entries"
)

// SchemaVersion of Document. Fields are added without a new version; a field that
// changes its meaning or goes away takes a new one.
const SchemaVersion = 1

// topFrames is how many functions the summary of a profile names.
const topFrames = 20

// Document is the object that `analyze --output json` prints and that a bundle
// holds as findings.json. Arrays are never null.
type Document struct {
	SchemaVersion int                    `json:"schema_version"`
	Case          CaseInfo               `json:"case"`
	Verdict       analyze.Verdict        `json:"verdict"`
	Story         *Story                 `json:"story"`
	Findings      []analyze.Finding      `json:"findings"`
	Tuning        []analyze.Tuning       `json:"tuning"`
	Loss          []*loss.Statement      `json:"loss"`
	NotEvaluated  []analyze.NotEvaluated `json:"not_evaluated"`
	Threads       []Threads              `json:"threads"`
	GC            []gc.Summary           `json:"gc"`
	JFR           []JFR                  `json:"jfr"`
	Profiles      []profile.Summary      `json:"profiles"`
	Nodes         []Node                 `json:"nodes"`
	Gaps          []Gap                  `json:"gaps"`
	Unparsed      []Unparsed             `json:"unparsed"`
	Problems      []string               `json:"problems"`     // inputs that could not be read
	BrokenRules   []string               `json:"broken_rules"` // their findings are missing
	Comparison    *Comparison            `json:"comparison,omitempty"`
}

// CaseInfo says what was captured when, on the reference clock.
type CaseInfo struct {
	ID      string     `json:"id"`
	Cluster string     `json:"cluster"`
	Started *time.Time `json:"started"` // null: not known
	Ended   *time.Time `json:"ended"`
}

// Threads is one series of dumps of one JVM or service, or one loose file.
type Threads struct {
	Source  string `json:"source"`
	Node    string `json:"node,omitempty"`
	Subject string `json:"subject,omitempty"`
	Dumps   int    `json:"dumps"`
	// Threads is the largest number in one dump, those of the runtime included.
	Threads int `json:"threads"`
	// Deadlocks is the largest number in one dump: cycles found, or what the
	// runtime itself reported when that is more.
	Deadlocks     int `json:"deadlocks"`
	UnparsedLines int `json:"unparsed_lines"`
}

// Unparsed is one source with lines that were not understood.
type Unparsed struct {
	Source string       `json:"source"`
	Lines  int64        `json:"lines"`
	Sample []SampleLine `json:"sample"`
}

// SampleLine is a line of a source, at most 200 bytes of it.
type SampleLine struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

// JFR is one recording.
type JFR struct {
	Source string `json:"source"`
	Chunks int    `json:"chunks"`
	// Events counts the events of each type that occurs.
	Events map[string]int64 `json:"events"`
	// UnknownEvents are of types that the recording does not describe.
	UnknownEvents int64 `json:"unknown_events,omitempty"`
	// Truncated: a chunk was cut off, or still open when it was copied.
	Truncated bool `json:"truncated"`
}

// Node is one machine of the case.
type Node struct {
	Name          string    `json:"name"`
	ClockOffsetMS float64   `json:"clock_offset_ms"`
	ClockErrorMS  float64   `json:"clock_error_ms"`
	Collected     int       `json:"collected"`
	Failed        int       `json:"failed"`
	JVMs          []JVM     `json:"jvms"`
	Services      []Service `json:"services"`
}

// JVM is one JVM of a node; what is not known is empty.
type JVM struct {
	Target    string `json:"target"`
	PID       int    `json:"pid,omitempty"`
	App       string `json:"app,omitempty"`
	Version   string `json:"version,omitempty"`
	Collector string `json:"collector,omitempty"`
	HeapMaxMB int64  `json:"heap_max_mb,omitempty"`
}

// Service is one Go service of a node.
type Service struct {
	Target string `json:"target"`
	Name   string `json:"name,omitempty"`
}

// Gap is a line of the coverage ledger that is a gap.
type Gap struct {
	Node   string        `json:"node"`
	Target string        `json:"target"`
	PID    int           `json:"pid,omitempty"`
	Item   string        `json:"item"`
	Cause  entries.Cause `json:"cause,omitempty"`
	Reason string        `json:"reason"`
	Fix    string        `json:"fix"`
}

// JSON writes the Document, indented.
func JSON(w io.Writer, c *analyze.Case, r *analyze.Result) error { return JSONAgainst(w, c, r, nil) }

// JSONAgainst writes it with the comparison with an earlier capture; nil: there is none.
func JSONAgainst(w io.Writer, c *analyze.Case, r *analyze.Result, against *compare.Comparison) error {
	d := NewDocument(c, r)
	if against != nil {
		d.Comparison = NewComparison(against)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(d)
}

// NewDocument gathers what the case and its result say. It shares no slices with them.
func NewDocument(c *analyze.Case, r *analyze.Result) *Document {
	d := &Document{
		SchemaVersion: SchemaVersion,
		Case:          CaseInfo{ID: c.ID, Cluster: c.Cluster, Started: instant(c.Started), Ended: instant(c.Ended)},
		Verdict:       analyze.Headline(c, r),
		Story:         NewStory(c, r),
		Findings:      make([]analyze.Finding, 0, len(r.Findings)),
		Tuning:        append([]analyze.Tuning{}, r.Tuning...),
		Loss:          append([]*loss.Statement{}, r.Loss...),
		NotEvaluated:  append([]analyze.NotEvaluated{}, r.NotEvaluated...),
		Threads:       []Threads{}, GC: []gc.Summary{}, JFR: []JFR{}, Profiles: []profile.Summary{},
		Nodes: make([]Node, 0, len(c.Nodes)), Gaps: make([]Gap, 0, len(c.Gaps)),
		Problems: append([]string{}, c.Problems...), BrokenRules: append([]string{}, r.Broken...),
	}
	for _, f := range r.Findings {
		d.Findings = append(d.Findings, complete(f))
	}
	for _, g := range c.Gaps {
		d.Gaps = append(d.Gaps, Gap(g))
	}
	for _, n := range c.Nodes {
		d.addNode(n)
	}
	d.Unparsed = append([]Unparsed{}, unparsedOf(c)...)
	return d
}

// complete makes a finding fit for JSON: arrays that are not null, a weight that is a number.
func complete(f analyze.Finding) analyze.Finding {
	f.Nodes = append([]string{}, f.Nodes...)
	f.Evidence = append([]analyze.Evidence{}, f.Evidence...)
	f.Advice = append([]analyze.Advice{}, f.Advice...)
	f.References = append([]string{}, f.References...)
	if math.IsNaN(f.Weight) || math.IsInf(f.Weight, 0) {
		f.Weight = 0
	}
	if f.Figures == nil {
		f.Figures = []say.Figure{}
	}
	return f
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (d *Document) addNode(n *analyze.Node) {
	out := Node{Name: n.Name, ClockOffsetMS: inMillis(n.Clock.Offset), ClockErrorMS: inMillis(n.Clock.Error),
		Collected: n.Collected, Failed: n.Failed, JVMs: []JVM{}, Services: []Service{}}
	for _, j := range n.JVMs {
		out.JVMs = append(out.JVMs, JVM{Target: j.Target, PID: j.PID, App: j.App, Version: jvmVersion(j),
			Collector: string(j.Collector()), HeapMaxMB: j.MaxHeap() >> 20})
		if t, ok := threadsOf(j.Dumps, j.DumpInfo, j.Target); ok {
			t.Node, t.Subject = n.Name, j.Subject()
			d.Threads = append(d.Threads, t)
		}
		for _, log := range j.GC {
			d.GC = append(d.GC, log.Summary())
		}
		for _, r := range j.Recordings {
			d.JFR = append(d.JFR, JFR{Source: r.Source, Chunks: r.Chunks, Events: maps.Clone(r.Events), UnknownEvents: r.Unknown, Truncated: r.Truncated})
		}
		for _, p := range j.Profiles {
			d.Profiles = append(d.Profiles, p.Summary(p.Name, topFrames))
		}
	}
	for _, s := range n.Services {
		out.Services = append(out.Services, Service{Target: s.Target, Name: s.Name})
		if t, ok := threadsOf(s.Goroutines, s.DumpInfo, s.Target); ok {
			t.Node, t.Subject = n.Name, s.Target
			d.Threads = append(d.Threads, t)
		}
		for _, p := range s.Profiles {
			d.Profiles = append(d.Profiles, p.Summary(p.Name, topFrames))
		}
	}
	d.Nodes = append(d.Nodes, out)
}

func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// threadsOf sums up one series; ok is false when nothing was read for it.
func threadsOf(s *threads.Series, info []threads.Summary, target string) (t Threads, ok bool) {
	if s == nil && len(info) == 0 {
		return Threads{}, false
	}
	t.Source = sourceOf(info, target)
	for _, i := range info {
		t.UnparsedLines += i.UnparsedLines
	}
	if s == nil {
		return t, true
	}
	t.Dumps = len(s.Dumps)
	for i, d := range s.Dumps {
		t.Threads = max(t.Threads, threadCount(d))
		t.Deadlocks = max(t.Deadlocks, len(s.Graph(i).Deadlocks()), d.ReportedDeadlocks)
	}
	return t, true
}

// threadCount is how many threads a dump has; an entry of a goroutine profile stands for several.
func threadCount(d *threads.Dump) int {
	n := d.DroppedThreads
	for _, t := range d.Threads {
		n += max(1, int(t.Count))
	}
	return n
}

// sourceOf names a group of dumps: its file, or the folder that holds its files.
func sourceOf(info []threads.Summary, target string) string {
	if len(info) == 0 || info[0].Source == "" {
		return target
	}
	if len(info) == 1 {
		return info[0].Source
	}
	dir := path.Dir(info[0].Source)
	for _, i := range info {
		if path.Dir(i.Source) != dir {
			return target
		}
	}
	if dir == "." {
		return target
	}
	return dir
}
