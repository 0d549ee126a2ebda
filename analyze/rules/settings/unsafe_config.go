package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
)

var unsafeConfig = &analyze.Rule{
	ID:     ids.UnsafeConfig,
	Doc:    "Options of the JVM that are known to hurt, or that are missed when something goes wrong.",
	Needs:  needsSettings,
	Fix:    "Change the settings that the finding names.",
	Limits: []analyze.Threshold{vm.CompressedOopsLimit, vm.CompressedOopsAgain, slowDisk},
	Run:    analyze.Each(configured, judgeConfig),
}

const needsSettings = "the JVM's flags or its command line: casefile collect"

// config is one JVM's settings.
type config struct {
	*analyze.JVM
	node *analyze.Node
}

// About names the JVM.
func (c *config) About() analyze.Subject {
	return analyze.Subject{Node: c.node.Name, Name: c.Subject()}
}

// configured are the JVMs whose flags or options are known.
func configured(p *analyze.Pass) (all []*config) {
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			c := &config{JVM: j, node: n}
			if _, old := g1Before(60)(c); old || len(j.Flags) > 0 || len(j.Options) > 0 {
				p.Evaluated()
				all = append(all, c)
			}
		}
	}
	return all
}

// fault is one setting that is wrong, or missing.
type fault struct {
	severity analyze.Severity
	weight   float64
	text     say.Phrase // what is so: goes into the title
	why      string
	advice   analyze.Advice
	evidence []analyze.Evidence
}

// A check looks at one setting; ok is false when there is nothing to say.
type check func(*config) (fault, bool)

// checks by weight: the first one that holds leads the title.
var checks = []check{
	lostCompressedOops, ramPercentage, heapAboveLimit, debuggerListens, noHeapDump, noGCLog, smallStart, oddStack, removedOptions,
}

// judgeConfig joins what all checks say of one JVM.
func judgeConfig(_ *analyze.Pass, c *config) []analyze.Finding {
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.High}
	var texts []say.Phrase
	var why []string
	for _, w := range faultsOf(c) {
		if w.severity.AtLeast(f.Severity) {
			f.Severity = w.severity
		}
		f.Weight = max(f.Weight, w.weight)
		texts, why = append(texts, w.text), append(why, w.why)
		f.Advice = append(f.Advice, w.advice)
		f.Evidence = append(f.Evidence, cite.Known(w.evidence...)...)
	}
	if len(texts) == 0 {
		return nil
	}
	if len(f.Evidence) == 0 { // what is missing has no line: the whole command line shows that
		f.Evidence = cite.Known(
			analyze.Evidence{Entry: c.OptionsSource, Text: "the JVM's options"},
			analyze.Evidence{Entry: c.FlagsSource, Text: "the JVM's flags"},
		)
	}
	f.Say("%s of %s: %s", say.Counted("settings", len(texts), "setting"), say.Target(c.Subject()), say.Enumerate(texts))
	f.Explanation = strings.Join(why, " ")
	f.Impact = "none while all goes well"
	if f.Severity.AtLeast(analyze.Warning) {
		f.Impact = "memory or safety of the JVM is at stake, see the advice"
	}
	f.References = []string{"Oracle: The java Command"}
	return []analyze.Finding{f}
}

// faultsOf gives what is wrong, by weight.
func faultsOf(c *config) (list []fault) {
	for _, check := range checks {
		if w, ok := check(c); ok {
			list = append(list, w)
		}
	}
	for i := range habits {
		if w, ok := habits[i].look(c); ok {
			list = append(list, w)
		}
	}
	slices.SortStableFunc(list, func(a, b fault) int { return cmp.Compare(b.weight, a.weight) })
	return list
}

// on reads a flag that is on or off.
func (c *config) on(name string) (value, known bool) {
	f, ok := c.Flags[name]
	return f.Value == "true", ok
}

func (c *config) flagEvidence(names ...string) (list []analyze.Evidence) {
	for _, n := range names {
		if e, ok := cite.Flag(c.JVM, n); ok {
			list = append(list, e)
		}
	}
	return list
}

func (c *config) container() bool {
	if c.node.Host == nil {
		return false
	}
	g := c.node.Host.CgroupOf(c.PID)
	return g != nil && g.MemoryLimit.Known()
}

// memory is what the JVM may use, 0 unknown.
func (c *config) memory() float64 {
	if c.node.Host == nil {
		return 0
	}
	if c.container() {
		return c.node.Host.CgroupOf(c.PID).MemoryLimit.Value
	}
	return c.node.Host.Memory.Total.Value
}

func lostCompressedOops(c *config) (fault, bool) {
	heap, ok := c.JVM.Int("MaxHeapSize")
	compressed, known := c.on("UseCompressedOops")
	z, _ := c.on("UseZGC") // has no compressed references at any size
	if !ok || !known || compressed || z || heap < vm.CompressedOopsLimit.Value || heap >= vm.CompressedOopsAgain.Value {
		return fault{}, false
	}
	return fault{
		severity: analyze.Warning, weight: 0.2,
		text: say.Text("a heap of %s has lost compressed references", say.Size("max_heap", heap)),
		why: fmt.Sprintf("From 32 GB on each reference takes 8 bytes and no longer 4: with %s there is less "+
			"room for objects than with 31 GB.", say.Bytes(heap)),
		evidence: c.flagEvidence("MaxHeapSize", "UseCompressedOops"),
		advice: analyze.Advice{
			Action:  "Take a heap just below 32 GB, or one of 48 GB and more.",
			Setting: "-Xmx",
			From:    vm.Xmx(heap),
			To:      "-Xmx31g",
			Effect:  "More objects in less memory, and better use of CPU caches.",
			Risk: "If the live set really " +
				"needs more than 31 GB, collections become more frequent: then 48 GB.",
			Rollback: "The old size.",
			Verify:   "UseCompressedOops is true in VM.flags, and the live set in bytes is a third smaller.",
		},
	}, true
}

func ramPercentage(c *config) (fault, bool) {
	f, ok := c.Flags["MaxRAMPercentage"]
	text, evidence := f.Value, c.flagEvidence("MaxRAMPercentage", "MaxHeapSize")
	if option, at, set := cite.Option(c.JVM, "-XX:MaxRAMPercentage="); set {
		text, ok, evidence = option, true, append(evidence, at)
	}
	share, err := strconv.ParseFloat(text, 64)
	if _, _, explicit := cite.Option(c.JVM, "-Xmx"); !ok || err != nil || share < 90 || explicit {
		return fault{}, false
	}
	return fault{
		severity: analyze.Warning, weight: 0.2,
		text: say.Text("the heap may take %s of all memory", say.Share("heap_share", share/100)),
		why: "A JVM needs memory outside its heap: classes, compiled code, thread stacks, direct buffers, the " +
			"collector's own. Once the heap is used to its maximum, the kernel kills the JVM.",
		evidence: evidence,
		advice: analyze.Advice{
			Action:   "Leave a quarter of the memory to what is not heap.",
			Setting:  "-XX:MaxRAMPercentage",
			From:     fmt.Sprintf("%.0f", share),
			To:       "75",
			Effect:   "No kill for want of memory.",
			Risk:     "A smaller heap: look at the live set first.",
			Rollback: "The old value.",
			Verify:   "Resident memory stays below 90 % of the limit under load.",
		},
	}, true
}

func heapAboveLimit(c *config) (fault, bool) {
	heap, ok := c.JVM.Int("MaxHeapSize")
	memory := c.memory()
	if _, _, set := cite.Option(c.JVM, "-Xmx"); !ok || !set || memory <= 0 || float64(heap) < 0.95*memory {
		return fault{}, false
	}
	what := "machine's"
	if c.container() {
		what = "container's"
	}
	return fault{
		severity: analyze.Warning, weight: 0.25,
		text: say.Text("a heap of up to %s in the %s %s of memory", say.Size("max_heap", heap), what, say.Size("memory", memory)),
		why: "The heap alone may take all memory, and the JVM needs some more: it ends by the kernel's " +
			"hand or swaps.",
		evidence: c.flagEvidence("MaxHeapSize"),
		advice: analyze.Advice{
			Action:  "Fit heap and memory to each other: heap at most three quarters of it.",
			Setting: "-Xmx",
			From:    vm.Xmx(heap),
			To:      vm.Xmx(int64(0.75*memory) / (64 * say.MB) * 64 * say.MB),
			Effect:  "No kill for want of memory.",
			Risk: "A smaller heap: look at the live set first, else raise " +
				"the memory.",
			Rollback: "The old size.",
			Verify:   "Resident memory stays below 90 % of the limit under load.",
		},
	}, true
}

// debuggerListens: who reaches that port runs code as the JVM's user. JDK 9 and later listen on loopback alone
// unless told otherwise.
func debuggerListens(c *config) (fault, bool) {
	var option string
	for _, o := range c.Options {
		if strings.HasPrefix(o, "-agentlib:jdwp=") || strings.HasPrefix(o, "-Xrunjdwp:") {
			option = o
		}
	}
	if option == "" || strings.Contains(option, "server=n") || !strings.Contains(option, "server=y") {
		return fault{}, false
	}
	_, address, _ := strings.Cut(option, "address=")
	address, _, _ = strings.Cut(address, ",")
	w := fault{
		severity: analyze.Info, weight: 0.05,
		text:     say.Text("a debugger may connect (jdwp, %s)", say.Quote(address)),
		why:      "The debug agent keeps its port open, and who connects runs any code as this JVM's user.",
		evidence: []analyze.Evidence{{Entry: c.OptionsSource, Text: cite.Line(option)}},
		advice: analyze.Advice{
			Action:   "Take the debug agent out of production.",
			Setting:  "-agentlib:jdwp",
			From:     cite.Line(option),
			To:       analyze.NotSet,
			Effect:   "No door, and no cost of the agent.",
			Risk:     "None.",
			Rollback: "The old option.",
			Verify:   "Nothing listens on that port.",
		},
	}
	local := strings.HasPrefix(address, "localhost:") || strings.HasPrefix(address, "127.")
	if everywhere := strings.HasPrefix(address, "*:") || strings.HasPrefix(address, "0.0.0.0:") || c.Major() == 8 && !local; everywhere {
		w.severity, w.weight = analyze.Warning, 0.1
		w.text = say.Text("a debugger may connect from anywhere (jdwp, %s)", say.Quote(address))
	}
	return w, true
}

func noHeapDump(c *config) (fault, bool) {
	on, known := c.on("HeapDumpOnOutOfMemoryError")
	if !known || on {
		return fault{}, false
	}
	if v, _ := c.on("ExitOnOutOfMemoryError"); v {
		return fault{}, false // somebody decided
	}
	return fault{
		severity: analyze.Info,
		text:     say.Text("no heap dump on OutOfMemoryError"),
		why:      "Without a heap dump an OutOfMemoryError leaves nothing to find its cause with.",
		evidence: c.flagEvidence("HeapDumpOnOutOfMemoryError"),
		advice: analyze.Advice{
			Action:   "Turn it on; it can be set while the JVM runs.",
			Setting:  "-XX:+HeapDumpOnOutOfMemoryError",
			From:     "off",
			To:       "-XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath=<a disk with room>",
			Effect:   "The evidence is kept.",
			Risk:     "A file as large as the heap, which holds customers' data.",
			Rollback: "Off again.",
			Verify:   "VM.flags.",
		},
	}, true
}

// noGCLog passes over JVMs that take options from files, which we do not see.
func noGCLog(c *config) (fault, bool) {
	if len(c.Options) == 0 || c.OptionsSource == "" {
		return fault{}, false
	}
	for _, o := range c.Options {
		selection, isLog := strings.CutPrefix(o, "-Xlog:")
		if isLog && (strings.HasPrefix(selection, "gc") || strings.HasPrefix(selection, "all") || strings.Contains(selection, ",gc") || strings.Contains(selection, "gc*")) ||
			strings.HasPrefix(o, "-Xloggc:") || strings.HasPrefix(o, "-Xverbosegclog") || o == "-verbose:gc" ||
			strings.HasPrefix(o, "-XX:+PrintGC") ||
			strings.HasPrefix(o, "@") ||
			strings.HasPrefix(o, "-XX:VMOptionsFile") ||
			strings.HasPrefix(o, "-XX:Flags=") {
			return fault{}, false
		}
	}
	if slices.ContainsFunc(c.GC, func(l *gc.Log) bool { return l.Source == c.OptionsSource }) {
		return fault{}, false // it told the options
	}
	to := "-Xlog:gc*,safepoint:file=gc.log:time,uptime,level,tags:filecount=5,filesize=20m"
	if c.Major() == 8 {
		to = "-Xloggc:gc.log -XX:+PrintGCDetails -XX:+PrintGCDateStamps -XX:+PrintGCApplicationStoppedTime " +
			"-XX:+UseGCLogFileRotation -XX:NumberOfGCLogFiles=5 -XX:GCLogFileSize=20M"
	}
	return fault{
		severity: analyze.Info,
		text:     say.Text("no GC log"),
		why:      "Without a GC log nobody can tell afterwards whether a slow minute was the collector's.",
		evidence: []analyze.Evidence{
			{Entry: c.OptionsSource, Text: "no option for a GC log among " + say.Count(len(c.Options), "option")},
		},
		advice: analyze.Advice{
			Action:   "Keep one, always: it costs next to nothing.",
			Setting:  "GC log",
			From:     "none",
			To:       to,
			Effect:   "The history of pauses and of the live set.",
			Risk:     "100 MB of disk.",
			Rollback: "Take the option away.",
			Verify:   "The file grows.",
		},
	}, true
}

func smallStart(c *config) (fault, bool) {
	heap, ok1 := c.JVM.Int("MaxHeapSize")
	start, ok2 := c.JVM.Int("InitialHeapSize")
	_, _, set := cite.Option(c.JVM, "-Xms")
	if !ok1 || !ok2 || !set || !c.container() || 4*start > heap || heap < 1<<30 {
		return fault{}, false
	}
	return fault{
		severity: analyze.Info,
		text:     say.Text("a heap that starts with %s of %s in a container", say.Size("start_heap", start), say.Size("max_heap", heap)),
		why: "In a container with fixed memory nobody else can use what the heap leaves; growing it costs " +
			"collections, and want of memory shows late.",
		evidence: c.flagEvidence("InitialHeapSize", "MaxHeapSize"),
		advice: analyze.Advice{
			Action:   "Start with the maximum.",
			Setting:  "-Xms",
			From:     fmt.Sprintf("-Xms%dm", start>>20),
			To:       strings.Replace(vm.Xmx(heap), "-Xmx", "-Xms", 1),
			Effect:   "Fewer collections while the load rises.",
			Risk:     "The container holds its memory from the start.",
			Rollback: "The old size.",
			Verify:   "InitialHeapSize equals MaxHeapSize in VM.flags.",
		},
	}, true
}

func oddStack(c *config) (fault, bool) {
	kb, ok := c.JVM.Int("ThreadStackSize")
	if !ok || !vm.Chosen(c.JVM, "ThreadStackSize") || kb == 0 || kb >= 200 && kb <= 8192 {
		return fault{}, false
	}
	why := fmt.Sprintf(
		"%s for each stack: calls that are a little deeper end in StackOverflowError.",
		say.Bytes(kb*1024),
	)
	if kb > 8192 {
		why = fmt.Sprintf(
			"%s for each stack: a thousand threads may take %s outside the heap.",
			say.Bytes(kb*1024),
			say.Bytes(kb*1024*1000),
		)
	}
	return fault{
		severity: analyze.Info, text: say.Text("an unusual stack size of %s", say.Size("stack", kb*1024)), why: why, evidence: c.flagEvidence("ThreadStackSize"),
		advice: analyze.Advice{
			Action:   "Take the default unless a measured need set this.",
			Setting:  "-Xss",
			From:     fmt.Sprintf("-Xss%dk", kb),
			To:       "-Xss1m (the default)",
			Effect:   "Usual depth of calls at usual cost.",
			Risk:     "Code that needs deep recursion fails earlier.",
			Rollback: "The old size.",
			Verify:   "No StackOverflowError under load.",
		},
	}, true
}

// removed are options that a JDK no longer heeds, or refuses to start with, by the version that dropped them.
var removed = []struct {
	prefix string
	major  int
	why    string
}{
	{
		"-XX:MaxPermSize=",
		8,
		"there is no permanent generation",
	}, {"-XX:PermSize=", 8, "there is no permanent generation"},
	{
		"-XX:+UseConcMarkSweepGC",
		14,
		"CMS is gone",
	}, {"-XX:+UseParNewGC", 10, "CMS is gone"}, {"-XX:CMSInitiatingOccupancyFraction=", 14, "CMS is gone"},
	{
		"-XX:+UseCMSInitiatingOccupancyOnly",
		14,
		"CMS is gone",
	}, {"-XX:+CMSClassUnloadingEnabled", 14, "CMS is gone"}, {"-XX:+CMSIncrementalMode", 9, "CMS is gone"},
	{
		"-XX:+AggressiveOpts",
		12,
		"does nothing",
	}, {"-XX:+UseParallelOldGC", 15, "is the default"}, {"-XX:-UseParallelOldGC", 15, "is gone"},
	{
		"-XX:+UseBiasedLocking",
		18,
		"is gone",
	}, {"-XX:-UseBiasedLocking", 18, "is the default"}, {"-XX:+UseFastAccessorMethods", 9, "is gone"},
	{
		"-XX:+PrintGCDateStamps",
		9,
		"see -Xlog",
	}, {"-XX:+PrintGCTimeStamps", 9, "see -Xlog"}, {"-XX:+UseGCLogFileRotation", 9, "see -Xlog"},
	{
		"-XX:+PrintTenuringDistribution",
		9,
		"see -Xlog",
	}, {"-XX:+PrintGCApplicationStoppedTime", 9, "see -Xlog:safepoint"},
	{
		"-XX:MaxRAMFraction=",
		14,
		"MaxRAMPercentage takes its place",
	}, {"-XX:+UseCGroupMemoryLimitForHeap", 11, "is the default"},
	{"-XX:+ZGenerational", 24, "is the only mode"}, {"-XX:-ZGenerational", 24, "is gone"},
	{
		"-XX:+UseCompressedClassPointers",
		27,
		"is the only mode",
	}, {"-XX:-UseCompressedClassPointers", 27, "is gone"}, {"-XX:+ParallelRefProcEnabled", 27, "is the only mode"},
	{"-XX:MaxRAM=", 27, "MaxRAMPercentage takes its place"}, {"-XX:+AggressiveHeap", 27, "is gone"},
	{"-XX:+NeverActAsServerClassMachine", 27, "is gone"}, {"-XX:+AlwaysActAsServerClassMachine", 27, "is gone"},
}

func removedOptions(c *config) (fault, bool) {
	major := c.Major()
	var names, why []string
	w := fault{severity: analyze.Info}
	for _, o := range c.Options {
		for _, r := range removed {
			if strings.HasPrefix(o, r.prefix) && major >= r.major {
				name := strings.TrimSuffix(r.prefix, "=")
				names, why = append(names, name), append(why, name+": "+r.why)
				w.evidence = append(w.evidence, c.given(o)...)
			}
		}
	}
	if len(names) == 0 {
		return fault{}, false
	}
	w.text = say.Text("%s that JDK %d no longer knows (%s)", say.Counted("removed_options", len(names), "option"), major, say.List(names))
	w.why = "Options without effect hide what is really set (" + strings.Join(why, "; ") + ")."
	w.advice = analyze.Advice{Action: "Remove them.", Setting: say.List(names), From: say.List(names), To: analyze.NotSet,
		Effect:   "None on speed; the next update does not fail to start.",
		Risk:     "None.",
		Rollback: "The old options.",
		Verify:   "The JVM starts without a warning about options.",
	}
	return w, true
}
