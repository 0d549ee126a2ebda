package host

import (
	"bytes"
	"fmt"

	"github.com/prometheus/procfs"

	"casefile/bundle/format/hostseries"
)

// Fields of /proc/diskstats after the name, which every kernel has
// (Documentation/admin-guide/iostats.rst). Times are milliseconds.
const (
	diskReads = iota
	_         // reads merged
	diskReadSectors
	diskReadTime
	diskWrites
	_ // writes merged
	diskWriteSectors
	diskWriteTime
	diskInFlight
	diskIOTime
	diskWeightedTime
	diskFields
)

var diskColumns = []struct {
	field  int
	column string
	unit   float64
}{
	{diskReads, hostseries.DiskReads, 1},
	{diskReadSectors, hostseries.DiskReadBytes, sectorBytes},
	{diskReadTime, hostseries.DiskReadTime, 1e-3},
	{diskWrites, hostseries.DiskWrites, 1},
	{diskWriteSectors, hostseries.DiskWriteBytes, sectorBytes},
	{diskWriteTime, hostseries.DiskWriteTime, 1e-3},
	{diskInFlight, hostseries.DiskInFlight, 1},
	{diskIOTime, hostseries.DiskIOTime, 1e-3},
	{diskWeightedTime, hostseries.DiskWeightedTime, 1e-3},
}

// diskLine splits "major minor name fields...".
func diskLine(line []byte) (name string, v [diskFields]float64, ok bool) {
	f := bytes.Fields(line)
	if len(f) < 3+int(diskFields) {
		return "", v, false
	}
	for i := range v {
		if v[i], ok = number(f[3+i]); !ok {
			return "", v, false
		}
	}
	return string(f[2]), v, true
}

// diskStats parses only the disks it follows: a storage server has thousands.
func (s *sampler) diskStats(out map[string]float64) error {
	b, err := s.file("/proc/diskstats")
	if err != nil {
		return err
	}
	for line := range bytes.Lines(b) {
		if !s.follows(line) {
			continue
		}
		name, v, ok := diskLine(line)
		if !ok {
			return fmt.Errorf("line not understood: %.80q", line)
		}
		for _, c := range diskColumns {
			out[hostseries.Of(c.column, name)] = v[c.field] * c.unit
		}
	}
	return nil
}

// follows reports whether the third word of the line is a chosen disk.
func (s *sampler) follows(line []byte) bool {
	n := 0
	for word := range bytes.FieldsSeq(line) {
		if n++; n == 3 {
			return s.disks[string(word)]
		}
	}
	return false
}

// netDev reads /proc/net/dev.
func (r *run) netDev() (procfs.NetDev, error) {
	fs, err := procfs.NewFS(r.at("/proc"))
	if err != nil {
		return nil, err
	}
	return fs.NetDev()
}

func (s *sampler) netDevs(out map[string]float64) error {
	all, err := s.fs.NetDev()
	if err != nil {
		return err
	}
	for _, name := range s.nics {
		d, there := all[name]
		if !there {
			continue
		}
		put := func(column string, v uint64) { out[hostseries.Of(column, name)] = float64(v) }
		put(hostseries.NetRxBytes, d.RxBytes)
		put(hostseries.NetRxPackets, d.RxPackets)
		put(hostseries.NetRxErrors, d.RxErrors)
		put(hostseries.NetRxDrops, d.RxDropped)
		put(hostseries.NetTxBytes, d.TxBytes)
		put(hostseries.NetTxPackets, d.TxPackets)
		put(hostseries.NetTxErrors, d.TxErrors)
		put(hostseries.NetTxDrops, d.TxDropped)
	}
	return nil
}

var (
	snmpKeys = map[string]string{"Tcp.InSegs": hostseries.TCPInSegments, "Tcp.OutSegs": hostseries.TCPOutSegments,
		"Tcp.RetransSegs": hostseries.TCPRetransmits, "Tcp.CurrEstab": hostseries.TCPEstablished}
	netstatKeys = map[string]string{"TcpExt.ListenOverflows": hostseries.TCPListenOverflows, "TcpExt.ListenDrops": hostseries.TCPListenDrops}
)

func (s *sampler) snmp(out map[string]float64) error {
	return s.pairs("/proc/net/snmp", "Tcp", snmpKeys, out)
}

func (s *sampler) netstat(out map[string]float64) error {
	return s.pairs("/proc/net/netstat", "TcpExt", netstatKeys, out)
}

// pairs reads one table of a file in which each table has a line of names and a
// line of values:
//
//	Tcp: RtoAlgorithm RtoMin RtoMax ...
//	Tcp: 1 200 120000 ...
func (s *sampler) pairs(file, table string, keys map[string]string, out map[string]float64) error {
	b, err := s.file(file)
	if err != nil {
		return err
	}
	var names [][]byte
	for line := range bytes.Lines(b) {
		label, rest, ok := bytes.Cut(line, []byte(":"))
		if !ok || string(label) != table {
			continue
		}
		f := bytes.Fields(rest)
		if names == nil {
			names = f
			continue
		}
		if len(f) != len(names) {
			return fmt.Errorf("%s: %d names, %d values", table, len(names), len(f))
		}
		for i, name := range names {
			if column, ok := keys[table+"."+string(name)]; ok {
				if v, ok := number(f[i]); ok {
					out[column] = v
				}
			}
		}
		return nil
	}
	return fmt.Errorf("no table %s", table)
}
