package goproc

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// process is one local Go process.
type process struct {
	pid  int
	dir  string // /proc/PID
	name string // of its executable
	info *buildinfo.BuildInfo
	// pprof tells that net/http/pprof is linked in.
	pprof   bool
	listens []netip.AddrPort
	// foreignNet tells that its network namespace is not casefile's.
	foreignNet bool
}

func (p *process) target() string { return fmt.Sprintf("%d-%s", p.pid, p.name) }

func (p *process) title() string {
	module := p.info.Main.Path
	if v := p.info.Main.Version; v != "" && v != "(devel)" {
		module += " " + v
	}
	parts := []string{p.name}
	if module != "" && module != p.name {
		parts = append(parts, module)
	}
	return strings.Join(append(parts, strings.Replace(p.info.GoVersion, "go", "Go ", 1), fmt.Sprintf("pid %d", p.pid)), ", ")
}

// maxProcFile bounds what is read of one file of /proc.
const maxProcFile = 4 << 20

// read returns a file of the process's folder, empty when it cannot be read.
func (p *process) read(name string) []byte {
	b, _ := p.readFile(name)
	return b
}

func (p *process) readFile(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(p.dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxProcFile))
}

// commandLine has one argument a line, as the other collectors write it.
func commandLine(nul []byte) []byte {
	return append(bytes.ReplaceAll(bytes.TrimRight(nul, "\x00"), []byte{0}, []byte{'\n'}), '\n')
}
