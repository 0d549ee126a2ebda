package jfr

import "strings"

// lockClasses begin the names of classes that threads park at while another one holds a lock. Threads that park elsewhere wait for
// work, a result or a time.
var lockClasses = []string{
	"java.util.concurrent.locks.ReentrantLock$",
	"java.util.concurrent.locks.ReentrantReadWriteLock$",
	"java.util.concurrent.locks.StampedLock",
	"java.util.concurrent.Semaphore$",
}

// IsLock reports whether threads that park at an object of the class contend for a lock.
func IsLock(class string) bool {
	for _, l := range lockClasses {
		if strings.HasPrefix(class, l) {
			return true
		}
	}
	return false
}
