package hostseries

import (
	"strings"
	"testing"
)

func TestColumnsAreUniqueAndTold(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Columns {
		if seen[c.Name] || c.Unit == "" || c.Doc == "" {
			t.Errorf("column %+v is doubled or lacks unit or doc", c)
		}
		seen[c.Name] = true
	}
	if len(Units()) != len(Columns) {
		t.Errorf("Units has %d of %d columns", len(Units()), len(Columns))
	}
}

func TestOfAndSplit(t *testing.T) {
	for _, subject := range []string{"sda", "cciss!c0d0", "eth0.100", "/system.slice/docker-1.scope"} {
		for _, c := range Columns {
			if !strings.Contains(c.Name, "*") {
				continue
			}
			pattern, got := Split(Of(c.Name, subject))
			if pattern != c.Name || got != subject {
				t.Errorf("Split(Of(%q, %q)) = %q, %q", c.Name, subject, pattern, got)
			}
		}
	}
	if pattern, subject := Split(CPUUser); pattern != CPUUser || subject != "" {
		t.Errorf("Split(%q) = %q, %q", CPUUser, pattern, subject)
	}
}

func TestSections(t *testing.T) {
	var b []byte
	b = AppendSection(b, "/sys/a", []byte("1\n"))
	b = AppendSection(b, "/sys/empty", nil)
	b = AppendSection(b, "/sys/b", []byte("x 1\n==> trap <==\n\n"))
	got, stray := Sections(b)
	want := []Section{{"/sys/a", "1", 1}, {"/sys/empty", "", 4}, {"/sys/b", "x 1\n ==> trap <==", 7}}
	if stray != 0 || len(got) != len(want) {
		t.Fatalf("Sections = %+v, %d stray", got, stray)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("section %d = %+v, want %+v", i, got[i], want[i])
		}
	}
	if _, stray := Sections([]byte("lost\n==> a <==\n")); stray != 1 {
		t.Errorf("stray = %d, want 1", stray)
	}
}

func FuzzSections(f *testing.F) {
	f.Add([]byte("==> /a <==\n1\n\n==> /b <==\n2\n"))
	f.Add([]byte("==> <==\n==> "))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _ := Sections(b)
		var again []byte
		for _, s := range list {
			again = AppendSection(again, s.Name, []byte(s.Content))
		}
		twice, stray := Sections(again)
		if stray != 0 || len(twice) != len(list) {
			t.Fatalf("%d sections became %d, %d stray", len(list), len(twice), stray)
		}
		for i := range list {
			if twice[i].Name != list[i].Name {
				t.Fatalf("name %q became %q", list[i].Name, twice[i].Name)
			}
		}
	})
}
