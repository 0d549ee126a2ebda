package load

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/threads"
)

// A loose file says of itself at most what is in it. So each is a target of its own while it is read; when all are, settle gives their
// dumps and logs to the processes that wrote them.
//
// Dumps are of one process when the addresses of its threads say so, wherever the files lie. Where a form of dumps has no addresses
// (JMX, Thread.dump_to_file, goroutines), what they have must fit, and they must come from one file or from files of one series: neither
// is enough alone. What is against it (pid, version, start, addresses) parts them, even within one file.

// process is dumps and logs of one process.
type process struct {
	name  string // of its first file
	label string // of its lines within the stream
	marks []*fingerprint
	dumps []*threads.Dump
	gc    []gclog.File
	bytes int64     // of them
	told  []*gc.Log // read already, as they stood in the output of an application
	whole *target   // the first of its targets: what only it has stays with it
}

// settle makes processes of the loose targets.
func (b *builder) settle() {
	var loose []*target
	rest := b.targets[:0:0]
	for _, t := range b.targets {
		if t.file != "" && len(t.dumps)+len(t.gc)+len(t.info)+told(t) > 0 {
			loose = append(loose, t)
		} else {
			rest = append(rest, t)
		}
	}
	b.refuseMixed(loose)
	s := &settler{series: map[string][]*process{}, ofFile: map[*target][]*process{}, lonely: map[string]int{}}
	for _, t := range loose {
		s.dumps(t)
	}
	for _, t := range loose {
		s.logs(t)
	}
	for _, p := range s.all {
		p.order()
	}
	b.targets = rest
	for _, p := range s.all {
		b.targets = append(b.targets, s.target(p))
	}
	for _, u := range b.shares {
		s.share(b.targets, u)
	}
	for series, n := range s.lonely {
		b.problem("%s: %d files with names of one series are not taken for one process: nothing in them says that they are", series, n)
	}
}

// refuseMixed drops dumps whose threads are of two processes.
func (b *builder) refuseMixed(loose []*target) {
	for _, t := range loose {
		if !slices.ContainsFunc(t.dumps, mixed) {
			continue
		}
		most := 0
		for _, d := range t.dumps {
			if mixed(d) {
				most = max(most, len(d.Threads))
			}
		}
		t.dumps = slices.DeleteFunc(t.dumps, func(d *threads.Dump) bool {
			if mixed(d) {
				b.refuse(fmt.Sprintf("%s: lines %d to %d: the threads of several processes are mixed in one dump, which is not judged; take the output of "+
					"each process by itself, or with its name before each line (kubectl logs --prefix, docker compose logs)", t.file, d.Line, d.EndLine))
			}
			return mixed(d) || d.Truncated || d.Gaps > 0 || 2*len(d.Threads) < most // what is cut there is cut by lines of others
		})
	}
}

// settler collects processes.
type settler struct {
	all    []*process
	series map[string][]*process // by series of files
	ofFile map[*target][]*process
	lonely map[string]int // files of a series that found no other
}

// dumps gives each dump of a file to its process.
func (s *settler) dumps(t *target) {
	for _, d := range t.dumps {
		f := fingerprintOf(d)
		p := s.find(t, f)
		if p != nil && p.has(d, f) {
			s.note(t, p)
			continue
		}
		if p == nil {
			p = &process{name: t.file, label: t.label, whole: t}
			s.all = append(s.all, p)
			if key := seriesOf(t.file); len(s.series[key]) > 0 && !s.known(key, f) {
				s.lonely[key] = max(s.lonely[key], 1) + 1
			}
		}
		p.dumps, p.marks = append(p.dumps, d), append(p.marks, f)
		s.note(t, p)
	}
}

// has reports whether a dump was read before, from another file: of the same moment, age, number of threads and CPU that they took.
func (p *process) has(d *threads.Dump, f *fingerprint) bool {
	for i, o := range p.dumps {
		if o.Source != d.Source && !f.start.IsZero() && o.Time.Equal(d.Time) && p.marks[i].start.Equal(f.start) && p.marks[i].cpu == f.cpu && len(o.Threads) == len(d.Threads) {
			return true
		}
	}
	return false
}

// known reports whether something parts a dump from the others of its series: then that they are several is no surprise.
func (s *settler) known(key string, f *fingerprint) bool {
	for _, p := range s.series[key] {
		if p.like(f) != apart {
			return false
		}
	}
	return true
}

func (s *settler) note(t *target, p *process) {
	if !slices.Contains(s.ofFile[t], p) {
		s.ofFile[t] = append(s.ofFile[t], p)
	}
	if key := seriesOf(t.file); !slices.Contains(s.series[key], p) {
		s.series[key] = append(s.series[key], p)
	}
}

// find gives the process of a dump; nil when it is a new one.
func (s *settler) find(t *target, f *fingerprint) *process {
	var best *process
	most := apart
	try := func(list []*process, least likeness) {
		for _, p := range list {
			if p.label != t.label {
				continue
			}
			if l := p.like(f); l >= least && l > most {
				best, most = p, l
			}
		}
	}
	try(s.ofFile[t], unclear)
	if t.label == "" || most < same {
		try(s.series[seriesOf(t.file)], alike)
		try(s.all, same)
	}
	return best
}

// like compares a dump with those of a process: the newest few, for threads come and go.
func (p *process) like(f *fingerprint) likeness {
	l := unclear
	for i := len(p.marks) - 1; i >= max(0, len(p.marks)-3); i-- {
		switch one := p.marks[i].like(f); {
		case one == apart:
			return apart
		case one > l:
			l = one
		}
	}
	return l
}

// logs gives the GC log of a file to the process whose dumps are in it, else to the one of its series: parts of a rotated log.
func (s *settler) logs(t *target) {
	if len(t.gc)+told(t) == 0 {
		return
	}
	var p *process
	if list := s.ofFile[t]; len(list) == 1 {
		p = list[0]
	}
	key := path.Join("gc", t.label, partsOf(t.file))
	if list := s.series[key]; p == nil && len(list) > 0 {
		p = list[0]
	}
	if p == nil {
		p = &process{name: t.file, label: t.label, whole: t}
		s.all = append(s.all, p)
	}
	s.series[key] = append(s.series[key], p)
	s.ofFile[t] = append(s.ofFile[t], p)
	p.gc, p.bytes = append(p.gc, t.gc...), p.bytes+t.gcBytes
	if t.jvm != nil {
		p.told = append(p.told, t.jvm.GC...)
	}
}

// told counts the GC logs of a target that are read already.
func told(t *target) int {
	if t.jvm == nil {
		return 0
	}
	return len(t.jvm.GC)
}

// partsOf names the rotated log that a file is a part of: without its number, and the date that logrotate gives it.
func partsOf(name string) string {
	series := gclog.SeriesOf(name)
	base := dates.ReplaceAllString(path.Base(series), "DATE")
	if whole, dated := strings.CutSuffix(base, "DATE"); dated && len(whole) > 1 {
		base = strings.TrimRight(whole, "-._")
	}
	return path.Join(path.Dir(series), base)
}

// order sorts the dumps by their dates, else by the age of the process, else as the names of their files count them.
func (p *process) order() {
	dated, aged := true, true
	ages := map[*threads.Dump]int64{}
	for i, d := range p.dumps {
		dated = dated && !d.Time.IsZero() && d.ZoneKnown == p.dumps[0].ZoneKnown
		for _, t := range d.Threads {
			ages[d] = max(ages[d], int64(t.Elapsed))
		}
		aged = aged && ages[d] > 0 && p.marks[i].format == p.marks[0].format
	}
	slices.SortStableFunc(p.dumps, func(a, b *threads.Dump) int {
		byName := cmp.Or(natural(a.Source, b.Source), cmp.Compare(a.Line, b.Line))
		switch {
		case dated:
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(ages[a], ages[b]), byName)
		case aged:
			return cmp.Or(cmp.Compare(ages[a], ages[b]), byName)
		}
		return byName
	})
}

// target makes the target of a process.
func (s *settler) target(p *process) *target {
	t := &target{dir: p.name, file: p.name, label: p.label, dumps: p.dumps, gc: p.gc, gcBytes: p.bytes}
	t.jvm = &analyze.JVM{Target: s.nameOf(p), GC: p.told}
	if len(p.dumps) > 0 {
		if p.dumps[0].Format == threads.FormatGo {
			t.service, t.jvm = &analyze.Service{Target: s.nameOf(p), Name: stem(path.Base(p.name))}, nil
		} else {
			t.jvm.PID = p.dumps[0].PID
		}
	}
	for file, of := range s.ofFile {
		if slices.Contains(of, p) {
			t.info = append(t.info, infoOf(file, p, of[0] == p)...)
		}
	}
	slices.SortFunc(t.info, func(a, b threads.Summary) int { return natural(a.Source, b.Source) })
	return t
}

// infoOf is what a file tells of the dumps of one process in it; lines outside of dumps count for the first.
func infoOf(file *target, p *process, first bool) []threads.Summary {
	var out []threads.Summary
	for _, i := range file.info {
		one := threads.Summary{Source: i.Source}
		if first {
			one.Lines, one.OtherLines, one.LongLines, one.CutStacks = i.Lines, i.OtherLines, i.LongLines, i.CutStacks
		}
		for _, d := range p.dumps {
			if d.Source == i.Source && slices.Contains(file.dumps, d) {
				one.Dumps++
				one.Threads += len(d.Threads)
				one.UnparsedLines += d.UnparsedLines
				if !first {
					one.Lines += d.EndLine - d.Line + 1
				}
			}
		}
		if one.Dumps > 0 || first && len(file.dumps) == 0 {
			out = append(out, one)
		}
	}
	return out
}

// nameOf names a process by its first file, and where that holds several by what parts them.
func (s *settler) nameOf(p *process) string {
	name := p.name
	if p.label != "" {
		return p.label
	}
	of := s.ofFile[p.whole]
	if len(of) < 2 {
		return name
	}
	if len(p.dumps) > 0 && p.dumps[0].PID != 0 {
		return fmt.Sprintf("%s pid %d", name, p.dumps[0].PID)
	}
	return fmt.Sprintf("%s process %d", name, slices.Index(of, p)+1)
}

// share gives the CPU of threads to the process that has the dump next to it.
func (s *settler) share(targets []*target, u looseShares) {
	for _, t := range targets {
		for _, d := range t.dumps {
			if seriesOf(d.Source) == seriesOf(u.file) && t.file != "" {
				t.shares = append(t.shares, u.Utilisation)
				return
			}
		}
	}
}

// refuse notes evidence that is not judged, for it is of several processes that cannot be told apart.
func (b *builder) refuse(why string) {
	b.c.Refused = append(b.c.Refused, why)
	b.problem("%s", why)
}

// settleNodes gives all loose evidence its node; logs follow when all are read.
func (b *builder) settleNodes() *places {
	known := placesOf(b.targets)
	node := func(at place) *nodeParts { return b.node(known.node(at)) }
	for _, t := range b.targets {
		if t.file == "" {
			continue
		}
		n := node(place{t.file, t.label})
		if t.service != nil {
			t.service.Node = n.Node
			n.Services = append(n.Services, t.service)
		} else {
			t.jvm.Node = n.Node
			n.JVMs = append(n.JVMs, t.jvm)
		}
	}
	for _, c := range b.confs {
		n := node(place{c.Origin, ""})
		n.LooseConf = append(n.LooseConf, c)
	}
	byNode := map[*nodeParts][]keptLog{}
	for _, a := range b.access {
		n := node(place{a.source, ""})
		byNode[n] = append(byNode[n], a)
	}
	for n, list := range byNode {
		n.LooseAccess = b.readAccess(list, b.patterns)
	}
	return known
}

// settleLogs gives the loose logs their nodes.
func (b *builder) settleLogs(known *places) {
	for _, l := range b.logs {
		n := b.node(known.node(l.at))
		n.LooseLogs = append(n.LooseLogs, l.Log)
	}
}

// dropUntold drops loose files that turned out to hold nothing, and nodes of which nothing else is known.
func (b *builder) dropUntold() {
	for _, t := range b.targets {
		if t.file != "" && t.jvm != nil && untold(t.jvm) {
			n := b.nodes[t.jvm.Node.Name]
			n.JVMs = slices.DeleteFunc(n.JVMs, func(j *analyze.JVM) bool { return j == t.jvm })
		}
	}
}
