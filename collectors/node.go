package collectors

import (
	"os"
	"runtime"
	"strings"

	"casefile/bundle"
)

// nodeInfo describes this machine for the manifest.
func nodeInfo(name string) bundle.Node {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return bundle.Node{Name: name, OS: runtime.GOOS, Arch: runtime.GOARCH, Kernel: strings.TrimSpace(string(kernel))}
}
