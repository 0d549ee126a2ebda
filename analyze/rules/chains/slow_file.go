package chains

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
	"casefile/analyze/waits"
)

var (
	fileShare = analyze.NewLimit(0.10, "1", "request-thread time in reads, writes and syncs of one file system: a note",
		"thread dump analysers' mark of congestion")
	fileThreads = analyze.NewLimit(3, "threads", "at the files of one file system, on average over the dumps", "own judgement: two may meet by chance")
)

var slowFile = &analyze.Rule{
	ID: ids.SlowFile,
	Doc: "Much request-thread time goes to reads, writes or syncs of files on one file system: names the file system, the " +
		"files and the calls.",
	Needs:       "the system calls of threads at the moments of the dumps: casefile as the same user as the JVM, or with CAP_SYS_PTRACE",
	Fix:         "Find out why the file system is slow; sync less often, or keep the files elsewhere.",
	ExplainedBy: []string{ids.DiskSaturated, ids.DiskFull, ids.MemorySwapping},
	Limits:      []analyze.Threshold{chainCritical, chainShare, chainRounds, fileShare, fileThreads},
	Run:         analyze.Each(joined(false), judgeFiles),
}

// judgeFiles looks at each file system at whose files request threads are met.
func judgeFiles(_ *analyze.Pass, c *chains) (out []analyze.Finding) {
	for _, s := range c.Files() {
		lost := c.costOf(s.Standing)
		if !lost.Requests || lost.Share < fileShare.Value || rounds(s.Standing) < chainRounds.Value ||
			len(s.Standing) < fileThreads.Value*rounds(s.Standing) {
			continue
		}
		out = append(out, c.fileProblem(s, lost))
	}
	return out
}

func (c *chains) fileProblem(s *waits.Stored, lost cost) (f analyze.Finding) {
	f.Severity, f.Weight, f.Confidence = lost.Loss.Severity(chainCritical.Value), lost.Weight(), analyze.High
	if lost.Share < chainShare.Value {
		f.Severity = analyze.Info
	}
	call, file := most(s.Calls), most(s.Paths)
	f.About = []string{s.File}
	f.Say("%s wait for the file system %s, most in %s of %s", waits.Crowd(s.Standing), say.As(s.File, s.File), say.As(call, call), say.As(file, "<file>"))
	crowd := waits.Crowd(s.Standing).String()
	chain := []waits.Link{{Kind: waits.OfThread, Name: crowd}, {Kind: waits.OfFile, Name: "file system " + s.File, Sub: call + " of " + file}}
	f.Chain = waits.Line(chain)
	f.Detail = &account{claimed: threadsOf(s.Standing), chain: chain}
	f.Impact = lost.impact
	f.Explanation = fmt.Sprintf("The threads were in the same call before and after each dump: %s. A healthy disk answers in a few milliseconds, so "+
		"that hardly any thread is met there.", calls(s.Calls))
	last := s.Standing[len(s.Standing)-1]
	var cites []waits.Cite
	for _, at := range waits.Peak(s.Standing)[:min(2, len(waits.Peak(s.Standing)))] {
		cites = append(cites, citeCall(at), c.citeThread(at.Process, at.Dump, at.Thread))
	}
	f.Evidence = evidenceOf(append(cites, citeCall(last))...)
	f.Advice = adviseFile(s, call, file)
	f.References = []string{"Linux: fsync(2); iostat(1)"}
	place(&f, processesOf(s.Standing))
	return f
}

// most is the name that is counted most often.
func most(counts map[string]int) (best string) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if best == "" || counts[name] > counts[best] {
			best = name
		}
	}
	return best
}

// calls lists system calls by how often they were seen.
func calls(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	var words []string
	for _, n := range names {
		words = append(words, fmt.Sprintf("%s (%d)", n, counts[n]))
	}
	return say.List(words)
}

func adviseFile(s *waits.Stored, call, file string) []analyze.Advice {
	verify := "Collect again under the same load: fewer threads are met in " + call + "."
	out := []analyze.Advice{{
		Action: fmt.Sprintf("Measure %s on the node: iostat -x 1 (await, %%util), and for a network file system its server. Look who else writes there.", s.File),
		Effect: "Shows whether the device, the way to it or its load is slow.", Risk: "None.", Verify: verify,
	}}
	if call == "fsync" || call == "fdatasync" || call == "msync" {
		return append(out, analyze.Advice{
			Action: fmt.Sprintf("Sync %s once for several changes, where its program can group them, or keep it on a device with a write cache that "+
				"survives a loss of power.", file),
			Effect: "Fewer waits for the device.", Risk: "What is grouped is lost together.", Verify: verify,
		})
	}
	return append(out, analyze.Advice{
		Action: fmt.Sprintf("Keep %s on a local, fast device, or read it once and keep it in memory.", file),
		Effect: "Requests no longer wait for the device.", Risk: codeChange, Verify: verify,
	})
}
