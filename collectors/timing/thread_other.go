//go:build !linux

package timing

import "time"

func threadSleep(d time.Duration) { time.Sleep(d) }

func threadCPU() (time.Duration, bool) { return 0, false }
