package agent

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// rest gives back what a capture needed: the heap, and the pages of the program
// itself, which come back from the page cache one by one when they are run again. An
// idle agent is a small one.
func rest() {
	debug.FreeOSMemory()
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(maps)) {
		// 00400000-00a1c000 r-xp 00000000 fe:00 1234   /usr/local/bin/casefile
		f := strings.Fields(line)
		if len(f) != 6 || f[1] != "r-xp" || f[5] != exe { // what may have been written to must stay
			continue
		}
		var from, to uintptr
		if _, err := fmt.Sscanf(f[0], "%x-%x", &from, &to); err == nil {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED) // no harm where it is refused
		}
	}
}
