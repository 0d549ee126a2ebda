package host

import (
	"slices"
	"strings"

	"casefile/bundle/format/budget"
	"casefile/bundle/format/hostseries"
)

// leastRequests is how many requests a window needs for its latency to count.
const leastRequests = 10

func (l *loader) disks() {
	devices := l.sections(hostseries.Devices)
	for _, name := range l.subjects(hostseries.DiskIOTime) {
		col := func(pattern string) string { return hostseries.Of(pattern, name) }
		one := func(pattern string) []string { return []string{col(pattern)} }
		dir := "/sys/class/block/" + strings.ReplaceAll(name, "/", "!")
		d := Disk{Name: name,
			BusyPercent:  l.rate(100, col(hostseries.DiskIOTime)),
			ReadLatency:  l.ratio(1000, leastRequests, one(hostseries.DiskReadTime), one(hostseries.DiskReads)),
			WriteLatency: l.ratio(1000, leastRequests, one(hostseries.DiskWriteTime), one(hostseries.DiskWrites)),
			ReadRate:     l.rate(1, col(hostseries.DiskReadBytes)),
			WriteRate:    l.rate(1, col(hostseries.DiskWriteBytes)),
			Requests:     l.rate(1, col(hostseries.DiskReads), col(hostseries.DiskWrites)),
			Queue:        l.rate(1, col(hostseries.DiskWeightedTime)),
			Rotational:   devices[dir+"/queue/rotational"],
			Model:        devices[dir+"/device/model"],
		}
		l.facts.Disks = append(l.facts.Disks, d)
	}
}

// kinds of file systems by type; what is not listed is on a disk.
var kinds = []struct {
	kind  string
	types []string
}{
	{"network", []string{"nfs", "nfs4", "cifs", "smb3", "smbfs", "glusterfs", "fuse.glusterfs", "ceph", "fuse.ceph", "fuse.ceph-fuse", "lustre", "gpfs",
		"beegfs", "afs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.blobfuse", "fuse.blobfuse2", "fuse.gcsfuse", "fuse.mount-s3", "9p", "orangefs", "quobyte"}},
	{"overlay", []string{"overlay", "aufs", "fuse.fuse-overlayfs", "unionfs"}},
	{"memory", []string{"tmpfs", "ramfs"}},
	{"image", []string{"squashfs", "iso9660", "erofs", "udf", "cramfs", "romfs", "fuse.snapfuse"}},
}

func kindOf(fsType string) string {
	for _, k := range kinds {
		if slices.Contains(k.types, fsType) {
			return k.kind
		}
	}
	return "disk"
}

func (l *loader) fileSystems() {
	b, name, ok := l.newest(hostseries.Disks)
	if !ok {
		return
	}
	var list []hostseries.Filesystem
	if err := budget.Unmarshal(b, &list); err != nil {
		l.fail(name, err)
		return
	}
	before, options := l.sizesBefore(name), l.mountOptions()
	for i, f := range list {
		out := FileSystem{Filesystem: f, Kind: kindOf(f.Type), Ref: Ref{Source: name, Line: lineOf(b, i), Key: f.Mount}}
		out.Real = f.Total > 0 && !f.ReadOnly && (out.Kind == "disk" || out.Kind == "network" || out.Kind == "overlay")
		if usable := f.Total - min(f.Free, f.Total) + f.Available; f.Error == "" && usable > 0 {
			out.FreePercent = Number{100 * float64(f.Available) / float64(usable), out.Ref}
		}
		if f.Error == "" {
			out.InodesFreePercent = Number{100, out.Ref}
			if f.Inodes > 0 {
				out.InodesFreePercent.Value = 100 * float64(min(f.InodesFree, f.Inodes)) / float64(f.Inodes)
			}
		}
		if old, known := before[f.Mount]; known && f.Error == "" && l.facts.Span > 0 {
			out.Growth = Number{(float64(old.Free) - float64(f.Free)) / l.facts.Span.Seconds(), out.Ref}
		}
		out.Options = options[f.Mount]
		l.facts.FileSystems = append(l.facts.FileSystems, out)
	}
}

// mountOptions reads the options of each mount point:
//
//	36 35 98:0 / /shared rw,noatime master:1 - nfs4 filer:/x rw,local_lock=none
func (l *loader) mountOptions() map[string][]string {
	b, _, _ := l.read(hostseries.MountInfo)
	out := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		mount, fs, ok := strings.Cut(strings.TrimSpace(line), " - ")
		left, right := strings.Fields(mount), strings.Fields(fs)
		if ok && len(left) >= 6 && len(right) >= 3 {
			out[left[4]] = append(strings.Split(left[5], ","), strings.Split(right[2], ",")...) // the last mount of a point covers the others
		}
	}
	return out
}

// sizesBefore returns the file systems at the start by mount point; none when
// that is the entry we read.
func (l *loader) sizesBefore(newest string) map[string]hostseries.Filesystem {
	if newest == l.names[hostseries.Start+hostseries.Disks] {
		return nil
	}
	var list []hostseries.Filesystem
	if _, ok := l.json(hostseries.Start+hostseries.Disks, &list); !ok {
		return nil
	}
	out := map[string]hostseries.Filesystem{}
	for _, f := range list {
		if f.Error == "" {
			out[f.Mount] = f
		}
	}
	return out
}

// lineOf finds the line on which the i-th file system of the entry tells its
// mount point; 0 when the entry is laid out otherwise.
func lineOf(b []byte, i int) int {
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		if strings.HasPrefix(strings.TrimLeft(line, " "), `"mount":`) {
			if i == 0 {
				return n
			}
			i--
		}
	}
	return 0
}
