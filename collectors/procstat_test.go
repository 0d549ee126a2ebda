package collectors

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/procfs"
)

const statLine = "42 (x) (y z) R 1 42 42 0 -1 4194560 100 0 5 0 70 30 0 0 20 0 9 0 12345 104857600 77 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 3 0 0 0 0 0\n"

func TestParseStat(t *testing.T) {
	want := Stat{Comm: "x) (y z", State: 'R', PPID: 1, MajorFaults: 5, User: 70, System: 30, Threads: 9, Started: 12345, VirtualBytes: 100 << 20, ResidentPages: 77, Processor: 3}
	if s, err := ParseStat([]byte(statLine)); err != nil || s != want || s.CPU().Seconds() != 1 {
		t.Errorf("got %+v, %v; want %+v", s, err, want)
	}
	short := strings.Join(strings.Fields(statLine)[:26], " ") // the name has two blanks
	want.Processor = -1
	if s, err := ParseStat([]byte(short)); err != nil || s != want {
		t.Errorf("without the processor: %+v, %v; want %+v", s, err, want)
	}
	for _, bad := range []string{"", "1 (x", "1 )x(", "1 (x) R 1 2", "1 (x) R", "1 (x)", "1 ()",
		strings.Replace(statLine, " R ", " 7 ", 1), strings.Replace(statLine, " 70 ", " a ", 1), strings.Replace(statLine, " 70 ", " -1 ", 1), strings.Replace(statLine, "12345", "18446744073709551616", 1)} {
		if s, err := ParseStat([]byte(bad)); err == nil {
			t.Errorf("%q: %+v, want an error", bad, s)
		}
	}
}

// What we read of ourselves is what the library reads that knows every field.
func TestReadStat(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here: ", err)
	}
	s, err := ReadStat("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	p, err := procfs.Self()
	if err != nil {
		t.Fatal(err)
	}
	other, err := p.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if s.Comm != other.Comm || s.PPID != other.PPID || s.Started != other.Starttime || s.User > uint64(other.UTime) || s.System > uint64(other.STime) || s.Threads == 0 ||
		s.VirtualBytes == 0 || s.ResidentPages == 0 || s.Processor < 0 {
		t.Errorf("got %+v, the library %+v", s, other)
	}
	if _, err := ReadStat(t.TempDir() + "/stat"); !os.IsNotExist(err) {
		t.Errorf("a process that is gone: %v", err)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statLine))
	f.Add([]byte("1 (a) S 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ParseStat(b); err == nil && (s.State == 0 || !strings.Contains(string(b), "("+s.Comm+")")) {
			t.Errorf("%q: %+v", b, s)
		}
	})
}

func BenchmarkParseStat(b *testing.B) {
	line := []byte(statLine)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseStat(line); err != nil {
			b.Fatal(err)
		}
	}
}
