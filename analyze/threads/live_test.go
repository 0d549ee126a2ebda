package threads

import (
	"bufio"
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// Dumps of real JVMs, of each JDK that brings its tools, by each way of asking.
func TestLive(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		pid := strconv.Itoa(startDemo(t, jdk))
		asks := [][]string{{"jcmd", pid, "Thread.print"}, {"jcmd", pid, "Thread.print", "-l"}, {"jstack", pid}, {"jstack", "-l", pid}}
		if jdk.Major >= 11 {
			asks = append(asks, []string{"jcmd", pid, "Thread.print", "-e"})
		}
		for _, ask := range asks {
			out, err := exec.CommandContext(t.Context(), livetest.Tool(t, jdk, ask[0]), ask[1:]...).Output()
			if err != nil {
				t.Fatalf("%v: %v", ask, err)
			}
			dumps, sum, err := ParseAll("live", bytes.NewReader(out))
			if err != nil || len(dumps) != 1 || sum.UnparsedLines != 0 || sum.OtherLines != 0 || dumps[0].Truncated {
				t.Fatalf("%v: %v, %+v", ask, err, sum)
			}
			checkLive(t, dumps[0], jdk.Major)
		}
	})
}

// startDemo runs the program until the test ends and waits for its word.
func startDemo(t *testing.T, jdk live.JDK) int {
	t.Helper()
	classes := livetest.Compile(t, jdk, filepath.Join(fixtures, "Demo.java"))
	cmd := exec.Command(filepath.Join(jdk.Home, "bin", "java"), "-cp", classes, "Demo")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() }) //nolint:errcheck // it is killed: that is its error
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatalf("demo printed %q: %v", line, err)
	}
	return cmd.Process.Pid
}

func checkLive(t *testing.T, d *Dump, major int) {
	t.Helper()
	byName := map[string]*Thread{}
	for _, th := range d.Threads {
		byName[th.Name] = th
	}
	g := NewLockGraph(d)
	var dead []string
	for _, dl := range g.Deadlocks() {
		for _, th := range dl.Threads {
			dead = append(dead, th.Name)
		}
	}
	slices.Sort(dead)
	if want := []string{"dead-1", "dead-2", "owns-1", "owns-2"}; !slices.Equal(dead, want) {
		t.Errorf("deadlocked %q", dead)
	}
	for name, want := range map[string]WaitKind{"dead-1": WaitLock, "owns-1": WaitLock, "wants-class": WaitLock, "spins": WaitRunning, "waits": WaitCondition, "new\nline": WaitSleep, "quote\" #7 daemon prio=5": WaitSleep} {
		th := byName[name]
		if th == nil {
			t.Errorf("no thread %q", name)
			continue
		}
		if w := Classify(th); w.Kind != want {
			t.Errorf("%q %s, want %v", name, w.Text, want)
		}
		timed := major >= 11 // JDK 8 tells no times of a thread
		if th.NID <= 0 || (th.CPU >= 0) != timed || (th.Elapsed > 0) != timed || th.TID == 0 || th.Num == 0 {
			t.Errorf("header of %q: %+v", name, th)
		}
	}
	if s := g.BlockedOn(byName["wants-class"]); s == nil || s.Owner != byName["quote\" #7 daemon prio=5"] {
		t.Errorf("the holder of the class's monitor is not found: %+v", s)
	}
	if major < 24 {
		return // the frames of mounted virtual threads are not in the dump
	}
	for _, th := range d.Threads {
		if th.Mounted != 0 && !slices.ContainsFunc(d.Threads, func(v *Thread) bool { return v.Carrier == th && v.Num == th.Mounted }) {
			t.Errorf("%q carries #%d, which is not there", th.Name, th.Mounted)
		}
	}
}
