package analyze

import (
	"casefile/analyze/gc"
	"casefile/analyze/loss"
	"casefile/analyze/threads"
)

// accounts are the accounts of lost time of the processes of the case, each made once a run.
var accounts = NewMemo(func(*Pass) map[*threads.Series]*loss.Account { return map[*threads.Series]*loss.Account{} })

// AccountOf gives the account of lost time of a series of the case.
func AccountOf(p *Pass, s *threads.Series) *loss.Account {
	all := accounts.Of(p)
	if all[s] == nil {
		var logs []*gc.Log
		for _, j := range p.JVMs() {
			if j.Dumps == s {
				logs = j.GC
			}
		}
		all[s] = loss.New(s, logs)
	}
	return all[s]
}

// Claimer is the detail of a finding that explains the time of threads in dumps.
type Claimer interface{ Claimed() []*threads.Thread }

// lossOf states the account of each process with dumps, with what the findings claim of it; those that weigh most claim
// first.
func lossOf(p *Pass, findings []Finding, rules []*Rule) (out []*loss.Statement) {
	if p.Case == nil {
		return nil
	}
	kinds := map[string][]loss.Kind{}
	for _, r := range rules {
		kinds[r.ID] = r.Claims
	}
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			if j.Dumps != nil && len(j.Dumps.Dumps) > 0 {
				out = append(out, stated(AccountOf(p, j.Dumps), Subject{Node: n.Name, Name: j.Subject()}, findings, kinds))
			}
		}
		for _, s := range n.Services {
			if s.Goroutines != nil && len(s.Goroutines.Dumps) > 0 {
				out = append(out, stated(AccountOf(p, s.Goroutines), Subject{Node: n.Name, Name: s.Target}, findings, kinds))
			}
		}
	}
	return out
}

func stated(a *loss.Account, of Subject, findings []Finding, kinds map[string][]loss.Kind) *loss.Statement {
	for i := range findings {
		f := &findings[i]
		for _, s := range f.subjects() {
			if s.Node != of.Node || s.Name != of.Name && s.Name != "" {
				continue
			}
			var list []*threads.Thread
			if c, ok := f.Detail.(Claimer); ok {
				list = c.Claimed()
			}
			a.Claim(f.ID, list)
			a.ClaimKind(f.ID, kinds[f.ID]...)
			if f.Severity.AtLeast(Warning) {
				a.Fault(list, kinds[f.ID]...)
			}
		}
	}
	return a.State(of.Node, of.Name)
}
