package analyze

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze/say"
)

// Severity orders findings. Warning and above must be true and worth a change.
type Severity string

const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

var severityRank = map[Severity]int{Critical: 3, Warning: 2, Info: 1}

// AtLeast reports whether s is as severe as other or more.
func (s Severity) AtLeast(other Severity) bool { return severityRank[s] >= severityRank[other] }

// ParseSeverity reads the value of --fail-on.
func ParseSeverity(text string) (Severity, error) {
	if _, known := severityRank[Severity(text)]; !known {
		return "", fmt.Errorf("severity %q: want critical, warning or info", text)
	}
	return Severity(text), nil
}

// Confidence says how sure a rule is that its finding holds.
type Confidence string

const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

// Finding is one true statement about the case, with what it rests on and what to do.
type Finding struct {
	ID         string     `json:"id"`
	Severity   Severity   `json:"severity"`
	Confidence Confidence `json:"confidence"`
	// Title is one sentence with the names and numbers that matter, see [Finding.Say].
	Title string `json:"title"`
	// Explanation says in a few sentences what happens and why it hurts.
	Explanation string     `json:"explanation,omitempty"`
	Nodes       []string   `json:"nodes"`
	Subject     string     `json:"subject,omitempty"`
	Impact      string     `json:"impact,omitempty"`
	Evidence    []Evidence `json:"evidence"`
	Advice      []Advice   `json:"advice"`
	References  []string   `json:"references,omitempty"`

	// Figures are the numbers of the title, for programs.
	Figures []say.Figure `json:"figures"`

	// About names what of the program the finding is about, in short: methods, classes of
	// locks. Two findings of one process that share a name may be one problem seen twice.
	About []string `json:"-"`

	// Chain is who waits for whom in one line, where the finding is about a chain of waits.
	Chain string `json:"chain,omitempty"`

	// Processes are those that the finding is about where they are several, or not all called Subject.
	Processes []Subject `json:"-"`

	// Because are rules, next to [Rule.ExplainedBy], whose finding about the same process explains what this one measured.
	Because []string `json:"-"`

	// Detail is what later rules of the same wing want to know of it.
	Detail any `json:"-"`

	// ConsequenceOf is the number, from 1, of the finding in [Result.Findings] that this one follows from: curing that
	// one cures it. 0: it stands for itself.
	ConsequenceOf int `json:"consequence_of,omitempty"`

	serials []int  // of the findings that are told as this one, see link
	cause   int    // serial of what it follows from; 0: nothing
	source  string // what of the subject was judged, see Subject
	pattern string // what the title says without its figures
	alone   bool   // never one with the finding of another node, see Rule.Compares

	// Weight orders findings of one severity: the share of the service's time or
	// capacity that the problem takes, 0 to 1.
	Weight float64 `json:"weight"`
}

// Say makes the title, as fmt.Sprintf does, of words, phrases and figures; the figures are kept next to it.
func (f *Finding) Say(format string, args ...any) {
	f.Title, f.pattern, f.Figures = "", "", nil
	f.Add(format, args...)
}

// Add goes on with the title.
func (f *Finding) Add(format string, args ...any) {
	p := say.Text(format, args...)
	f.Title, f.pattern, f.Figures = f.Title+p.String(), f.pattern+p.Pattern(), append(f.Figures, p.Figures()...)
}

// Evidence points into the bundle: an entry, lines of it ("120-164", "12"; empty for
// the whole), and what stands there, in short.
type Evidence struct {
	Entry string `json:"entry"`
	Lines string `json:"lines,omitempty"`
	Text  string `json:"text"`
}

// Lines names a range of lines.
func Lines(from, to int) string {
	switch {
	case from <= 0:
		return ""
	case to <= from:
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

// NotSet is what [Advice.To] says of an option that is to go.
const NotSet = "not set"

// Advice is one thing to do, with what it changes, what it costs and how to tell
// that it worked.
type Advice struct {
	Action   string `json:"action"`
	Setting  string `json:"setting,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Effect   string `json:"effect,omitempty"`
	Risk     string `json:"risk,omitempty"`
	Rollback string `json:"rollback,omitempty"`
	Verify   string `json:"verify,omitempty"`
	// Alternative: instead of an advice before it, not next to it.
	Alternative bool `json:"alternative,omitempty"`
}

// NotEvaluated is a rule that lacked what it needs, and what to record for it.
type NotEvaluated struct {
	ID    string `json:"id"`
	Needs string `json:"needs"`
	// Near: the input has what the rule looks at, and with a little more of it the rule could have told.
	Near bool `json:"near,omitempty"`
}

// nearFirst orders what could not be evaluated: first what lacked but a little.
func nearFirst(a, b NotEvaluated) int {
	switch {
	case a.Near == b.Near:
		return 0
	case a.Near:
		return -1
	}
	return 1
}

// order puts what hurts most first.
func order(list []Finding) {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(severityRank[b.Severity], severityRank[a.Severity]),
			cmp.Compare(b.Weight, a.Weight),
			cmp.Compare(a.ID, b.ID),
		)
	})
}
