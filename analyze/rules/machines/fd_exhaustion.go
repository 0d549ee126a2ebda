package machines

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
)

var (
	fdWarn     = analyze.NewLimit(0.70, "1", "file descriptors in use: warning", "Atlassian: good below 70 %")
	fdCritical = analyze.NewLimit(0.90, "1", "file descriptors in use: critical", "Atlassian: bad from 90 % on")
)

var fdExhaustion = &analyze.Rule{
	ID:     ids.FDExhaustion,
	Doc:    "A process, or the whole system, has nearly as many files and sockets open as it may have.",
	Needs:  "the open files of the process over time: casefile collect as root or as the process's user, on Linux",
	Fix:    "Close what is opened; then raise the limit.",
	Limits: []analyze.Threshold{fdWarn, fdCritical, views.SpanLeast},
	Run:    analyze.Sequence(analyze.Each(watched, judgeFiles), analyze.Each(machines, judgeSystemFiles)),
}

// watchedProcess is one process with its figures over time.
type watchedProcess struct {
	analyze.Subject
	*series.Series
	entry string // that the series begins in; empty: not known
	pid   int    // 0: not known
}

// About names the process.
func (w *watchedProcess) About() analyze.Subject { return w.Subject }

// watched are the JVMs and services whose figures were captured.
func watched(p *analyze.Pass) (all []*watchedProcess) {
	for _, n := range p.Nodes {
		all = append(all, watchedOn(n)...)
	}
	return all
}

func watchedOn(n *analyze.Node) (all []*watchedProcess) {
	add := func(subject, entry string, pid int, s *series.Series) {
		if s != nil {
			all = append(all, &watchedProcess{analyze.Subject{Node: n.Name, Name: subject}, s, entry, pid})
		}
	}
	for _, j := range n.JVMs {
		add(j.Subject(), j.ProcessSource, j.PID, j.Process)
	}
	for _, s := range n.Services {
		add(s.Target, s.ProcessSource, s.PID, s.Process)
	}
	return all
}

// judgeFiles compares the open files of a process with their limit.
func judgeFiles(pass *analyze.Pass, s *watchedProcess) []analyze.Finding {
	subject, source := s.Name, s.entry
	open, ok1 := s.Last(entries.OpenFiles)
	limit, ok2 := s.Last(entries.FileLimit)
	if !ok1 || !ok2 || limit <= 0 {
		return nil
	}
	pass.Evaluated()
	most, _ := s.Max(entries.OpenFiles)
	share := most / limit
	if share < fdWarn.Value {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: min(1, share)}
	if share >= fdCritical.Value {
		f.Severity = analyze.Critical
	}
	grown, over, _ := s.Delta(entries.OpenFiles)
	f.Say("%s has %s of %s files and sockets open (%s)", say.Target(subject), say.Amount("open", most, "files"),
		say.Amount("limit", limit, "files"), say.Share("used_share", share))
	f.Impact = fmt.Sprintf("%s more, and nothing can be opened: no connection accepted, no file read", say.Number(limit-open))
	switch rate := grown / max(over.Seconds(), 1); {
	case grown >= 5 && over >= views.SpanLeast.Value:
		in := time.Duration((limit - open) / rate * float64(time.Second))
		f.Add("; at %s more a minute none are left in %s", say.Amount("growth", rate*60, "files/min"), say.Time("full_in", in))
		f.Explanation = "The number grows, so something opens files or sockets and does not close them. "
	default:
		f.Explanation = "The number did not grow during the capture: either a limit too low for the load, or a " +
			"leak that went on before. "
	}
	f.Explanation += "When the limit is reached, accept and open fail with \"Too many open files\", and a Java " +
		"program often cannot even load a class any more."
	last := lastRow(s.Series, entries.OpenFiles)
	f.Evidence = []analyze.Evidence{
		{Entry: source, Lines: last, Text: fmt.Sprintf(entries.OpenFiles+" %.0f, "+entries.FileLimit+" %.0f", open, limit)},
	}
	if source == "" {
		f.Evidence = []analyze.Evidence{
			{Entry: "the process series of " + subject, Text: fmt.Sprintf(entries.OpenFiles+" %.0f, "+entries.FileLimit+" %.0f", open, limit)},
		}
	}
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("See what they are: ls -l /proc/%d/fd, grouped by target. Many sockets to one peer "+
			"are a client that is not closed, many equal files a stream that is not.", s.pid),
		Effect: "Names the code that opens them.", Risk: "None.", Verify: "The number stays level under load.",
	}, {
		Action: "Raise the limit; it takes a restart of the process.", Setting: "LimitNOFILE (systemd), nofile " +
			"(limits.conf), --ulimit nofile (container)",
		From: fmt.Sprintf("%.0f", limit), To: fmt.Sprintf("%.0f", max(65536, 4*limit)),
		Effect: "Room for the load, and with a leak only time.", Risk: "Hardly any: some kilobytes of the kernel " +
			"for each open file.", Rollback: "The old limit.",
		Verify: "\"Max open files\" in /proc/PID/limits after the restart, and less than 70 % of it in use.",
	}}
	f.References = []string{"Atlassian: open files good below 70 % of the limit, bad from 90 % on"}
	return []analyze.Finding{f}
}

// lastRow is the line of the newest change of a column, as far as it can be told: the header is line 1.
func lastRow(s *series.Series, name string) string {
	col := s.Values(name)
	if s.Skipped > 0 || len(col) == 0 {
		return ""
	}
	i := len(col) - 1
	for i > 0 && col[i-1] == col[i] {
		i--
	}
	return analyze.Lines(i+2, i+2)
}

// judgeSystemFiles looks at the limit of the whole kernel.
func judgeSystemFiles(pass *analyze.Pass, v *hostView) []analyze.Finding {
	if !v.Files.UsedPercent.Known() {
		return nil
	}
	pass.Evaluated()
	files := v.Files
	share := files.UsedPercent.Value / 100
	if share < fdWarn.Value {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: min(1, share)}
	if share >= fdCritical.Value {
		f.Severity = analyze.Critical
	}
	f.Say("The machine has %s of %s possible files open (%s)", say.Amount("open", files.Allocated.Value, "files"),
		say.Amount("limit", files.Max.Value, "files"), say.Share("used_share", share))
	f.Impact = "at the limit nothing on this machine can open a file or a connection"
	f.Explanation = "This is the limit of the whole kernel, not of one process."
	f.Evidence = cite.Known(cite.Ref(files.Allocated.Ref, f.Title))
	f.Advice = []analyze.Advice{{
		Action:   "Find the process with most of them (ls /proc/*/fd), and raise the limit if the load needs it.",
		Setting:  "fs.file-max",
		From:     fmt.Sprintf("%.0f", files.Max.Value),
		To:       fmt.Sprintf("%.0f", 4*files.Max.Value),
		Effect:   "Room.",
		Risk:     "About 1 KB of memory for each open file.",
		Rollback: "sysctl with the old value.",
		Verify:   "/proc/sys/fs/file-nr.",
	}}
	return []analyze.Finding{f}
}
