package agent

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// restAfter is how long the connections over which a capture was fetched have to close.
const restAfter = 5 * time.Second

// restSoon gives back memory once a capture is gone, unless the next one runs then.
func (n *Node) restSoon() {
	time.AfterFunc(restAfter, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, c := range n.captures {
			if !c.now().status.State.ended() {
				return
			}
		}
		rest()
	})
}

// rest gives back what a capture needed: the heap, and the pages of the program
// itself, which come back from the page cache one by one when they are used again. An
// idle agent is a small one.
func rest() {
	runtime.GC() // what pools hold goes at the second collection
	debug.FreeOSMemory()
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	areas, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, a := range untouched(string(areas), exe) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, a.from, a.to-a.from, unix.MADV_DONTNEED) // no harm where it is refused
	}
}

// area is a range of addresses of this process.
type area struct{ from, to uintptr }

// untouched are the areas of a program, by /proc/PID/smaps, that cannot be written to and have no page of their own: each page
// is as the file has it.
func untouched(smaps, program string) (list []area) {
	var of *area
	for line := range strings.Lines(smaps) {
		// 00400000-00a1c000 r-xp 00000000 fe:00 1234   /usr/local/bin/casefile
		// Anonymous:             0 kB
		f := strings.Fields(line)
		switch {
		case len(f) >= 5 && !strings.HasSuffix(f[0], ":"):
			var a area
			_, err := fmt.Sscanf(f[0], "%x-%x", &a.from, &a.to)
			if of = nil; err == nil && len(f) == 6 && f[1][1] == '-' && f[5] == program {
				of = &a
			}
		case of != nil && len(f) == 3 && f[0] == "Anonymous:" && f[1] == "0":
			list = append(list, *of)
		}
	}
	return list
}
