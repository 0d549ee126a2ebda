package machines

import (
	"fmt"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	diskFreeWarn = analyze.NewLimit(int64(1<<30), "bytes", "free on a file system: warning", "an eighth of the "+
		"8192 MB that Atlassian wants")
	diskFreeCritical = analyze.NewLimit(
		int64(256<<20),
		"bytes",
		"free on a file system: critical",
		"own judgement: a busy log fills it within the hour",
	)
	diskFreeShare = analyze.NewLimit(0.05, "1", "free on a file system, of its size", "mke2fs keeps 5 % in reserve")
	inodesFree    = analyze.NewLimit(2.0, "%", "inodes free", "own judgement: a burst of small files takes them")
	diskSoon      = analyze.NewLimit(time.Hour, "", "until the file system is full at this rate", "the time to act")
)

var diskFull = &analyze.Rule{
	ID:    ids.DiskFull,
	Doc:   "A file system that is written to has nearly no room, or no inodes, left.",
	Needs: "the file systems of the machine: casefile collect on Linux",
	Fix:   "Remove what fills it, and watch it with an alarm.",
	Limits: []analyze.Threshold{
		diskFreeWarn, diskFreeCritical, diskFreeShare, inodesFree, diskSoon, views.SpanSure,
	},
	Run: analyze.Each(machines, judgeDisks),
}

// judgeDisks looks at the file systems that hold data: what is left, and for how long at the rate of the capture.
func judgeDisks(pass *analyze.Pass, v *hostView) (out []analyze.Finding) {
	for i := range v.FileSystems {
		fs := &v.FileSystems[i]
		if !fs.Real || fs.Error != "" || strings.HasPrefix(fs.Mount, "/boot") {
			continue
		}
		pass.Evaluated()
		if f, ok := v.diskFull(fs); ok {
			out = append(out, f)
		}
	}
	return out
}

// writtenPaths are options that name what a JVM writes, with what is lost when it cannot.
var writtenPaths = []struct{ prefix, what string }{
	{
		"-Xlog:",
		"GC log",
	}, {"-Xloggc:", "GC log"}, {"-XX:HeapDumpPath=", "heap dumps"}, {"-XX:ErrorFile=", "crash reports"},
	{"-Djava.io.tmpdir=", "temporary files"}, {"-Dcatalina.base=", "Tomcat's logs"}, {"-Dcatalina.home=", "Tomcat"},
	{"-Dconfluence.home=", "Confluence home"}, {"-Djira.home=", "Jira home"}, {"-Dbitbucket.home=", "Bitbucket home"},
	{"-Duser.dir=", "working folder"}, {"-Dlogging.file", "log"}, {"-Dsolr.solr.home=", "Solr home"},
}

// affected names what of the captured JVMs lies on a file system.
func (v *hostView) affected(fs *host.FileSystem) (users []say.Phrase, evidence []analyze.Evidence) {
	told := map[string]bool{}
	for _, j := range v.node.JVMs {
		if g := v.CgroupOf(j.PID); g != nil && g.MemoryLimit.Known() && !g.Self {
			continue // a container has file systems of its own
		}
		for _, w := range writtenPaths {
			text, at, ok := cite.Option(j, w.prefix)
			i := strings.IndexByte(text, '/')
			if !ok || i < 0 || i > 0 && w.prefix != "-Xlog:" && w.prefix != "-Dlogging.file" {
				continue
			}
			file, _, _ := strings.Cut(text[i:], ":")
			if user := say.Text("%s of %s", w.what, say.Target(j.Target)); v.FileSystemOf(file) == fs && !told[user.String()] {
				told[user.String()] = true
				users, evidence = append(users, user), append(evidence, at)
			}
		}
	}
	return users, cite.Known(evidence...)
}

func (v *hostView) diskFull(fs *host.FileSystem) (analyze.Finding, bool) {
	free := fs.FreePercent
	users, evidence := v.affected(fs)
	shared := fs.Mount == "/" || fs.Mount == "/tmp" || strings.HasPrefix(fs.Mount, "/var") || len(users) > 0
	avail := float64(fs.Available)
	low := free.Known() &&
		(avail < float64(diskFreeWarn.Value) && free.Value < 200*diskFreeShare.Value || free.Value < 20*diskFreeShare.Value)
	none := free.Known() && avail < float64(diskFreeCritical.Value) && free.Value < 100*diskFreeShare.Value
	inodes := fs.InodesFreePercent.Known() && fs.Inodes > 0 && fs.InodesFreePercent.Value < inodesFree.Value
	var in time.Duration
	if fs.Growth.Known() && fs.Growth.Value > 0 && v.Span >= views.SpanSure.Value {
		in = time.Duration(avail / fs.Growth.Value * float64(time.Second))
	}
	soon := in > 0 && in < diskSoon.Value && free.Value < 400*diskFreeShare.Value
	if !low && !none && !inodes && !soon {
		return analyze.Finding{}, false
	}
	f := analyze.Finding{
		Severity:   analyze.Warning,
		Confidence: analyze.High,
		Subject:    fs.Mount,
		Weight:     min(1, 1-free.Value/100),
	}
	if (none || inodes && fs.InodesFree == 0) && shared {
		f.Severity = analyze.Critical
	}
	what := "bytes"
	left := say.Text("%s of %s free (%s)", say.Size("free", fs.Available), say.Size("size", fs.Total), say.Share("free_share", free.Value/100))
	if inodes && !low && !none {
		what = "inodes"
		left = say.Text("%s of %s inodes free (%s)", say.Amount("free", float64(fs.InodesFree), "inodes"),
			say.Amount("size", float64(fs.Inodes), "inodes"), say.Share("free_share", fs.InodesFreePercent.Value/100))
		f.Weight = min(1, 1-fs.InodesFreePercent.Value/100)
	}
	f.Say("File system %s is nearly full: %s", fs.Mount, left)
	if soon {
		f.Add("; at the rate of this capture it is full in %s", say.Time("full_in", in))
	}
	if len(users) > 0 {
		f.Add("; on it: %s", say.Enumerate(users))
	}
	f.Impact = "without " + what + " every write fails: logs, uploads, temporary files, indexes"
	f.Explanation = fmt.Sprintf("%s (%s on %s). Programs seldom survive a full disk in good order: what they were "+
		"writing is cut, and indexes and databases may have to "+
		"be rebuilt.", fs.Mount, fs.Type, say.Quote(fs.Filesystem.Source))
	f.Evidence = append(cite.Known(cite.Ref(fs.Ref, left.String())), evidence...)
	find := "du -xh " + fs.Mount + " | sort -h | tail"
	if what == "inodes" {
		find = "du -x --inodes " + fs.Mount + " | sort -n | tail"
	}
	f.Advice = []analyze.Advice{{
		Action: "See what fills it: " + find + ". Old logs, heap dumps and temporary files first; a deleted file " +
			"that a process still holds shows in lsof +L1.",
		Effect: "Room again.",
		Risk:   "None in looking; ask the owner before something is removed.",
		Verify: fmt.Sprintf("df %s shows at least %s free.", fs.Mount, say.Bytes(int64(8<<30))),
	}, {
		Action: "Make it larger or move what grows, and watch it with an alarm at 20 % and 10 % free.",
		Effect: "It does not come back unseen.",
		Risk:   "Moving data needs a quiet hour.",
		Verify: "The alarm fires in a test.",
	}}
	f.References = []string{"Atlassian: at least 8192 MB of free disk"}
	return f, true
}
