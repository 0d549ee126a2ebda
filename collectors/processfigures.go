package collectors

import (
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/procfs"

	"casefile/bundle/format/entries"
)

// maxPIDs is the kernel's limit for process and thread ids, PID_MAX_LIMIT of include/linux/threads.h.
const maxPIDs = 4 << 20

// ProcessFigures reads entries.ProcessColumns of one process, again and again.
type ProcessFigures struct {
	dir  string
	proc procfs.Proc
}

// NewProcessFigures prepares for the process whose folder below /proc is dir.
func NewProcessFigures(dir string, pid int) (*ProcessFigures, error) {
	root, err := procfs.NewFS(filepath.Dir(dir))
	if err != nil {
		return nil, err
	}
	proc, err := root.Proc(pid)
	return &ProcessFigures{dir: dir, proc: proc}, err
}

// Read gives what can be read now, by the names of columns: an error only when
// the process cannot be seen at all. What needs more rights is left out.
func (p *ProcessFigures) Read() (map[string]float64, Stat, error) {
	stat, err := ReadStat(filepath.Join(p.dir, "stat"))
	if err != nil {
		return nil, stat, err
	}
	seconds := func(ticks uint64) float64 { return (time.Duration(ticks) * ClockTick).Seconds() }
	v := map[string]float64{
		entries.CPUUser: seconds(stat.User), entries.CPUSystem: seconds(stat.System),
		entries.Threads: float64(stat.Threads), entries.MajorFaults: float64(stat.MajorFaults),
		entries.Resident: float64(stat.ResidentPages) * float64(os.Getpagesize()), entries.Virtual: float64(stat.VirtualBytes),
	}
	if n, err := p.proc.FileDescriptorsLen(); err == nil {
		v[entries.OpenFiles] = float64(n)
	}
	if l, err := p.proc.Limits(); err == nil {
		if l.OpenFiles < math.MaxUint64 { // that much is "unlimited"
			v[entries.FileLimit] = float64(l.OpenFiles)
		}
		v[entries.ThreadLimit] = float64(min(l.Processes, maxPIDs))
	}
	if io, err := p.proc.IO(); err == nil {
		v[entries.ReadBytes], v[entries.WrittenBytes] = float64(io.ReadBytes), float64(io.WriteBytes)
	}
	if st, err := p.proc.NewStatus(); err == nil {
		v[entries.SwappedOut] = float64(st.VmSwap)
		v[entries.OwnSwitches] = float64(st.VoluntaryCtxtSwitches)
		v[entries.TakenSwitches] = float64(st.NonVoluntaryCtxtSwitches)
	}
	return v, stat, nil
}
