package host

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
)

const (
	maxDisks      = 48
	maxInterfaces = 32
	sectorBytes   = 512 // /proc/diskstats counts these whatever the disk has
)

// ranked is a device and how much it has done since boot.
type ranked struct {
	name string
	work float64
}

// busiest returns the names of the devices that did most, in order of name, and
// how many were left out.
func busiest(list []ranked, limit int) (names []string, more int) {
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.work, a.work), strings.Compare(a.name, b.name)) })
	more = max(0, len(list)-limit)
	for _, d := range list[:len(list)-more] {
		names = append(names, d.name)
	}
	slices.Sort(names)
	return names, more
}

// pickDisks chooses whole disks that have ever been used: no partitions.
func (r *run) pickDisks() []string {
	b, err := r.read("/proc/diskstats", maxFile)
	if err != nil {
		return nil // told by the sampler
	}
	var list []ranked
	for line := range bytes.Lines(b) {
		name, v, ok := diskLine(line)
		if !ok || v[diskReads]+v[diskWrites] == 0 || r.exists("/sys/class/block/"+sysName(name)+"/partition") {
			continue
		}
		list = append(list, ranked{name, v[diskReads] + v[diskWrites]})
	}
	names, more := busiest(list, maxDisks)
	if more > 0 {
		r.scope.Skip("disks beyond the busiest", entries.TooLarge, fmt.Sprintf("%d disks are not in the series", more), "see diskstats.txt at the start and the end")
	}
	return names
}

// pickInterfaces chooses the network interfaces that carried most.
func (r *run) pickInterfaces() []string {
	dev, err := r.netDev()
	if err != nil {
		return nil // told by the sampler
	}
	var list []ranked
	for name, d := range dev {
		if d.RxPackets+d.TxPackets > 0 {
			list = append(list, ranked{name, float64(d.RxBytes) + float64(d.TxBytes)})
		}
	}
	names, more := busiest(list, maxInterfaces)
	if more > 0 {
		r.scope.Skip("interfaces beyond the busiest", entries.TooLarge, fmt.Sprintf("%d network interfaces are not in the series", more), "see net-dev.txt at the start and the end")
	}
	return names
}

// interrupts stores /proc/interrupts and softirqs added up over the CPUs: the
// table itself has a column for each.
func (r *run) interrupts(folder string) {
	for _, s := range []snapshot{{"/proc/interrupts", hostseries.Interrupts, itemLoad}, {"/proc/softirqs", hostseries.SoftIRQs, itemLoad}} {
		b, err := r.read(s.file, maxFile)
		if err != nil {
			r.note(s.item, err)
			continue
		}
		r.add(folder+s.entry, s.item, s.file+", added up over CPUs", sumInterrupts(b))
	}
}

// sumInterrupts turns "NN: n0 n1 ... chip name" into "NN: sum chip name".
func sumInterrupts(b []byte) []byte {
	var out []byte
	for line := range bytes.Lines(b) {
		label, rest, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue // the heading
		}
		f := bytes.Fields(rest)
		var sum float64
		n := 0
		for ; n < len(f); n++ {
			v, ok := number(f[n])
			if !ok {
				break
			}
			sum += v
		}
		out = fmt.Appendf(out, "%s: %.0f", bytes.TrimSpace(label), sum)
		for _, w := range f[n:] {
			out = append(append(out, ' '), w...)
		}
		out = append(out, '\n')
	}
	return out
}
