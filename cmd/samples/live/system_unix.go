//go:build unix

package live

import (
	"os"
	"syscall"
)

// terminate asks the process to end; SIGCONT so that a stopped one can.
func terminate(p *os.Process) {
	_ = p.Signal(syscall.SIGTERM) // it may have ended: then there is nothing to do
	_ = p.Signal(syscall.SIGCONT)
}

func kill(p *os.Process) { _ = p.Kill() }
