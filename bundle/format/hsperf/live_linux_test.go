package hsperf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

func TestLive(t *testing.T) {
	livetest.Each(t, readLive)
}

func readLive(t *testing.T, jdk live.JDK) {
	p := livetest.Start(t, jdk, "threads", live.Options{JVM: []string{"-XX:+UsePerfData", "-Dmark.of.test=4711"}})
	files, _ := filepath.Glob(fmt.Sprintf("/tmp/hsperfdata_*/%d", p.PID))
	if len(files) != 1 {
		t.Skipf("no hsperfdata file for pid %d", p.PID)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Accessible || len(s.Entries) < 150 {
		t.Errorf("accessible %v, %d entries", s.Accessible, len(s.Entries))
	}
	if hz, ok := s.Int("sun.os.hrt.frequency"); !ok || hz <= 0 {
		t.Errorf("frequency %d, %v", hz, ok)
	}
	if args, ok := s.Str("java.rt.vmArgs"); !ok || !strings.Contains(args, "-Dmark.of.test=4711") {
		t.Errorf("java.rt.vmArgs %q, %v", args, ok)
	}
	for e := range s.All() {
		if !e.IsInt() && !e.IsString {
			t.Errorf("%s: type %q with vector length %d has no value", e.Name, e.Type, e.VectorLen)
		}
	}
	layout, err := s.Layout()
	if err != nil {
		t.Fatal(err)
	}
	if err := layout.Read(b, make([]int64, layout.Len())); err != nil {
		t.Error(err)
	}
}
