//go:build !linux

package collectors

func ownUsage() (cpuSeconds float64, maxRSS int64) { return 0, 0 }
