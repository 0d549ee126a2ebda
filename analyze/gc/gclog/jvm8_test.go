package gclog

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze/gc"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// legacyCollectors are the collectors of JDK 8, which can be combined.
var legacyCollectors = []struct {
	name      string
	collector gc.Collector
	options   []string
}{
	{"Serial", "Serial", []string{"-XX:+UseSerialGC"}},
	{"ParNew", "ParNew", []string{"-XX:+UseParNewGC"}},
	{"Parallel", "Parallel", []string{"-XX:+UseParallelGC"}},
	{"Parallel, serial old", "Parallel", []string{"-XX:+UseParallelGC", "-XX:-UseParallelOldGC"}},
	{"CMS", "CMS", []string{"-XX:+UseConcMarkSweepGC"}},
	{"CMS, serial young", "CMS", []string{"-XX:+UseConcMarkSweepGC", "-XX:-UseParNewGC"}},
	{"CMS, young first", "CMS", []string{"-XX:+UseConcMarkSweepGC", "-XX:+CMSScavengeBeforeRemark", "-XX:+ExplicitGCInvokesConcurrent", "-XX:CMSMaxAbortablePrecleanTime=50"}},
	{"iCMS", "CMS", []string{"-XX:+UseConcMarkSweepGC", "-XX:+CMSIncrementalMode"}},
	{"G1", "G1", []string{"-XX:+UseG1GC"}},
	{"G1, explicit concurrent", "G1", []string{"-XX:+UseG1GC", "-XX:+ExplicitGCInvokesConcurrent"}},
}

// legacyLogs are sets of options that print; a JVM of JDK 8 writes one log a run.
var legacyLogs = []struct {
	name    string
	options []string
	stdout  bool
}{
	{"plain", []string{"-verbose:gc", "-XX:+PrintHeapAtGC", "-XX:+PrintGCID"}, false},
	{"details", []string{"-XX:+PrintGCDetails", "-XX:+PrintGCDateStamps", "-XX:+PrintGCApplicationStoppedTime", "-XX:+PrintTenuringDistribution"}, false},
	{"everything", []string{"-XX:+PrintGCDetails", "-XX:+PrintGCTimeStamps", "-XX:+PrintHeapAtGC", "-XX:+PrintAdaptiveSizePolicy", "-XX:+PrintReferenceGC",
		"-XX:+PrintGCID", "-XX:+PrintClassHistogramBeforeFullGC", "-XX:+PrintClassHistogramAfterFullGC", "-XX:+PrintTLAB", "-XX:+PrintPLAB", "-XX:+PrintPromotionFailure",
		"-XX:+PrintSafepointStatistics", "-XX:PrintSafepointStatisticsCount=1"}, true},
}

// legacyJVM runs the program on a JDK before unified logging, with every collector and set of options.
func legacyJVM(t *testing.T, jdk live.JDK) {
	classes := livetest.Compile(t, jdk, filepath.Join(moduleRoot(t), "testdata", "gc", "Churn.java"))
	for _, c := range legacyCollectors {
		for _, l := range legacyLogs {
			t.Run(c.name+"/"+l.name, func(t *testing.T) {
				dir := t.TempDir()
				file := filepath.Join(dir, "gc.log")
				args := slices.Concat([]string{"-Xmx64m", "-XX:+UsePerfData", "-XX:+PerfDataSaveToFile", "-XX:PerfDataSaveFile=" + filepath.Join(dir, "perf.hsperf")}, c.options, l.options)
				if !l.stdout {
					args = append(args, "-Xloggc:"+file)
				}
				text := runJVM(t, jdk.Home, append(args, "-cp", classes, "Churn", "16000"))
				if !l.stdout {
					raw, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					text = string(raw)
				}
				checkLegacy(t, jdk.Home, dir, text, c.collector, l.stdout, l.name != "plain")
			})
		}
	}
}

func checkLegacy(t *testing.T, home, dir, text string, collector gc.Collector, stdout, details bool) {
	t.Helper()
	log := parseText(t, text)
	if !Sniff([]byte(text)) {
		t.Error("not recognised as a GC log")
	}
	agrees(t, string(collector), log, countLegacy(text))
	if log.Collector != collector || len(log.Runs) != 1 || !log.Timed {
		t.Errorf("collector %q, %d runs, timed %v; want %q", log.Collector, len(log.Runs), log.Timed, collector)
	}
	if log.Unparsed.Count > log.Lines/1000 {
		t.Errorf("%d of %d lines not understood: %q", log.Unparsed.Count, log.Lines, log.Unparsed.Lines[0].Text)
	}
	if !stdout && (log.OtherLines.Count > 0 || !strings.HasPrefix(log.JVMVersion, "1.8.") || log.Settings.HeapMax != 64<<20) {
		t.Errorf("version %q, heap %d, not of the JVM: %+v", log.JVMVersion, log.Settings.HeapMax, log.OtherLines)
	}
	switch {
	case stdout: // statistics, in milliseconds
		safepointsCover(t, log, time.Millisecond)
		operationsNamed(t, log)
	case details:
		safepointsCover(t, log, 0)
	}
	for i := range log.Pauses {
		p := &log.Pauses[i]
		if k := p.Kind; details && !p.Flags.Has(gc.FlagHeap) && !(collector == "G1" && (k == gc.KindRemark || k == gc.KindCleanup)) {
			t.Errorf("line %d: %v without its heap", p.Line, k)
		}
	}
	countersAgree(t, home, dir, string(collector), 8, log)
	if _, ok := log.AllocationRate(); !ok {
		t.Error("no allocation rate")
	}
	if _, _, ok := log.LiveSet(); !ok {
		t.Error("no live set")
	}
}
