package threads

import (
	"slices"
	"strings"
	"testing"
)

// A virtual thread that a carrier runs is in the dump with its frames (25) or by its number alone (21), and in the list.
func TestAddVirtual(t *testing.T) {
	const list = "4711\n2026-01-05T10:00:00.1Z\n25.0.3+9-LTS\n\n#22 \"main\" WAITING 2026-01-05T10:00:00.2Z\n    at a.Main.main(Main.java:1)\n\n" +
		"#41 \"vt-1\" virtual RUNNABLE 2026-01-05T10:00:00.2Z\n    at a.Work.late(Work.java:9)\n\n#42 \"\" virtual WAITING 2026-01-05T10:00:00.2Z\n    at a.Work.waits(Work.java:5)\n\n"
	const head = "2026-01-05 10:00:00\nFull thread dump OpenJDK 64-Bit Server VM (25.0.3+9-LTS mixed mode, sharing):\n\n" +
		"\"ForkJoinPool-1-worker-1\" #35 [4800] daemon prio=5 os_prio=0 cpu=1.00ms elapsed=2.00s tid=0x00007f0000001000  [0x00007f0000000000]\n   Carrying virtual thread #41\n\tat jdk.internal.vm.Continuation.run(java.base@25.0.3/Continuation.java:251)\n"
	const mounted = "   Mounted virtual thread #41\n\tat a.Work.run(Work.java:3)\n"
	for name, c := range map[string]struct{ dump, frame string }{
		"25": {head + mounted + "\nJNI global refs: 1, weak refs: 0\n", "a.Work.run"},
		"21": {head + "\nJNI global refs: 1, weak refs: 0\n", "a.Work.late"},
	} {
		t.Run(name, func(t *testing.T) {
			d, l := one(t, "dump.txt", c.dump), one(t, "list.txt", list)
			d.AddVirtual(l)
			var names []string
			for _, th := range d.Threads {
				names = append(names, th.Name)
				if th.Num == 41 && (th.Carrier == nil || th.Carrier.Num != 35 || th.Stack.Top() != c.frame) {
					t.Errorf("carried by %v in %s", th.Carrier, th.Stack.Top())
				}
			}
			if want := []string{"ForkJoinPool-1-worker-1", "vt-1", "virtual #42"}; !slices.Equal(names, want) {
				t.Errorf("threads %q, want %q", names, want)
			}
		})
	}
}

func one(t *testing.T, source, text string) *Dump {
	t.Helper()
	dumps, sum, err := ParseAll(source, strings.NewReader(text))
	if err != nil || len(dumps) != 1 || sum.UnparsedLines != 0 {
		t.Fatalf("%d dumps, %+v, %v", len(dumps), sum, err)
	}
	return dumps[0]
}
