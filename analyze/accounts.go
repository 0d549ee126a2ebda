package analyze

import (
	"casefile/analyze/gc"
	"casefile/analyze/loss"
	"casefile/analyze/threads"
)

// accounts are the accounts of lost time of the processes of the case, each made once a run.
var accounts = NewMemo(func(p *Pass) map[*threads.Series]*loss.Account { return map[*threads.Series]*loss.Account{} })

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
