package load

import (
	"path/filepath"
	"strings"
	"testing"

	"casefile/bundle"
	"casefile/bundle/redact"
)

const listText = "4711\n2022-07-12T01:10:00.1Z\n25.0.3+9-LTS\n\n#31 \"http-nio-8090-exec-7\" RUNNABLE 2022-07-12T01:10:00.2Z\n    at com.acme.Shop.buy(Shop.java:1)\n\n" +
	"#90 \"tomcat-handler-1\" virtual WAITING 2022-07-12T01:10:00.3Z\n    at java.base/java.lang.VirtualThread.park(VirtualThread.java:582)\n    at com.acme.Shop.wait(Shop.java:7)\n" +
	"what is this\n\n"

// The list of virtual threads that was made next to a dump belongs to it; one whose dump is missing stands for itself.
func TestVirtualThreadsJoinTheirDump(t *testing.T) {
	w, err := bundle.Create(filepath.Join(t.TempDir(), "b.tar.zst"), bundle.TarZstd, bundle.Manifest{}, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	const dir = "nodes/n1/jvm/4711-shop/threads/"
	for name, text := range map[string]string{"dump-01-virtual.txt": listText, "dump-01.txt": dumpText, "dump-02-virtual.txt": listText} {
		if err := w.AddReader(bundle.Entry{Path: dir + name, Node: "n1"}, bundle.KindOf(dir+name), strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	j := read(t, w.Path()).Nodes[0].JVMs[0]
	if len(j.Dumps.Dumps) != 2 {
		t.Fatalf("%d dumps", len(j.Dumps.Dumps))
	}
	got := map[string]string{}
	unparsed := 0
	for _, info := range j.DumpInfo {
		unparsed += int(info.UnparsedLines)
	}
	for _, d := range j.Dumps.Dumps {
		var names []string
		for _, th := range d.Threads {
			names = append(names, th.Name+" in "+filepath.Base(d.SourceOf(th)))
		}
		got[filepath.Base(d.Source)] = strings.Join(names, ", ")
	}
	for source, want := range map[string]string{
		"dump-01.txt":         "http-nio-8090-exec-7 in dump-01.txt, tomcat-handler-1 in dump-01-virtual.txt",
		"dump-02-virtual.txt": "http-nio-8090-exec-7 in dump-02-virtual.txt, tomcat-handler-1 in dump-02-virtual.txt",
	} {
		if got[source] != want {
			t.Errorf("%s has %q, want %q", source, got[source], want)
		}
	}
	if unparsed != 2 {
		t.Errorf("%d lines not understood, want one of each list", unparsed)
	}
	if tr := j.Dumps.Threads(); len(tr) != 2 {
		t.Errorf("%d threads over the dumps, want 2", len(tr))
	}
}
