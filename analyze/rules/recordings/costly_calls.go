package recordings

import (
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/profile"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	costlyShare = analyze.NewLimit(0.10, "1", "the CPU profile in one kind of work", "JDK Mission Control: class "+
		"loading 10 %")
	costlyBusy = analyze.NewLimit(
		0.25,
		"1",
		"the CPU profile in one kind of work: warning on a busy machine",
		"a quarter of the CPU is missing elsewhere",
	)
)

// purposes are kinds of work that a program can often do less of.
var purposes = []struct {
	name    string
	methods []string
	what    string // to do
	risk    string
	// settled: of a JVM that is up for long enough; at its start it is normal.
	settled bool
}{
	{
		name: "regular expressions",
		methods: []string{
			"java.util.regex.",
			"java.lang.String.matches",
			"java.lang.String.replaceAll",
			"com.google.re2j.",
		},
		what: "Compile each pattern once, into a constant; replace simple ones by String.indexOf, startsWith or " +
			"split of one character; look for nested repetitions, whose time grows with the square of the input " +
			"or worse.",
		risk: "A pattern that is rewritten may match something else.",
	},
	{name: "logging", methods: libs.LogLibraries,
		what: "Raise the level of the loggers named by the callers; build messages only when they are written " +
			"(parameters instead of +); leave out caller location (%C, %M, %L) from the pattern.",
		risk: "Lines that are not written are missing at the next problem."},
	{
		name: "serialisation",
		methods: []string{
			"java.io.ObjectOutputStream.",
			"java.io.ObjectInputStream.",
			"com.fasterxml.jackson.",
			"com.google.gson.",
			"org.codehaus.jackson.",
			"com.thoughtworks.xstream.",
			"com.esotericsoftware.kryo.",
			"javax.xml.bind.",
			"jakarta.xml.bind.",
			"com.sun.xml.bind.",
			"org.glassfish.jaxb.",
			"com.google.protobuf.",
			"com.caucho.hessian.",
			"org.yaml.snakeyaml.",
		},
		what: "Transfer and store less: only the fields that are used, no whole object graphs in sessions and " +
			"caches; keep mappers and contexts instead of making them for each call.",
		risk: "Readers of the data must agree.",
	},
	{name: "loading classes", methods: libs.ClassLoading, settled: true,
		what: "Find who makes class loaders or generates classes for each call (scripts, templates, proxies, JAXB " +
			"contexts, lookups of classes that do not exist), and keep the result.",
		risk: "A cache of classes keeps their loader alive."},
}

var costlyCalls = &analyze.Rule{
	ID: ids.CostlyCalls,
	Doc: "Regular expressions, logging, serialisation or loading of classes take a good part of the CPU of a " +
		"recording.",
	Needs: needsRecording,
	Fix:   "Do less of that kind of work: the finding says how.",
	Limits: []analyze.Threshold{
		cpuSamples, busyMachine, costlyShare, costlyBusy, HotCodeCores, views.StartUpSpan,
		views.RecordingSpan,
	},
	Run: analyze.Each(profiled, judgeCostlyCalls),
}

// judgeCostlyCalls goes through the purposes, each for itself.
func judgeCostlyCalls(_ *analyze.Pass, r *recorded) (out []analyze.Finding) {
	v, _ := r.View(profile.CPU)
	starts := r.Rec.JVM.Started.IsZero() || r.Rec.Start.Sub(r.Rec.JVM.Started) < views.StartUpSpan.Value
	for i := range purposes {
		if starts && purposes[i].settled {
			continue
		}
		if f, ok := r.costly(v, i); ok {
			out = append(out, f)
		}
	}
	return out
}

// costly is about what is spent for one purpose; ok is false when it is little.
func (r *recorded) costly(v profile.View, purpose int) (f analyze.Finding, ok bool) {
	k := purposes[purpose]
	found := views.SitesOf(v, "", func(frames []string) bool {
		return slices.ContainsFunc(calledByOwn(frames), func(f string) bool { return libs.StartsWith(f, k.methods) })
	})
	var sum int64
	for _, s := range found {
		sum += s.Value
	}
	share := float64(sum) / float64(v.Total())
	cores := r.Cores * share
	if share < costlyShare.Value || cores < HotCodeCores.Value*costlyBusy.Value {
		return f, false
	}
	f = r.finding(cores / max(1, r.Cpus))
	if r.busy() && share >= costlyBusy.Value {
		f.Severity = analyze.Warning
	}
	largest := found.Largest()
	f.Say("%s of the JVM's CPU go into %s, most of it for %s", say.Share("cpu_share", share), k.name, say.Short(largest[0].Name))
	f.Impact = fmt.Sprintf("%s of the %s cores that the JVM used", say.Number(cores), say.Number(r.Cores))
	f.Explanation = "Samples of the threads on a CPU have methods for " + k.name + " on their stacks, above the " +
		"program's own innermost call."
	r.doubt(&f)
	for n, s := range largest {
		if n == 3 {
			break
		}
		f.Evidence = append(
			f.Evidence,
			r.Cite("%s of it for %s", say.Percent(float64(s.Value)/float64(sum)), views.ChainOf(s)),
		)
	}
	f.Advice = []analyze.Advice{
		{Action: k.what, Effect: fmt.Sprintf("Up to %s cores are free for others.", say.Number(cores)), Risk: k.risk,
			Verify: fmt.Sprintf(
				"A new recording shows %s below %s of the CPU.",
				k.name,
				say.Percent(costlyShare.Value),
			)},
	}
	f.References = []string{"JDK Mission Control: rules of method profiling"}
	return f, true
}
