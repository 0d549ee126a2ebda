package rules

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/rules/signatures"
	"casefile/analyze/threads"
)

func appSignature(vs *views) *analyze.Rule {
	return &analyze.Rule{
		ID:    "app-signature",
		Doc:   "Threads do what a known problem of a product makes them do, or its logs say so.",
		Needs: needsDumps(2) + "; or application logs",
		Run: func(p *analyze.Pass) error {
			known, err := signatures.All()
			if err != nil {
				return err
			}
			inLogs := logSightings(p, known)
			for _, v := range vs.of(p) {
				if v.dumps() < 2 || v.jvm == nil {
					continue
				}
				p.Evaluated()
				for _, f := range v.judged("app-signature", func(v *view) []problem { return judgeSignatures(v, known) }) {
					if i := slices.IndexFunc(inLogs, func(l *logSighting) bool { return l.sig.ID == f.signature && l.jvm == v.jvm }); i >= 0 {
						f.Evidence = append(f.Evidence[:min(len(f.Evidence), maxEvidence-1)], inLogs[i].cite(1)...)
						inLogs = slices.Delete(inLogs, i, i+1)
					}
					p.Report(f.Finding)
				}
				if stuck := v.judged("stuck-thread", judgeStuck); len(stuck) > 0 { // which shows the reports of Tomcat beside the stacks
					inLogs = slices.DeleteFunc(inLogs, func(l *logSighting) bool { return l.sig.ID == "tomcat-stuck-thread" && l.jvm == v.jvm })
				}
			}
			for _, l := range inLogs {
				p.Report(l.finding(p))
			}
			return nil
		},
	}
}

func judgeSignatures(v *view, known []*signatures.Signature) []problem {
	var out []problem
	for _, sig := range known {
		if !sig.InDumps() {
			continue
		}
		list := v.sightings(sig.Shows)
		dumps := v.atLeast(list, max(1, sig.Many))
		if dumps < v.limits.ContentionDumps {
			continue
		}
		lost := v.lossOf(list)
		// A background thread is at work all the time, or is not worth a word.
		always := sig.Background && float64(dumps) >= v.limits.FinalizerShare*float64(v.dumps())
		if !(lost.requests && lost.share >= v.limits.SignatureShare) && !always {
			continue
		}
		out = append(out, v.signatureProblem(sig, list, lost))
	}
	return out
}

func (v *view) signatureProblem(sig *signatures.Signature, list []sighting, lost loss) problem {
	p := problem{sightings: list, signature: sig.ID}
	p.Severity, p.Confidence = analyze.Severity(sig.Severity), analyze.High
	p.Weight = lost.weight()
	if !lost.requests {
		p.Weight /= 2 // what it costs is told by the other findings
	}
	peak := v.peak(list)
	are := "are"
	if len(peak) == 1 {
		are = "is"
	}
	p.Title = fmt.Sprintf("%s %s %s", sentence(v.crowd(peak)), are, sig.Title)
	p.Impact = lost.impact()
	p.Explanation = strings.TrimSpace(sig.Explanation)
	p.Evidence = v.signatureEvidence(sig, list)
	p.Advice, p.References = sig.Todo(), sig.References
	return p
}

// signatureEvidence names the frame that is the mark.
func (v *view) signatureEvidence(sig *signatures.Signature, list []sighting) []analyze.Evidence {
	var out []analyze.Evidence
	for _, s := range list {
		if len(out) == maxEvidence {
			break
		}
		text := v.doing(s.thread)
		if f := markOf(sig, s.thread); f != nil {
			text = "is in " + f.Func
		}
		out = append(out, v.cite(s.dump, s.thread, text))
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
