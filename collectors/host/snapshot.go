package host

import (
	"encoding/json"
	"time"

	"casefile/bundle/format/hostseries"
	"casefile/collectors"
)

// snapshot is a file that is stored as it is.
type snapshot struct{ file, entry, item string }

var onceFiles = []snapshot{
	{"/proc/cpuinfo", hostseries.CPUInfo, itemSystem},
	{"/proc/version", hostseries.Version, itemSystem},
	{"/etc/os-release", hostseries.OSRelease, itemSystem},
	{"/proc/self/mountinfo", hostseries.MountInfo, itemSpace},
	{"/proc/self/limits", hostseries.Limits, itemLimits},
}

var movingFiles = []snapshot{
	{"/proc/stat", hostseries.Stat, itemLoad},
	{"/proc/meminfo", hostseries.MemInfo, itemMemory},
	{"/proc/vmstat", hostseries.VMStat, itemMemory},
	{"/proc/loadavg", hostseries.LoadAvg, itemLoad},
	{"/proc/uptime", hostseries.Uptime, itemLoad},
	{"/proc/diskstats", hostseries.DiskStats, itemDisks},
	{"/proc/net/dev", hostseries.NetDev, itemNetwork},
	{"/proc/net/snmp", hostseries.NetSNMP, itemNetwork},
	{"/proc/net/netstat", hostseries.NetStat, itemNetwork},
	{"/proc/net/sockstat", hostseries.SockStat, itemNetwork},
	{"/proc/net/sockstat6", hostseries.SockStat6, itemNetwork},
	{"/proc/sys/fs/file-nr", hostseries.FileNr, itemLimits},
}

func (r *run) snapshots(list []snapshot, folder string) {
	for _, s := range list {
		began := time.Now()
		b, err := r.read(s.file, maxFile)
		if err != nil {
			r.note(s.item, err)
			continue
		}
		e := collectors.Evidence{Name: folder + s.entry, Item: s.item, Source: s.file, Started: began, Ended: time.Now()}
		if len(b) == maxFile {
			e.Truncated = "first 4 MB kept"
		}
		r.scope.Add(e, b)
	}
}

// add stores content that casefile put together.
func (r *run) add(entry, item, source string, content []byte) {
	r.scope.Add(collectors.Evidence{Name: entry, Item: item, Source: source, Started: time.Now()}, content)
}

func (r *run) addJSON(entry, item, source string, v any) {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		r.scope.LostErr(item, err)
		return
	}
	r.add(entry, item, source, append(b, '\n'))
}

// gather stores many small files as one entry. What is not there is left out;
// with nothing at all, the first error tells why.
func (r *run) gather(entry, item, source string, names []string) {
	var out []byte
	var why error
	began := time.Now()
	for _, name := range names {
		b, err := r.read(name, 1<<20)
		switch {
		case err == nil:
			out = hostseries.AppendSection(out, name, b)
		case why == nil, missing(why) && !missing(err):
			why = err
		}
	}
	if why != nil && (len(out) == 0 || !missing(why)) {
		r.note(item, why)
	}
	if len(out) > 0 {
		r.scope.Add(collectors.Evidence{Name: entry, Item: item, Source: source, Started: began, Ended: time.Now()}, out)
	}
}

func (r *run) pressure(folder string) {
	r.gather(folder+hostseries.Pressure, itemPressure, "/proc/pressure",
		[]string{"/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io"})
}
