package cluster

import (
	"fmt"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

var (
	driftTolerance = analyze.NewLimit(
		0.05,
		"1",
		"by which a heap that the JVM chose itself may differ",
		"machines of one size differ by some pages",
	)
)

// driftOf compares the JVMs of one application.
func driftOf(same []*analyze.JVM) (out []difference) {
	settings := []struct {
		what     string
		severity analyze.Severity
		read     func(*analyze.JVM) (string, analyze.Evidence)
	}{
		{"JVM version", analyze.Warning, jvmVersion},
		{"collector", analyze.Warning, collectorOf},
		{"maximum heap", analyze.Warning, maxHeapOf()},
		{"threads that serve requests", analyze.Warning, connectorThreads},
		{"pool of database connections", analyze.Warning, poolSize},
		{"release in the path of the application", analyze.Info, releaseMark},
	}
	for _, s := range settings {
		var values []value
		for _, j := range same {
			if text, at := s.read(j); text != "" {
				values = append(values, value{j.Node, text, at})
			}
		}
		if d, ok := differ(s.what, s.severity, values); ok {
			out = append(out, d)
		}
	}
	return append(append(out, flagDrift(same)...), optionDrift(same)...)
}

func connectorThreads(j *analyze.JVM) (string, analyze.Evidence) {
	s := j.Settings()
	c := s.Threads()
	if c == nil {
		return "", analyze.Evidence{}
	}
	return fmt.Sprint(c.MaxThreads), cite.Place(c.Place, "")
}

// poolSize is that of the one pool; of several nobody knows which is whose twin.
func poolSize(j *analyze.JVM) (string, analyze.Evidence) {
	s := j.Settings()
	if len(s.Pools) != 1 {
		return "", analyze.Evidence{}
	}
	return fmt.Sprint(s.Pools[0].Max), cite.Place(s.Pools[0].Place, "")
}

func jvmVersion(j *analyze.JVM) (string, analyze.Evidence) {
	at := analyze.Evidence{Entry: firstOf(j.PerfSource, j.OptionsSource)}
	if at.Entry == "" && len(j.GC) > 0 {
		at.Entry = j.GC[0].Source
	}
	if j.Version != "" && j.FlagsSource != "" {
		at.Entry = path.Join(path.Dir(j.FlagsSource), "version.txt")
	}
	return j.Version, at
}

// firstOf is the first that is not empty.
func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

var collectorFlags = []string{
	"UseG1GC",
	"UseParallelGC",
	"UseSerialGC",
	"UseZGC",
	"UseShenandoahGC",
	"UseConcMarkSweepGC",
	"UseEpsilonGC",
}

func collectorOf(j *analyze.JVM) (string, analyze.Evidence) {
	for _, name := range collectorFlags {
		if j.Flags[name].Value == "true" {
			e, _ := cite.Flag(j, name)
			return strings.TrimSuffix(strings.TrimPrefix(name, "Use"), "GC"), e
		}
	}
	return "", analyze.Evidence{}
}

// maxHeapOf reads the maximum heap. Where the JVM chose it from the memory of its machine, values near each other
// count as one.
func maxHeapOf() func(*analyze.JVM) (string, analyze.Evidence) {
	const flag = "MaxHeapSize"
	var first float64
	return func(j *analyze.JVM) (string, analyze.Evidence) {
		f, ok := j.Flags[flag]
		size, err := strconv.ParseFloat(f.Value, 64)
		if !ok || err != nil || size <= 0 {
			return "", analyze.Evidence{}
		}
		if first == 0 {
			first = size
		}
		if f.Origin == "ergonomic" && math.Abs(size-first) <= driftTolerance.Value*first {
			size = first
		}
		e, _ := cite.Flag(j, flag)
		return say.Bytes(int64(size)), e
	}
}

// releaseMark is the release that the path of the application names.
func releaseMark(j *analyze.JVM) (string, analyze.Evidence) {
	release, source, line := j.Release()
	return release, analyze.Evidence{Entry: source, Lines: analyze.Lines(line, line)}
}

// ownToNode are flags and options whose value is each node's own: files with a date in their name, addresses, names.
var ownToNode = regexp.MustCompile(
	`(?i)^-?-?(XX:)?[+-]?(HeapDumpPath|ErrorFile|LogFile|Xlog|Xloggc|FlightRecorder|StartFlightRecording|SharedArchiveFile|CompileCommandFile|Flags|VMOptionsFile)` +
		`|^-agentlib|^-agentpath|^-javaagent|^-cp|^-classpath|host|addr|node|route|port\b|\.port|instance|tmpdir|\bpid|\.ip\b|\.name=|zone|rack|broker\.id|secret|password|token|start`,
)

// chosenOrigins are those of flags that somebody set. What the JVM chose itself follows the machine.
var chosenOrigins = []string{"command line", "config file", "environment", "management", "attach", "jimage"}

func flagDrift(same []*analyze.JVM) (out []difference) {
	names := map[string]bool{}
	for _, j := range same {
		for name, f := range j.Flags {
			// Heap and collector have their own lines.
			if slices.Contains(chosenOrigins, strings.ToLower(f.Origin)) && !ownToNode.MatchString(name) &&
				name != "MaxHeapSize" &&
				!slices.Contains(collectorFlags, name) {
				names[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var values []value
		for _, j := range same {
			if len(j.Flags) == 0 {
				continue
			}
			f, ok := j.Flags[name]
			e, _ := cite.Flag(j, name)
			if !ok { // another version may not have it
				f.Value, e = "not there", analyze.Evidence{Entry: j.FlagsSource}
			}
			values = append(values, value{j.Node, f.Value, e})
		}
		if d, ok := differ("-XX:"+name, analyze.Info, values); ok {
			out = append(out, d)
		}
	}
	return out
}

// optionDrift compares the command lines. What is a flag is compared as a flag.
func optionDrift(same []*analyze.JVM) (out []difference) {
	var with []*analyze.JVM
	for _, j := range same {
		if len(j.Options) > 0 {
			with = append(with, j)
		}
	}
	names := map[string]bool{}
	for _, j := range with {
		for _, o := range j.Options {
			if name := optionName(o); name != "" && !ownToNode.MatchString(o) {
				names[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var values []value
		for _, j := range with {
			v := value{j.Node, "not set", analyze.Evidence{Entry: j.OptionsSource}}
			for i, o := range j.Options {
				if optionName(o) == name {
					v.text, v.at.Lines = optionValue(o), analyze.Lines(i+2, i+2)
				}
			}
			values = append(values, v)
		}
		if d, ok := differ(name, analyze.Info, values); ok {
			out = append(out, d)
		}
	}
	return out
}

// optionName is the part of -D and --add-... options that names them; empty for what is compared elsewhere or not at
// all.
func optionName(o string) string {
	if !strings.HasPrefix(o, "-D") {
		return ""
	}
	name, _, _ := strings.Cut(o, "=")
	return name
}

func optionValue(o string) string {
	if _, v, ok := strings.Cut(o, "="); ok {
		return v
	}
	return "set"
}

// hostDrift compares the machines.
func hostDrift(c *analyze.Case) (out []difference) {
	for _, s := range []struct {
		what string
		read func(*host.Facts) (string, host.Ref)
	}{
		{"kernel", func(f *host.Facts) (string, host.Ref) { return f.System.Kernel.Value, f.System.Kernel.Ref }},
		{"operating system", func(f *host.Facts) (string, host.Ref) { return f.System.OS.Value, f.System.OS.Ref }},
		{"CPUs", func(f *host.Facts) (string, host.Ref) {
			if !f.CPU.Count.Known() {
				return "", host.Ref{}
			}
			return fmt.Sprintf("%.0f", f.CPU.Count.Value), f.CPU.Count.Ref
		}},
		{"memory", memoryOf()},
	} {
		var values []value
		for _, n := range c.Nodes {
			if n.Host == nil {
				continue
			}
			if text, ref := s.read(n.Host); text != "" {
				values = append(values, value{n, text, cite.Ref(ref, "")})
			}
		}
		if d, ok := differ(s.what, analyze.Info, values); ok {
			out = append(out, d)
		}
	}
	return out
}

// memoryOf reads the memory of a machine. Firmware keeps some: machines of one size differ by a few per cent.
func memoryOf() func(*host.Facts) (string, host.Ref) {
	var first float64
	return func(f *host.Facts) (string, host.Ref) {
		size := f.Memory.Total.Value
		if size <= 0 {
			return "", host.Ref{}
		}
		if first == 0 {
			first = size
		}
		if math.Abs(size-first) <= 0.05*first {
			size = first
		}
		return say.Bytes(size), f.Memory.Total.Ref
	}
}
