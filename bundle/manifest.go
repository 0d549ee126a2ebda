package bundle

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
)

// FormatVersion is written in plan.json and casefile.json.
const FormatVersion = 1

// Names of the files a bundle itself needs.
const (
	PlanFile     = "plan.json"
	ManifestFile = "casefile.json"
	// SignatureFile is that of casefile.json, which has the checksums of all else.
	SignatureFile = ManifestFile + ".sig"
	ReportFile    = "report.html"
	SummaryFile   = "SUMMARY.md"
	FindingsFile  = "findings.json"
	journalFile   = "casefile.jsonl"
)

// Manifest is casefile.json; plan.json is the same with what is known at the start.
type Manifest struct {
	FormatVersion int       `json:"format_version"`
	CaseID        string    `json:"case_id,omitempty"`
	Cluster       string    `json:"cluster"`
	Tool          Tool      `json:"tool"`
	Plan          plan.Plan `json:"plan"`
	Started       time.Time `json:"started"`
	Ended         time.Time `json:"ended,omitzero"`
	// Interrupted tells that the capture was ended early, by whom or what.
	Interrupted string     `json:"interrupted,omitempty"`
	Nodes       []Node     `json:"nodes"`
	Entries     []Entry    `json:"entries,omitempty"`
	Coverage    []Coverage `json:"coverage,omitempty"`
	Redaction   *Redaction `json:"redaction,omitempty"`
	Overhead    []Overhead `json:"overhead,omitempty"`
}

// Tool is the casefile that wrote the bundle.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// Node is one captured machine with its clock model: the node's clock reads
// reference time plus Offset, give or take Error.
type Node struct {
	Name   string `json:"name"`
	OS     string `json:"os,omitempty"`
	Arch   string `json:"arch,omitempty"`
	Kernel string `json:"kernel,omitempty"`
	// Labels are those that the cluster file gives the node.
	Labels   map[string]string `json:"labels,omitempty"`
	OffsetMS float64           `json:"clock_offset_ms"`
	DriftPPM float64           `json:"clock_drift_ppm"`
	ErrorMS  float64           `json:"clock_error_ms"`
}

// Entry describes one file of the bundle. Times are on the node's clock, to the microsecond: when the capture of this content
// began and ended. In its record the fields come in this order, in which what differs least from entry to entry stands together.
type Entry struct {
	Node      string    `json:"node,omitempty"`
	Collector string    `json:"collector,omitempty"`
	Target    string    `json:"target,omitempty"`
	PID       int       `json:"pid,omitempty"` // of the target; 0: it is no process of the node
	Started   time.Time `json:"started,omitzero"`
	Ended     time.Time `json:"ended,omitzero"`
	// Reference is Started on the reference clock, give or take ReferenceErrorMS.
	Reference        time.Time `json:"reference_started,omitzero"`
	ReferenceErrorMS float64   `json:"reference_error_ms,omitempty"`
	Redactions       int       `json:"redactions"`
	SHA256           string    `json:"sha256"`
	Bytes            int64     `json:"bytes"`
	Path             string    `json:"path"`
	// Source is where the content came from on the node: a path or a command.
	Source string `json:"source,omitempty"`
	// Truncated tells that only the newest part was kept, and of how much.
	Truncated string `json:"truncated,omitempty"`
}

// precision is that of times in records and in the ledger. Clocks of two machines are further apart.
const precision = time.Microsecond

// Status says what became of one thing that was to be captured.
type Status string

const (
	OK      Status = "ok"
	Partial Status = "partial" // some of it; a gap
	Failed  Status = "failed"  // none of it; a gap
	Absent  Status = "absent"  // this node has no such thing
	Skipped Status = "skipped" // not asked for, or not safe without a flag
)

// Gap reports whether the status leaves the bundle with less than it should hold.
func (s Status) Gap() bool { return s == Partial || s == Failed }

// Coverage is one line of the ledger: expected, obtained or not, why, how to get it.
type Coverage struct {
	Node      string `json:"node"`
	Collector string `json:"collector"`
	Target    string `json:"target,omitempty"`
	PID       int    `json:"pid,omitempty"` // as that of an Entry
	Item      string `json:"item"`
	Status    Status `json:"status"`
	// Cause is of what kind the reason is; empty: nothing is missing, or the bundle is an older one.
	Cause  entries.Cause `json:"cause,omitempty"`
	Reason string        `json:"reason,omitempty"`
	Fix    string        `json:"fix,omitempty"`
	At     time.Time     `json:"at,omitzero"`
}

// Redaction sums up what was scrubbed.
type Redaction struct {
	// Level is the one that the bundle is at; empty in older ones: plan.Secrets.
	Level plan.Level `json:"level,omitempty"`
	// Names are the places of pseudonyms by kind, at levels above plan.Secrets.
	Names []ReplacedNames `json:"names,omitempty"`
	Total int             `json:"total"`
	Rules RuleCounts      `json:"rules,omitempty"`
	// KnownValues is how many secret values of the nodes were searched for everywhere.
	KnownValues int `json:"known_values"`
	// LeakCheck is the result of reading the whole bundle again against all known values.
	LeakCheck string `json:"leak_check,omitempty"`
}

// ReplacedNames is how often names of one kind were replaced, and in how many entries.
type ReplacedNames struct {
	Kind    string `json:"kind"`
	Places  int    `json:"places"`
	Entries int    `json:"entries"`
}

// RuleCounts are the places that each rule scrubbed. In JSON they are a list: as keys their names are those of secrets, and
// the manifest is scrubbed too.
type RuleCounts map[string]int

type ruleCount struct {
	Rule   string `json:"rule"`
	Places int    `json:"places"`
}

// MarshalJSON writes the list in the order of names.
func (c RuleCounts) MarshalJSON() ([]byte, error) {
	list := []ruleCount{}
	for _, rule := range slices.Sorted(maps.Keys(c)) {
		list = append(list, ruleCount{rule, c[rule]})
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads the list, and the object of older bundles.
func (c *RuleCounts) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		old := map[string]int{}
		err := json.Unmarshal(text, &old)
		*c = old
		return err
	}
	var list []ruleCount
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	*c = RuleCounts{}
	for _, r := range list {
		(*c)[r.Rule] += r.Places
	}
	return nil
}

// Overhead is what the capture itself cost a node and its targets.
type Overhead struct {
	Node       string  `json:"node"`
	CPUSeconds float64 `json:"cpu_seconds"`
	MaxRSS     int64   `json:"max_rss_bytes"`
	ReadBytes  int64   `json:"read_bytes"`
	WriteBytes int64   `json:"write_bytes"`
	// Seconds is the wall time the CPU seconds were spent in.
	Seconds float64 `json:"seconds"`
	// Compression is the level at which the bundle was compressed, and the seconds that took, of those above.
	Compression string           `json:"compression,omitempty"`
	CompressS   float64          `json:"compress_seconds,omitempty"`
	Targets     []TargetOverhead `json:"targets,omitempty"`
}

// TargetOverhead is what one process paid. Pauses are read from the JVM's own
// safepoint clock around each command; where the JVM shows none, WallMS bounds them.
type TargetOverhead struct {
	Target   string  `json:"target"`
	Commands int     `json:"commands"`
	WallMS   float64 `json:"wall_ms"`
	Pauses   int     `json:"pauses"`
	PauseMS  float64 `json:"pause_ms"`
	MaxMS    float64 `json:"max_pause_ms"`
	Measured string  `json:"measured_by,omitempty"`
}

// Gaps returns the ledger lines that leave the bundle incomplete.
func (m *Manifest) Gaps() []Coverage {
	var gaps []Coverage
	for _, c := range m.Coverage {
		if c.Status.Gap() {
			gaps = append(gaps, c)
		}
	}
	return gaps
}
