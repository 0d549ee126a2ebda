package dumps

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/views"
	"casefile/analyze/threads"
	"casefile/analyze/waits"
)

// view is one process with its series of dumps, as the rules of this wing look at it.
type view struct {
	*views.Process
	graph *waits.Graph // nil: nothing tells more than the dumps
	locks []*contended // once asked for
}

// processes are those of the case that have thread dumps.
var processes = analyze.NewMemo(func(p *analyze.Pass) (all []*view) {
	for _, base := range views.Processes.Of(p) {
		all = append(all, &view{Process: base, graph: analyze.WaitsOf(p)})
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
		claimed := claimedOf(f)
		if len(out) == 0 {
			out = make(map[*threads.Thread]bool, len(claimed))
		}
		for _, t := range claimed {
			out[t] = true
		}
	}
	return out
}

// claimedOf are the threads of a finding of any wing.
func claimedOf(f *analyze.Finding) []*threads.Thread {
	if c, ok := f.Detail.(analyze.Claimer); ok {
		return c.Claimed()
	}
	return nil
}

// chained are the rules about waits through a database or another node: they say of threads that wait for an answer why
// it does not come.
var chained = []string{ids.DistributedDeadlock, ids.DBLockWait, ids.SlowStatement}

// behindChains are those of which a finding about a pool, a lock or a call is a mere consequence.
var behindChains = append([]string{ids.IdleInTransaction}, chained...)

// explainedByChain are the threads of which a chain says at warning or above why they wait.
func (v *view) explainedByChain(pass *analyze.Pass) map[*threads.Thread]bool {
	var worth []*analyze.Finding
	for _, f := range v.found(pass, chained...) {
		if f.Severity.AtLeast(analyze.Warning) {
			worth = append(worth, f)
		}
	}
	return explained(worth...)
}

// chainOf is the finding at warning or above about a chain of waits that explains half or more of the threads of
// another one; nil: none does.
func (v *view) chainOf(pass *analyze.Pass, f *analyze.Finding) *analyze.Finding {
	own := claimedOf(f)
	for _, c := range v.found(pass, behindChains...) {
		if !c.Severity.AtLeast(analyze.Warning) {
			continue
		}
		of, n := explained(c), 0
		for _, t := range own {
			if of[t] {
				n++
			}
		}
		if n > 0 && 2*n >= len(own) {
			return c
		}
	}
	return nil
}

// needsDumps says how to record what a thread rule needs.
func needsDumps(n int) string {
	if n <= 1 {
		return "a thread dump: casefile collect"
	}
	return fmt.Sprintf("at least %d thread dumps some seconds apart: casefile collect --dumps 6", n)
}
