package dumps

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/rules/views"
	"casefile/analyze/threads"
)

// view is one process with its series of dumps, as the rules of this wing look at it.
type view struct {
	*views.Process
	locks []*contended // once asked for
}

// processes are those of the case that have thread dumps.
var processes = analyze.NewMemo(func(p *analyze.Pass) (all []*view) {
	for _, base := range views.Processes.Of(p) {
		all = append(all, &view{Process: base})
	}
	return all
})

// dumped gives the processes with so many dumps or more.
func dumped(least int) func(*analyze.Pass) []*view {
	return func(p *analyze.Pass) (enough []*view) {
		for _, v := range processes.Of(p) {
			if v.Dumps() >= least {
				p.Evaluated()
				enough = append(enough, v)
			}
		}
		return enough
	}
}

// problem is a finding in the making, with the threads it explains.
type problem struct {
	analyze.Finding
	account
}

// account is the detail of a finding about threads.
type account struct {
	sightings []views.Sighting
	signature string // of app-signature
	moves     bool   // the threads come back from what it explains: of waits
	mayBeIdle bool   // the threads may as well wait for work: of waits
}

// finding hands the threads on with the finding.
func (p *problem) finding() analyze.Finding {
	p.Detail = &p.account
	return p.Finding
}

// accountOf gives the threads of a finding of this wing.
func accountOf(f *analyze.Finding) *account {
	a, _ := f.Detail.(*account)
	if a == nil {
		return &account{}
	}
	return a
}

// found gives what earlier rules found about the process.
func (v *view) found(pass *analyze.Pass, ids ...string) (all []*analyze.Finding) {
	for _, id := range ids {
		all = append(all, pass.Found(id, v.About())...)
	}
	return all
}

// explained collects the threads of findings.
func explained(findings ...*analyze.Finding) map[*threads.Thread]bool {
	out := map[*threads.Thread]bool{}
	for _, f := range findings {
		for _, s := range accountOf(f).sightings {
			out[s.Thread] = true
		}
	}
	return out
}

// needsDumps says how to record what a thread rule needs.
func needsDumps(n int) string {
	if n <= 1 {
		return "a thread dump: casefile collect"
	}
	return fmt.Sprintf("at least %d thread dumps some seconds apart: casefile collect --dumps 6", n)
}
