package collectors

import "syscall"

// ownUsage is the CPU time of this process and its children, and the largest
// memory it held.
func ownUsage() (cpuSeconds float64, maxRSS int64) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err == nil {
			cpuSeconds += float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
			maxRSS = max(maxRSS, u.Maxrss*1024)
		}
	}
	return cpuSeconds, maxRSS
}
