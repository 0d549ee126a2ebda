package collectors

import (
	"os"
	"runtime"
	"strings"

	"casefile/bundle"
)

// NodeInfo describes this machine for the manifest.
func NodeInfo(name string) bundle.Node {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return bundle.Node{Name: name, OS: runtime.GOOS, Arch: runtime.GOARCH, Kernel: strings.TrimSpace(string(kernel))}
}
