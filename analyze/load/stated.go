package load

import (
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/jfr"
)

// addGC takes a GC log, and says what is odd about it.
func (t *target) addGC(b *builder, log *gc.Log) {
	t.jvm.GC = append(t.jvm.GC, log)
	for _, note := range log.Notes {
		b.problem("%s", note)
	}
}

// statedFlags takes the options and flags that GC logs and recordings state, where nothing else has told them.
func (t *target) statedFlags() {
	j := t.jvm
	for _, log := range j.GC {
		t.flagsOfLog(log)
	}
	for _, rec := range j.Recordings {
		t.flagsOfRecording(rec)
	}
}

// flagsOfLog reads what the head of a GC log, or the file of a dead JVM, states. JDK 8 lists flags, later ones the command line.
func (t *target) flagsOfLog(log *gc.Log) {
	j, text := t.jvm, strings.Fields(log.Settings.CommandLine)
	switch {
	case len(text) == 0:
	case log.Format == gc.FormatPreUnified:
		if len(j.Flags) == 0 {
			j.Flags, j.FlagsSource = headerFlags(text, log.Settings.CommandLineAt), log.Source
		}
		fallthrough
	default:
		if len(j.Options) == 0 {
			j.Options, j.OptionsSource = parseOptions(strings.Join(append([]string{"java"}, text...), "\n")), log.Source
		}
	}
}

// ownChoice are flags that the JVM sets itself and lists like those that were asked for (PrintCommandLineFlags of JDK 8).
var ownChoice = []string{
	"InitialHeapSize", "MaxHeapSize", "MaxNewSize", "NewSize", "OldSize", "OldPLABSize", "MaxTenuringThreshold", "UseCompressedOops",
	"UseCompressedClassPointers", "UseLargePagesIndividualAllocation", "UseParallelGC", "UseSerialGC", "UseG1GC", "UseParNewGC",
}

// headerFlags reads "-XX:InitialHeapSize=260317120 -XX:+PrintGC ...".
func headerFlags(options []string, line int) map[string]analyze.Flag {
	flags := map[string]analyze.Flag{}
	for _, o := range options {
		name, ok := strings.CutPrefix(o, "-XX:")
		if !ok || len(name) < 2 {
			continue
		}
		flag := analyze.Flag{Origin: "command line", Line: line}
		switch name[0] {
		case '+':
			name, flag.Value = name[1:], "true"
		case '-':
			name, flag.Value = name[1:], "false"
		default:
			name, flag.Value, _ = strings.Cut(name, "=")
		}
		if slices.Contains(ownChoice, name) {
			flag.Origin = "ergonomic"
		}
		flags[name] = flag
	}
	return flags
}

// flagsOfRecording takes the options of a recording's JVM, and its flags where they were recorded.
func (t *target) flagsOfRecording(rec *jfr.Recording) {
	j := t.jvm
	if len(j.Options) == 0 && rec.JVM.Arguments+rec.JVM.Flags != "" {
		j.Options, j.OptionsSource = strings.Fields(rec.JVM.Flags+" "+rec.JVM.Arguments), rec.Source
	}
	if len(j.Flags) > 0 || len(rec.Flags) == 0 {
		return
	}
	j.Flags, j.FlagsSource = map[string]analyze.Flag{}, rec.Source
	for name, f := range rec.Flags {
		j.Flags[name] = analyze.Flag{Value: f.Value, Origin: strings.ToLower(f.Origin)}
	}
}
