package analyze

import (
	"strings"
	"testing"
)

func advise(id string, severity Severity, advice ...Advice) Finding {
	return Finding{ID: id, Severity: severity, Nodes: []string{"n1"}, Subject: "1-shop", Advice: advice}
}

func set(setting, from, to string) Advice {
	return Advice{Action: "Do it.", Setting: setting, From: from, To: to, Effect: "Better.", Risk: "cost of " + to}
}

// One JVM gets one set of settings: what agrees is joined, what does not gives way to what hurts more, and says so.
func TestTuning(t *testing.T) {
	heap := func(to string) Advice { return set("-Xmx", "-Xmx1g", "-Xmx"+to) }
	for _, c := range []struct {
		name     string
		findings []Finding
		want     []string // "setting=to finding,finding"
		says     string   // in the advice that gave way
	}{
		{"one", []Finding{advise("heap-too-small", Critical, heap("2g"))}, []string{"-Xmx=-Xmx2g heap-too-small"}, ""},
		{"the same", []Finding{advise("heap-too-small", Critical, heap("2g")), advise("full-gc", Warning, heap("2g"))}, []string{"-Xmx=-Xmx2g heap-too-small,full-gc"}, ""},
		{"the second needs less", []Finding{advise("heap-too-small", Critical, heap("2g")), advise("full-gc", Warning, heap("1536m"))}, []string{"-Xmx=-Xmx2g heap-too-small,full-gc"}, "is enough for this too"},
		{"the second needs more", []Finding{advise("heap-too-small", Critical, heap("2g")), advise("allocation-stall", Warning, heap("3g"))}, []string{"-Xmx=-Xmx3g heap-too-small,allocation-stall"}, ""},
		{"both ways of writing it", []Finding{advise("heap-too-small", Critical, set("-Xms and -Xmx", "-Xms1g -Xmx1g", "-Xms2g -Xmx2g")), advise("full-gc", Warning, heap("2g"))}, []string{"-Xms and -Xmx=-Xms2g -Xmx2g heap-too-small,full-gc"}, "is enough for this too"},
		{"up and down", []Finding{advise("heap-too-small", Critical, heap("2g")), advise("unsafe-config", Warning, heap("512m"))}, []string{"-Xmx=-Xmx2g heap-too-small"}, "give the machine or the container the memory"},
		{"two collectors", []Finding{advise("gc-overhead", Critical, set("collector", "Serial", "-XX:+UseParallelGC")), advise("full-gc", Warning, set("collector", "Serial", "-XX:+UseG1GC"))}, []string{"collector=-XX:+UseParallelGC gc-overhead"}, "it is the same setting"},
		{"G1 and a fixed young generation", []Finding{advise("full-gc", Critical, set("collector", "Parallel", "-XX:+UseG1GC")), advise("gc-overhead", Warning, set("-Xmn", "", "-Xmn300m"))}, []string{"collector=-XX:+UseG1GC full-gc"}, "a fixed young generation"},
		{"options of the collector that goes", []Finding{advise("concurrent-mode-failure", Critical, set("collector", "CMS", "-XX:+UseG1GC"), set("-XX:CMSInitiatingOccupancyFraction", "", "60"))}, []string{"collector=-XX:+UseG1GC concurrent-mode-failure"}, "the collector that goes"},
		{"an alternative is no part of the set", []Finding{advise("evacuation-failure", Warning, heap("2g"), Advice{Action: "Else.", Setting: "-XX:G1ReservePercent", To: "20", Alternative: true})}, []string{"-Xmx=-Xmx2g evacuation-failure"}, ""},
		{"a note is no part of it", []Finding{advise("heap-too-small", Critical, heap("2g")), advise("unsafe-config", Info, set("-Xss", "-Xss2m", "-Xss1m"))}, []string{"-Xmx=-Xmx2g heap-too-small"}, ""},
		{"different things", []Finding{advise("heap-too-small", Critical, heap("2g")), advise("metaspace-pressure", Warning, set("-XX:MaxMetaspaceSize", "64m", "128m"))}, []string{"-Xmx=-Xmx2g heap-too-small", "-XX:MaxMetaspaceSize=128m metaspace-pressure"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := reconcile(c.findings)
			if len(got) != 1 || got[0].Subject != "1-shop" {
				t.Fatalf("%+v", got)
			}
			var all []string
			for _, ch := range got[0].Changes {
				all = append(all, ch.Setting+"="+ch.To+" "+strings.Join(ch.Findings, ","))
			}
			if strings.Join(all, "; ") != strings.Join(c.want, "; ") {
				t.Errorf("got %q, want %q", all, c.want)
			}
			said := ""
			for _, f := range c.findings {
				for _, a := range f.Advice {
					if a.Setting == "" {
						said += a.Action
					}
				}
			}
			if (c.says == "") != (said == "") || !strings.Contains(said, c.says) {
				t.Errorf("said %q, want %q", said, c.says)
			}
		})
	}
	other := advise("heap-too-small", Critical, heap("3g"))
	other.Subject = "2-shop"
	if got := reconcile([]Finding{advise("heap-too-small", Critical, heap("2g")), other}); len(got) != 2 || got[0].Changes[0].To != "-Xmx2g" || got[1].Changes[0].To != "-Xmx3g" {
		t.Errorf("two JVMs: %+v", got)
	}
}
