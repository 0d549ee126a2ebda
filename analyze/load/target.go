package load

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	gcfromjfr "casefile/analyze/gc/fromjfr"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/profile"
	"casefile/analyze/threads"
	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/jdk"
	"casefile/bundle/format/series"
	"casefile/bundle/format/sockets"
	"casefile/bundle/format/tasks"
	"casefile/bundle/format/timing"
)

// target is one JVM or Go service while it is read.
type target struct {
	jvm     *analyze.JVM
	service *analyze.Service

	dir     string // of its entries
	file    string // loose evidence: its first file; else empty
	label   string // the name before its lines in that file; empty: none
	dumps   []*threads.Dump
	info    []threads.Summary
	cpu     []threads.CPUSample
	gc      []gclog.File
	gcBytes int64 // of them, as they are packed
	gcLogs  []*gcLog
	rec     *recorded
	jfr     []jfrFile
	merged  bool // all dumps are one series with one summary

	virtual []*threads.Dump // lists of virtual threads

	shares   []*threads.Utilisation // of the CPU, next to the dumps of a support zip
	access   []keptLog
	patterns []*applog.Pattern // of access logs, from server.xml
}

// entry reads one entry of a bundle. What analysis does not use is left alone.
func (b *builder) entry(e bundle.Entry, body io.Reader) error {
	if e.Path == timing.RecordFile || e.Path == timing.StartFile {
		return b.readTiming(e, body)
	}
	part := strings.SplitN(e.Path, "/", 5) // nodes/<node>/<kind>/<target>/<rest>
	if len(part) < 4 || part[0] != entries.FolderNodes {
		return nil
	}
	name := part[1]
	if e.Node != "" {
		name = e.Node
	}
	if !b.roomForNode(name) {
		return nil
	}
	n := b.node(name)
	switch {
	case part[2] == entries.FolderHost:
		return b.keepHost(n, e.Path, body)
	case part[2] == entries.FolderTiming:
		return n.readProbes(e, part[3], body)
	case part[2] == entries.FolderKube:
		return b.readPod(n, e, strings.Join(part[3:], "/"), body)
	case len(part) < 5:
		return nil
	case (part[2] == entries.FolderJVM || part[2] == entries.FolderGo) && !b.roomForTarget(path.Join(part[:4]...)):
		return nil
	case part[2] == entries.FolderJVM:
		return b.jvm(n, path.Join(part[:4]...), part[3], e.PID).read(b, e, part[4], body)
	case part[2] == entries.FolderDatabase:
		return b.readDatabase(n, e, part[4], body)
	case part[2] == entries.FolderGo:
		return b.service(n, path.Join(part[:4]...), part[3], e.PID).read(b, e, part[4], body)
	}
	return nil
}

func (b *builder) jvm(n *nodeParts, dir, name string, pid int) *target {
	t := b.find(dir)
	if t == nil {
		pid, app := splitTarget(name, pid)
		t = &target{dir: dir, jvm: &analyze.JVM{Node: n.Node, Target: name, PID: pid, App: app}, merged: true}
		n.JVMs = append(n.JVMs, t.jvm)
		b.add(t)
	}
	return t
}

func (b *builder) service(n *nodeParts, dir, name string, pid int) *target {
	t := b.find(dir)
	if t == nil {
		pid, app := splitTarget(name, pid)
		t = &target{dir: dir, service: &analyze.Service{Node: n.Node, Target: name, PID: pid, Name: app}, merged: true}
		n.Services = append(n.Services, t.service)
		b.add(t)
	}
	return t
}

func (b *builder) find(dir string) *target { return b.byDir[dir] }

// add keeps a target in the order of the input.
func (b *builder) add(t *target) {
	b.targets = append(b.targets, t)
	b.byDir[t.dir] = t
}

// splitTarget gives the name of a target without its pid. Only of bundles whose entries do not know the pid
// (known is 0) it is read out of the name, "4711-confluence".
func splitTarget(name string, known int) (pid int, app string) {
	number, app, ok := strings.Cut(name, "-")
	pid, err := strconv.Atoi(number)
	switch {
	case !ok || err != nil, known > 0 && pid != known:
		return known, name
	}
	return pid, app
}

// reader reads one kind of entry.
type reader struct {
	file entries.File
	read func(*target, *builder, bundle.Entry, io.Reader) error
}

// readers are those of a target; the first that matches reads.
var readers = []reader{
	{entries.ThreadCPU, (*target).readTasks},
	{entries.ThreadLook, (*target).readLook},
	{entries.ThreadSockets, (*target).readSockets},
	{entries.WaitSamples, (*target).readSamples},
	{entries.WaitSeries, (*target).readPeers},
	{entries.ThreadWaits, (*target).readCalls},
	{entries.Log, (*target).readLog},
	{entries.Config, (*target).readConf},
	{entries.VirtualThreads, (*target).readVirtual},
	{entries.ThreadDump, (*target).readDump},
	{entries.GoDump, (*target).readDump},
	{entries.GCLog, (*target).keepGC},
	{entries.Recording, (*target).keepJFR},
	{entries.CountersFirst, (*target).readPerf},
	{entries.CountersLast, (*target).readPerf},
	{entries.CounterSeries, (*target).readCounters},
	{entries.ProcessSeries, (*target).readProcess},
	{entries.GoSeries, (*target).readProcess},
	{entries.GoProfile, (*target).readProfile},
	{entries.Container, (*target).readContainer},
	{entries.VMFlags, (*target).readFlags},
	{entries.VMVersion, (*target).readVersion},
	{entries.CodeCache, (*target).readCodeCache},
	{entries.CommandLine, (*target).readCmdline},
	{entries.Properties, (*target).readProperties},
	{entries.Plugins, (*target).readPlugins},
}

func (t *target) read(b *builder, e bundle.Entry, rest string, body io.Reader) error {
	for _, r := range readers {
		if r.file.Match(rest) {
			return r.read(t, b, e, body)
		}
	}
	return nil
}

// readDump reads the dumps of one entry. The entry knows the moment better than
// the dump's own head, which has no zone and whole seconds.
func (t *target) readDump(b *builder, e bundle.Entry, body io.Reader) error {
	dumps, info, err := b.parseDumps(e.Path, body)
	if len(dumps) == 1 && !e.Started.IsZero() {
		dumps[0].Time, dumps[0].ZoneKnown = e.Started, true
	}
	b.lineOf.renumber(dumps)
	t.dumps = append(t.dumps, dumps...)
	t.info = append(t.info, info)
	return err
}

// readVirtual reads the list of virtual threads that was made with the dump of the same name.
func (t *target) readVirtual(b *builder, e bundle.Entry, body io.Reader) error {
	lists, info, err := b.parseDumps(e.Path, body)
	t.virtual = append(t.virtual, lists...)
	t.info = append(t.info, info)
	return err
}

// addVirtual gives each list to its dump. Without one it stands for itself.
func (t *target) addVirtual() {
	for _, list := range t.virtual {
		with := entries.VirtualThreads.Beside(list.Source, entries.ThreadDump)
		if i := slices.IndexFunc(t.dumps, func(d *threads.Dump) bool { return d.Source == with }); i >= 0 {
			t.dumps[i].AddVirtual(list)
		} else {
			t.dumps = append(t.dumps, list)
		}
	}
}

func (t *target) readTasks(_ *builder, _ bundle.Entry, body io.Reader) error {
	snap, err := tasks.Read(body)
	if err != nil {
		return err
	}
	sample := threads.CPUSample{Time: snap.Started, Threads: map[int64]threads.ThreadCPU{}}
	for _, k := range snap.Tasks {
		sample.Threads[k.NID] = threads.ThreadCPU{CPU: k.CPU, State: k.State, RunDelay: k.Delay, Switches: k.Switches}
	}
	t.cpu = append(t.cpu, sample)
	return nil
}

func (t *target) readSockets(_ *builder, e bundle.Entry, body io.Reader) error {
	snap, err := sockets.Read(body)
	if snap != nil && t.jvm != nil {
		t.jvm.Sockets = append(t.jvm.Sockets, analyze.Sockets{Source: e.Path, Snapshot: snap})
	}
	return err
}

func (t *target) keepGC(b *builder, e bundle.Entry, body io.Reader) error {
	kept, err := b.stash.keep(body)
	if kept != nil { // with an error, what was read before it
		t.gc = append(t.gc, b.gcFile(e, kept))
		t.gcBytes += kept.size
	}
	if err != nil {
		return fmt.Errorf("%s: only what lies before the damage is read: %w", e.Path, err)
	}
	return nil
}

func joinSeries(into **series.Series, source *string, e bundle.Entry, body io.Reader) error {
	s, err := series.Read(body)
	if s == nil || len(s.Times) == 0 {
		return err
	}
	if *into == nil {
		*into, *source = s, e.Path
	} else {
		(*into).Join(s)
	}
	return err
}

func (t *target) readCounters(_ *builder, e bundle.Entry, body io.Reader) error {
	if t.jvm == nil {
		return nil
	}
	return joinSeries(&t.jvm.Counters, &t.jvm.CountersSource, e, body)
}

// readPerf keeps the newest snapshot.
func (t *target) readPerf(b *builder, e bundle.Entry, body io.Reader) error {
	raw, err := b.small(e.Path, body)
	if err != nil || t.jvm == nil {
		return err
	}
	snap, err := hsperf.Parse(raw)
	if err == nil {
		t.jvm.Perf, t.jvm.PerfSource = snap, e.Path
	}
	return err
}

func (t *target) readProcess(_ *builder, e bundle.Entry, body io.Reader) error {
	if t.jvm != nil {
		return joinSeries(&t.jvm.Process, &t.jvm.ProcessSource, e, body)
	}
	err := joinSeries(&t.service.Process, &t.service.ProcessSource, e, body)
	if s := t.service.Process; s != nil {
		for old, name := range entries.FormerNames {
			s.Rename(old, name)
		}
	}
	return err
}

func (t *target) readProfile(b *builder, e bundle.Entry, body io.Reader) error {
	p, err := profile.Read(body, e.Path, b.bounds.profile)
	switch {
	case err != nil:
	case t.service != nil:
		t.service.Profiles = append(t.service.Profiles, p)
	default:
		t.jvm.Profiles = append(t.jvm.Profiles, p)
	}
	return err
}

func (t *target) readFlags(_ *builder, e bundle.Entry, body io.Reader) error {
	if t.jvm == nil {
		return nil
	}
	flags, err := parseFlags(body)
	t.jvm.Flags, t.jvm.FlagsSource = flags, e.Path
	return err
}

// readContainer reads the name out of "key: value" lines.
func (t *target) readContainer(b *builder, e bundle.Entry, body io.Reader) error {
	text, err := b.small(e.Path, body)
	if t.jvm == nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); key == "name" {
			t.jvm.Container = cmp.Or(strings.TrimSpace(value), "without a name")
		}
	}
	return err
}

// readPlugins reads one name a line.
func (t *target) readPlugins(b *builder, e bundle.Entry, body io.Reader) error {
	text, err := b.small(e.Path, body)
	if t.jvm != nil {
		t.jvm.Plugins, t.jvm.PluginsSource = slices.Collect(strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == '\n' || r == '\r' })), e.Path
	}
	return err
}

func (t *target) readVersion(b *builder, e bundle.Entry, body io.Reader) error {
	text, err := b.small(e.Path, body)
	if err == nil && t.jvm != nil {
		t.jvm.Version = parseVersion(string(text))
	}
	return err
}

func (t *target) readCodeCache(_ *builder, e bundle.Entry, body io.Reader) error {
	cache, err := ParseCodeCache(e.Path, io.LimitReader(body, maxSmall))
	if err == nil && t.jvm != nil && len(cache.Heaps) > 0 {
		t.jvm.CodeCache = cache
	}
	return err
}

func (t *target) readCmdline(b *builder, e bundle.Entry, body io.Reader) error {
	text, err := b.small(e.Path, body)
	if err == nil && t.jvm != nil {
		t.jvm.Options, t.jvm.OptionsSource = parseOptions(string(text)), e.Path
	}
	return err
}

// readProperties keeps a few of "name=value" lines, as java.util.Properties writes them.
func (t *target) readProperties(b *builder, e bundle.Entry, body io.Reader) error {
	text, err := b.small(e.Path, body)
	if err != nil || t.jvm == nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && slices.Contains(analyze.KeptProperties, name) {
			if t.jvm.Properties == nil {
				t.jvm.Properties, t.jvm.PropertiesSource = map[string]string{}, e.Path
			}
			t.jvm.Properties[name] = strings.ReplaceAll(value, `\`, "")
		}
	}
	return nil
}

// finish builds what needs all parts of the target.
func (t *target) finish(b *builder) {
	var s *threads.Series
	if len(t.shares) > 0 {
		slices.SortStableFunc(t.shares, func(a, b *threads.Utilisation) int { return a.Time.Compare(b.Time) })
		t.cpu = append(t.cpu, threads.SamplesOf(t.shares, b.cpus())...)
	}
	t.addVirtual()
	if len(t.dumps) > 0 {
		s = threads.NewSeries(t.dumps, t.cpu)
	}
	info := t.info
	if t.merged && len(info) > 0 {
		info = []threads.Summary{total(t.dir+"/threads", info)}
	}
	if t.service != nil {
		t.service.Goroutines, t.service.DumpInfo = s, info
		return
	}
	t.jvm.Dumps, t.jvm.DumpInfo = s, info
	t.finishJFR(b)
	t.finishGC(b)
	t.finishFlags()
	t.jvm.Access = b.readAccess(t.access, t.patterns)
	t.jvm.SettleDurations()
}

// total sums up the dumps of one target.
func total(source string, parts []threads.Summary) threads.Summary {
	sum := threads.Summary{Source: source}
	for _, p := range parts {
		sum.Dumps += p.Dumps
		sum.Threads += p.Threads
		sum.Lines += p.Lines
		sum.OtherLines += p.OtherLines
		sum.UnparsedLines += p.UnparsedLines
		sum.LongLines += p.LongLines
		sum.CutStacks += p.CutStacks
	}
	return sum
}

// besideGC takes what stood in a GC log and was none.
func (b *builder) besideGC(t *target, other *applog.Log) {
	if b.looseLog(other) && other.Entries > 0 || len(t.dumps) > 0 {
		return
	}
	var sample []threads.UnparsedLine
	for _, e := range other.StraySample {
		sample = append(sample, threads.UnparsedLine{Line: e.Line, Text: e.Text})
	}
	b.stray(other.Source, other.Strays, sample)
}

// finishGC takes the GC logs. Without a log a recording tells, and without one the counters.
func (t *target) finishGC(b *builder) {
	for _, l := range t.gcLogs {
		log, err := l.log, l.err
		if err != nil {
			b.problem("%v", fmt.Errorf("GC log %s: %w", l.source, err))
		}
		if l.other != nil {
			b.besideGC(t, l.other.Finish())
		}
		if log != nil && log.CutLines > 0 {
			b.problem("%s: of %d long lines of the GC log only the beginning is read", l.source, log.CutLines)
		}
		if log != nil && log.Lines > 0 && !errors.Is(err, gclog.ErrNotGCLog) { // with an error, what was read before it
			if r, others := overlapping(log); others && t.file != "" {
				b.refuseOverlapping(l.source, r)
				continue
			}
			t.addGC(b, log)
		}
	}
	for _, rec := range t.jvm.Recordings {
		if len(t.jvm.GC) > 0 || rec.Events["jdk.GarbageCollection"] == 0 {
			break
		}
		if log := gcfromjfr.Log(rec); log != nil {
			t.jvm.GC = append(t.jvm.GC, log)
		}
	}
	if len(t.jvm.GC) == 0 && t.jvm.Counters != nil {
		if log := gcFromCounters(t.jvm.Counters, t.jvm.Perf, t.jvm.CountersSource); log != nil {
			t.jvm.GC = append(t.jvm.GC, log)
		}
	}
}

// finishFlags fills in what counters and GC logs know of the JVM's version and options.
func (t *target) finishFlags() {
	j := t.jvm
	options := slices.Clone(j.Options)
	if j.Perf != nil {
		for _, name := range []string{"java.rt.vmArgs", "java.rt.vmFlags"} { // those of variables and files too
			more, _ := j.Perf.Str(name)
			options = append(options, strings.Fields(more)...)
		}
		if j.Version == "" {
			vm, _ := j.Perf.Str("java.property.java.vm.version")
			java, _ := j.Perf.Str("java.property.java.version")
			j.Version = jdk.Version(vm, java)
		}
	}
	for _, log := range j.GC {
		if j.Version == "" {
			j.Version = jdk.WithoutBuild(log.JVMVersion)
		}
	}
	if j.Version == "" && j.Dumps != nil && len(j.Dumps.Dumps) > 0 {
		j.Version = versionOfDump(j.Dumps.Dumps[0].VM)
	}
	t.statedFlags()
	settleOrigins(j.Flags, options)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
