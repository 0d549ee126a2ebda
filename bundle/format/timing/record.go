package timing

import (
	"time"

	"casefile/bundle/format/entries"
)

// Version is the format version that Write puts into a Record.
const Version = 1

// Names of entries.
const (
	RecordFile = "cluster/timing.json"
	// StartFile is the Record of what was known when the capture began: all there is when
	// whoever joined the nodes was killed. It has no end.
	StartFile = "cluster/timing-start.json"
	// ProbesFile lies below nodes/<node>/timing/.
	ProbesFile = "probes.json"
	// LinksFile, next to it, is a Record of the node's own links to its peers, with the
	// node as reference.
	LinksFile = "links.json"
	// HiccupSeries are the parts of the series next to it.
	HiccupSeries entries.File = "hiccups.*.jsonl"
)

// Record is cluster/timing.json.
type Record struct {
	Version int `json:"version"`
	// Reference is the party whose clock all others are measured against.
	Reference string    `json:"reference"`
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended,omitzero"`
	// Links are ordered pairs of parties. What was not measured is there with a reason.
	Links  []Link  `json:"links,omitempty"`
	Nodes  []Node  `json:"nodes,omitempty"`
	Rounds []Round `json:"rounds,omitempty"`
	// Limits are the thresholds for links and clocks; those of a probe stand next to it.
	Limits []Limit `json:"thresholds,omitempty"`
	// Notes say what was not measured and why, for people.
	Notes []string `json:"notes,omitempty"`
}

// Transport is what exchanges travelled by.
type Transport string

const (
	UDP  Transport = "udp"
	TCP  Transport = "tcp"
	HTTP Transport = "http" // through the agent's own connection: TLS and its queues are part of the round trip
)

// When is the part of the capture an exchange belongs to.
type When string

const (
	Before When = "before"
	During When = "during"
	After  When = "after"
)

// Link is what From measured of To.
type Link struct {
	From      string    `json:"from"`
	To        string    `json:"to"`
	Transport Transport `json:"transport,omitempty"`
	// Clock is To's clock against From's by the exchanges of all phases; nil: not known.
	Clock  *Clock  `json:"clock,omitempty"`
	Phases []Phase `json:"phases,omitempty"`
	// Ports are those of clusters that From listens on itself, as it found them at To.
	Ports []Port `json:"ports,omitempty"`
	// Path is how large packets may be from From to To; nil: not known.
	Path *Path `json:"path,omitempty"`
	// Failure is why there is nothing, or not all.
	Failure string `json:"failure,omitempty"`
}

// Path is how large packets may be from one node to another, in bytes with all headers of IP and above.
type Path struct {
	// MTU is what From's kernel takes for it: that of its interface or route, or what a router told. Packets above 9216 bytes are not tried.
	MTU int `json:"mtu"`
	// Carried is the largest packet tried that arrived uncut. Less than MTU: larger ones vanish, and nobody tells the sender.
	Carried int `json:"carried"`
}

// Phase is the exchanges of one part of the capture.
type Phase struct {
	When When `json:"phase"`
	Measured
}

// Measured sums up a run of exchanges.
type Measured struct {
	Transport Transport `json:"transport"`
	// Started and Ended are on From's clock.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	// Count is how many were sent, Lost how many of them got no answer. A transport that
	// repeats what got lost (TCP, HTTP) shows it as a long round trip instead.
	Count int `json:"count"`
	Lost  int `json:"lost"`
	// Refused is answers that cannot be: the clock was set while they travelled.
	Refused int    `json:"refused,omitempty"`
	RTT     Spread `json:"rtt"`
	// JitterMS is the mean difference between one round trip and the next.
	JitterMS float64 `json:"jitter_ms"`
	Clock    *Clock  `json:"clock,omitempty"`
	// Queue tells the directions apart; nil: too few exchanges.
	Queue *Queue `json:"queue,omitempty"`
	// Points are the best exchanges of equal parts of the time, for the offset over time.
	Points []Point `json:"points,omitempty"`
}

// LossPercent is the share of exchanges without an answer, 0 to 100.
func (m Measured) LossPercent() float64 {
	if m.Count == 0 {
		return 0
	}
	return 100 * float64(m.Lost) / float64(m.Count)
}

// Spread is a distribution, in milliseconds.
type Spread struct {
	Count int64   `json:"count"`
	Min   float64 `json:"min_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// Queue is how long messages waited on each way beyond the fastest of their kind.
// It is all that two clocks alone can tell about the directions: a constant
// difference of the two ways looks like an offset of the clocks, and is inside
// the error bound. Three parties can tell more, see analyze/timing.
type Queue struct {
	// There is from From to To.
	ThereP90 float64 `json:"there_p90_ms"`
	BackP90  float64 `json:"back_p90_ms"`
}

// Point is one exchange: To's clock was ahead by OffsetMS, give or take RTTMS/2.
type Point struct {
	At       time.Time `json:"at"` // From's clock
	OffsetMS float64   `json:"offset_ms"`
	RTTMS    float64   `json:"rtt_ms"`
}

// Clock is one clock against another. At time t it was ahead by
// OffsetMS + DriftPPM*(t-At)/1000s, see Offset.
type Clock struct {
	At       time.Time `json:"at"` // the other clock
	OffsetMS float64   `json:"offset_ms"`
	// ErrorMS is the bound of the error at At: half the smallest round trip, and what
	// the drift's error may have added since then.
	ErrorMS  float64 `json:"error_ms"`
	DriftPPM float64 `json:"drift_ppm"`
	// DriftErrorPPM bounds the drift while the ways stay as they are.
	DriftErrorPPM float64 `json:"drift_error_ppm"`
	// Since and Until is the time between two steps in which this holds; zero: unbounded.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Steps []Step    `json:"steps,omitempty"`
}

// Offset returns by how much the clock was ahead at t, and the bound of the error,
// both in milliseconds.
func (c Clock) Offset(t time.Time) (offset, bound float64) {
	s := t.Sub(c.At).Seconds()
	return c.OffsetMS + c.DriftPPM*s/1000, c.ErrorMS + c.DriftErrorPPM*max(s, -s)/1000
}

// Step is a jump of one of two clocks, or a change of the route that looks like one.
type Step struct {
	// After and Before are the exchanges between which it happened.
	After  time.Time `json:"after"`
	Before time.Time `json:"before"`
	// ByMS is how much the offset changed, give or take ErrorMS.
	ByMS    float64 `json:"by_ms"`
	ErrorMS float64 `json:"error_ms"`
	// Certain: a clock was set. Either it said so itself, or no split of the round
	// trips between the ways explains it.
	Certain bool `json:"certain"`
	// Whose clock was set: "from", "to", or empty where only the difference is known.
	Whose string `json:"whose,omitempty"`
}

// Round is one dump round over all nodes.
type Round struct {
	Number int       `json:"number"`
	Due    time.Time `json:"due"`
	Starts []Start   `json:"starts,omitempty"`
	// SkewMS is last start minus first; the truth is within SkewErrorMS of it.
	SkewMS      float64 `json:"skew_ms"`
	SkewErrorMS float64 `json:"skew_error_ms"`
}

// Start is when a node began a round, on the reference clock.
type Start struct {
	Node    string    `json:"node"`
	At      time.Time `json:"at"`
	ErrorMS float64   `json:"error_ms"`
	// LateMS is At minus the round's due time.
	LateMS float64 `json:"late_ms"`
}

// Measure fills in what follows from the starts.
func (r *Round) Measure() {
	var first, last *Start
	for i := range r.Starts {
		s := &r.Starts[i]
		s.LateMS = s.At.Sub(r.Due).Seconds() * 1000
		if first == nil || s.At.Before(first.At) {
			first = s
		}
		if last == nil || s.At.After(last.At) {
			last = s
		}
	}
	r.SkewMS, r.SkewErrorMS = 0, 0
	if first != last {
		r.SkewMS = last.At.Sub(first.At).Seconds() * 1000
		for _, s := range r.Starts {
			r.SkewErrorMS = max(r.SkewErrorMS, s.ErrorMS)
		}
		r.SkewErrorMS *= 2
	}
}

// Columns of a hiccup series, each of the time since the sample before.
const (
	HiccupMax   = "hiccup.max_ms"
	HiccupP99   = "hiccup.p99_ms"
	HiccupP50   = "hiccup.p50_ms"
	HiccupStall = "hiccup.stalled_ms"
	HiccupStep  = "hiccup.step_ms"
)
