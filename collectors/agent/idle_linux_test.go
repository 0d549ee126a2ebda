package agent

import (
	"os"
	"slices"
	"testing"
)

func TestUntouched(t *testing.T) {
	const smaps = `00400000-01201000 r-xp 00000000 fe:00 7   /opt/casefile
Rss:                2304 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
01201000-01f1c000 r--p 00e01000 fe:00 7   /opt/casefile
Anonymous:             0 kB
01f1c000-01f20000 r--p 01b1c000 fe:00 7   /opt/casefile
Anonymous:             4 kB
01f20000-01ff6000 rw-p 01b20000 fe:00 7   /opt/casefile
Anonymous:             0 kB
7f2a8f66e000-7f2a8fa00000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f2ad6205000-7f2ad6249000 r--p 00000000 fe:00 9   /opt/other
Anonymous:             0 kB
`
	want := []area{{0x400000, 0x1201000}, {0x1201000, 0x1f1c000}}
	if got := untouched(smaps, "/opt/casefile"); !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// A process that has given back its program's pages goes on as before.
func TestRestHarmsNothing(t *testing.T) {
	own, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Skip(err)
	}
	if len(untouched(string(own), exe)) == 0 {
		t.Fatal("no area of this program is found")
	}
	rest()
	TestUntouched(t)
}
