package capacity

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// lockDumps are dumps of a lock: how many wait in each, of which -1 has nobody inside.
func lockDumps(t *testing.T, waiting ...int) *analyze.JVM {
	t.Helper()
	var b strings.Builder
	for k, n := range waiting {
		fmt.Fprintf(&b, "2024-03-01 09:00:%02d\nFull thread dump OpenJDK 64-Bit Server VM (21.0.2+13 mixed mode):\n\n", 2*k)
		for i := range 20 {
			fmt.Fprintf(&b, "\"http-nio-8080-exec-%d\" #%d daemon prio=5 os_prio=0 cpu=%d.00ms elapsed=9.00s tid=0x%016x nid=%d ", i+1, i+20, 10+k, 0x7000+i, 100+i)
			switch {
			case i == 0 && n >= 0:
				b.WriteString("waiting on condition\n   java.lang.Thread.State: TIMED_WAITING (sleeping)\n\tat java.lang.Thread.sleep(Native Method)\n" +
					"\tat com.acme.Cache.get(Cache.java:9)\n\t- locked <0x00000000f6031190> (a java.lang.Object)\n\tat com.acme.Shop.serve(Shop.java:5)\n\n")
			case i > 0 && i <= n:
				b.WriteString("waiting for monitor entry\n   java.lang.Thread.State: BLOCKED (on object monitor)\n" +
					"\tat com.acme.Cache.get(Cache.java:8)\n\t- waiting to lock <0x00000000f6031190> (a java.lang.Object)\n\tat com.acme.Shop.serve(Shop.java:5)\n\n")
			default:
				b.WriteString("waiting on condition\n   java.lang.Thread.State: WAITING (parking)\n\tat jdk.internal.misc.Unsafe.park(Native Method)\n" +
					"\tat java.util.concurrent.LinkedBlockingQueue.take(LinkedBlockingQueue.java:1)\n\tat java.lang.Thread.run(Thread.java:1)\n\n")
			}
		}
	}
	dumps, _, err := threads.ParseAll("dumps.txt", strings.NewReader(b.String()))
	if err != nil || len(dumps) != len(waiting) {
		t.Fatal(len(dumps), err)
	}
	return &analyze.JVM{Node: &analyze.Node{Name: "n1"}, Target: "1-shop", Dumps: threads.NewSeries(dumps, nil)}
}

// Dumps in which the lock is held count as those in which threads wait for it.
func TestLocksAreCounted(t *testing.T) {
	got := ofLocks(lockDumps(t, 0, 2, -1, 0, 1, -1))
	if len(got) != 1 || got[0].Title() != "the lock at Object in Cache.get of n1" || got[0].Text != say.Number(0.5)+" threads wait for it on average; held in 4 of 6 dumps" {
		t.Fatalf("%+v", got)
	}
	if none := ofLocks(lockDumps(t, -1, -1, -1)); len(none) > 0 {
		t.Errorf("%+v", none)
	}
}

// Looks at a simulated lock give bounds that hold how much it is used, in nine of ten at least.
func TestLockBoundsHoldTheTruth(t *testing.T) {
	for _, looks := range []int{6, 20} {
		for _, use := range []float64{0.3, 0.5, 0.75, 0.9} {
			held, seen := 0, 0
			const tries = 300
			for try := range tries {
				waiting, shown := lookAt(use, looks, uint64(try))
				if waiting == 0 {
					continue // then it is not named
				}
				seen++
				if got := lockUsed(waiting, shown, looks); use >= got.Low && use <= got.High {
					held++
				}
			}
			if held < seen*88/100 {
				t.Errorf("%d looks at a lock in use for %.2f of the time: the bounds hold it in %d of %d", looks, use, held, seen)
			}
		}
	}
}

// lookAt looks at a lock with random arrivals and holds that differ by half, at moments far apart.
func lookAt(use float64, looks int, seed uint64) (waiting float64, shown int) {
	r := rand.New(rand.NewPCG(seed, uint64(1000*use))) //nolint:gosec // a simulation
	var clock, free, next float64
	var ends []float64 // of those that are in or wait
	const apart = 250
	next = apart
	for looked := 0; looked < looks; {
		clock += r.ExpFloat64() / use
		for ; clock > next && looked < looks; next += apart {
			looked++
			in := 0
			for _, end := range ends {
				if end > next {
					in++
				}
			}
			if in > 0 {
				shown++
				waiting += float64(in-1) / float64(looks)
			}
		}
		free = max(clock, free) + 0.5 + r.Float64()
		ends = append(ends, free)
		for len(ends) > 0 && ends[0] <= clock {
			ends = ends[1:]
		}
	}
	return waiting, shown
}
