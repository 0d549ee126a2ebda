package hsperf

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program that says it is up, then waits for the end of its input.
const program = `public class Up {
  public static void main(String[] a) throws Exception { System.out.println("up"); System.in.read(); }
}`

func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts JVMs")
	}
	jdks, _ := filepath.Glob("/usr/lib/jvm/*/bin/java")
	seen := map[string]bool{}
	for _, java := range jdks {
		real, err := filepath.EvalSymlinks(java)
		if err != nil || seen[real] {
			continue
		}
		seen[real] = true
		t.Run(filepath.Base(filepath.Dir(filepath.Dir(real))), func(t *testing.T) { readLive(t, real) })
	}
	if len(seen) == 0 {
		t.Skip("no JDK in /usr/lib/jvm")
	}
}

func readLive(t *testing.T, java string) {
	source := filepath.Join(t.TempDir(), "Up.java")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(java, "-Xmx64m", "-XX:+UsePerfData", "-Dmark.of.test=4711", source)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = cmd.Wait() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "up\n" {
		t.Fatalf("JVM said %q, %v", line, err)
	}
	files, _ := filepath.Glob(fmt.Sprintf("/tmp/hsperfdata_*/%d", cmd.Process.Pid))
	if len(files) != 1 {
		t.Skipf("no hsperfdata file for pid %d", cmd.Process.Pid)
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
