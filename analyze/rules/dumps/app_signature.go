package dumps

import (
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/signatures"
	"casefile/analyze/threads"
)

var (
	signatureShare = analyze.NewLimit(
		0.10,
		"1",
		"request-thread time beneath a known method",
		"thread dump analysers' mark of congestion",
	)
)

var appSignature = &analyze.Rule{
	Lasts:  true,
	ID:     ids.AppSignature,
	Doc:    "Threads do what a known problem of a product makes them do, or its logs say so.",
	Needs:  needsDumps(2) + "; or application logs",
	Fix:    "As the known problem asks: the finding says it.",
	After:  append([]string{ids.StuckThread}, plainWaits...),
	Limits: []analyze.Threshold{signatureShare, finalizerShare, contentionDumps, views.LogRecent},
	Run:    findSignatures,
}

// plainWaits are findings about waits of any kind.
var plainWaits = []string{ids.UnexplainedWait, ids.EventLoopBlocked}

// findSignatures looks at dumps and at logs: what both show is one finding.
func findSignatures(p *analyze.Pass) error {
	known, err := signatures.All()
	if err != nil {
		return err
	}
	known = slices.DeleteFunc(slices.Clone(known), func(s *signatures.Signature) bool { return s.Rule != "" })
	inLogs := logSightings(p, known)
	inDumps := analyze.Each(dumpedJVMs, func(pass *analyze.Pass, v *view) []analyze.Finding {
		found := judgeSignatures(pass, v, known)
		for i := range found {
			inLogs = joinLogs(&found[i], v, inLogs)
		}
		if len(v.found(pass, ids.StuckThread)) > 0 { // which shows the reports of Tomcat next to the stacks
			inLogs = slices.DeleteFunc(
				inLogs,
				func(l *logSighting) bool { return l.sig.ID == signatures.TomcatStuckThread && l.jvm == v.JVM },
			)
		}
		return found
	})
	if err := inDumps(p); err != nil {
		return err
	}
	for _, l := range inLogs {
		p.Report(l.finding(p))
	}
	return nil
}

// joinLogs takes the log lines that say what a finding from dumps says.
func joinLogs(f *analyze.Finding, v *view, inLogs []*logSighting) []*logSighting {
	id := accountOf(f).signature
	i := slices.IndexFunc(inLogs, func(l *logSighting) bool { return l.sig.ID == id && l.jvm == v.JVM })
	if i < 0 {
		return inLogs
	}
	f.Evidence = append(f.Evidence[:min(len(f.Evidence), cite.Most-1)], inLogs[i].cite(1)...)
	return slices.Delete(inLogs, i, i+1)
}

// dumpedJVMs leaves out Go services: no signature is of one.
func dumpedJVMs(p *analyze.Pass) (jvms []*view) {
	for _, v := range processes.Of(p) {
		if v.Dumps() >= 2 && v.JVM != nil {
			p.Evaluated()
			jvms = append(jvms, v)
		}
	}
	return jvms
}

// shown gives the threads that show each of the signatures. Threads on one stack that wait alike show the same.
func (v *view) shown(known []*signatures.Signature) [][]views.Sighting {
	type alike struct {
		stack *threads.Stack
		state threads.State
		kind  threads.WaitKind
		idle  bool
	}
	out := make([][]views.Sighting, len(known))
	of := map[alike][]int{}
	for dump, d := range v.Series.Dumps {
		for _, t := range d.Threads {
			w := v.Series.Wait(t)
			k := alike{t.Stack, t.State, w.Kind, w.Idle}
			which, seen := of[k]
			for i, sig := range known {
				if sig.InDumps() && (sig.ByName() || !seen) && sig.Shows(t, w) {
					if sig.ByName() {
						out[i] = append(out[i], views.Sighting{Dump: dump, Thread: t})
						continue
					}
					which = append(which, i)
				}
			}
			of[k] = which
			for _, i := range which {
				out[i] = append(out[i], views.Sighting{Dump: dump, Thread: t})
			}
		}
	}
	return out
}

// judgeSignatures looks for known problems in the dumps of a JVM.
func judgeSignatures(pass *analyze.Pass, v *view, known []*signatures.Signature) []analyze.Finding {
	var out []analyze.Finding
	shown := v.shown(known)
	for i, sig := range known {
		if !sig.InDumps() {
			continue
		}
		list := shown[i]
		dumps := v.AtLeast(list, max(1, sig.Many))
		if dumps < contentionDumps.Value {
			continue
		}
		lost := v.LossOf(list)
		// A background thread is at work all the time, or is not worth a word.
		always := sig.Background && float64(dumps) >= finalizerShare.Value*float64(v.Dumps())
		if !(lost.Requests && lost.Share >= signatureShare.Value) && !always {
			continue
		}
		f := v.signatureProblem(sig, list, lost)
		if sig.Plain {
			f.Because = explainers(v.found(pass, plainWaits...), list)
		}
		out = append(out, f)
	}
	return out
}

// explainers are the rules whose findings are about half or more of some threads.
func explainers(found []*analyze.Finding, list []views.Sighting) (out []string) {
	for _, f := range found {
		of := explained(f)
		n := 0
		for _, s := range list {
			if of[s.Thread] {
				n++
			}
		}
		if n > 0 && 2*n >= len(list) {
			out = append(out, f.ID)
		}
	}
	return out
}

func (v *view) signatureProblem(sig *signatures.Signature, list []views.Sighting, lost views.Loss) analyze.Finding {
	p := problem{account: account{sightings: list, signature: sig.ID}}
	p.Severity, p.Confidence = analyze.Severity(sig.Severity), analyze.High
	p.Weight = lost.Weight()
	if !lost.Requests {
		p.Weight /= 2 // what it costs is told by the other findings
	}
	peak := v.Peak(list)
	are := "are"
	if len(peak) == 1 {
		are = "is"
	}
	p.Say("%s %s %s", v.Crowd(peak).Capital(), are, sig.Title)
	if at := v.whereAll(list); at != "" && len(threads.Calls(list[0].Thread.Stack.Frames)) > 0 {
		p.Add(", %s", at)
	}
	p.Impact = lost.Impact()
	p.Explanation = strings.TrimSpace(sig.Explanation)
	p.Evidence = v.signatureEvidence(sig, list)
	p.Advice, p.References = sig.Todo(), sig.References
	return p.finding()
}

// signatureEvidence names the frame that is the mark.
func (v *view) signatureEvidence(sig *signatures.Signature, list []views.Sighting) []analyze.Evidence {
	var out []analyze.Evidence
	for _, s := range list {
		if len(out) == cite.Most {
			break
		}
		text := v.Doing(s.Thread)
		if f := markOf(sig, s.Thread); f != nil {
			text = "is in " + f.Func
		}
		out = append(out, v.Cite(s.Dump, s.Thread, text))
	}
	return out
}

func markOf(sig *signatures.Signature, t *threads.Thread) *threads.Frame {
	for _, f := range t.Stack.Frames {
		if sig.MatchFrame(f.Func) {
			return f
		}
	}
	return nil
}
