package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
)

const maxFileSystems = 64

// space is what statfs(2) tells of a file system, in bytes.
type space struct {
	total, free, available uint64
	inodes, inodesFree     uint64
}

var (
	errNoAnswer = errors.New("no answer in time")
	errEnded    = errors.New("the capture was ended first")
)

// chooseFileSystems returns each file system once, under its shortest mount
// point, without those that hold no files.
func chooseFileSystems(mounts []mount) (list []hostseries.Filesystem, more int) {
	at := map[string]int{}
	for _, m := range mounts {
		if hostseries.Pseudo(m.fsType) || strings.HasPrefix(m.point, "/sys/") || strings.HasPrefix(m.point, "/proc/") {
			continue // what container runtimes lay over those holds nothing either
		}
		f := hostseries.Filesystem{Mount: m.point, Type: m.fsType, Source: m.source, Device: m.device, Mounts: 1,
			ReadOnly: has(m.super, "ro")}
		i, known := at[m.device]
		switch {
		case known && len(m.point) < len(list[i].Mount):
			f.Mounts = list[i].Mounts + 1
			list[i] = f
		case known:
			list[i].Mounts++
		case len(list) == maxFileSystems:
			more++
		default:
			at[m.device] = len(list)
			list = append(list, f)
		}
	}
	return list, more
}

// fileSystems stores how full each file system is. All are asked side by side;
// the thread of one that hangs stays behind until the kernel lets it go.
func (r *run) fileSystems(ctx context.Context, folder string) {
	b, err := r.read("/proc/self/mountinfo", maxFile)
	if err != nil {
		r.note(itemSpace, err)
		return
	}
	mounts, unknown := parseMounts(b)
	if unknown > 0 {
		r.scope.Lost(itemSpace, entries.Unreadable, fmt.Sprintf("%d lines of /proc/self/mountinfo were not understood", unknown), "")
	}
	list, more := chooseFileSystems(mounts)
	if more > 0 {
		r.scope.Skip(itemSpace, entries.TooLarge, fmt.Sprintf("%d file systems beyond the first %d were not asked", more, maxFileSystems), "")
	}
	disks := r.diskNames()
	type answer struct {
		i int
		space
		err error
	}
	answers := make(chan answer, len(list))
	waiting := map[int]bool{}
	for i := range list {
		list[i].Disk = disks[list[i].Device]
		if r.stuck[list[i].Mount] {
			list[i].Error = "not asked again: it did not answer at the start"
			continue
		}
		waiting[i] = true
		go func(mount string) {
			s, err := r.statfs(mount)
			answers <- answer{i, s, err}
		}(list[i].Mount)
	}
	wait, cancel := context.WithTimeout(ctx, r.spaceLimit)
	defer cancel()
	for len(waiting) > 0 {
		select {
		case a := <-answers:
			delete(waiting, a.i)
			r.fill(&list[a.i], a.space, a.err)
		case <-wait.Done():
			why := errNoAnswer
			if ctx.Err() != nil {
				why = errEnded
			}
			for i := range waiting {
				r.fill(&list[i], space{}, why)
			}
			clear(waiting)
		}
	}
	r.addJSON(folder+hostseries.Disks, itemSpace, "statfs of the mounts in /proc/self/mountinfo", list)
}

func (r *run) fill(f *hostseries.Filesystem, s space, err error) {
	what := f.Mount + " (" + f.Type + ")"
	switch {
	case err == nil:
		f.Total, f.Free, f.Available, f.Inodes, f.InodesFree = s.total, s.free, s.available, s.inodes, s.inodesFree
		return
	case errors.Is(err, errNoAnswer):
		r.stuck[f.Mount] = true
		r.scope.Lost(itemSpace, entries.NoAnswer, what+" does not answer: a process that touches it hangs", "look at the server or device behind "+f.Mount)
	case errors.Is(err, errEnded):
	case errors.Is(err, fs.ErrPermission):
		r.scope.Skip("file systems of other users", entries.NotPermitted, what+": "+err.Error(), r.fix())
	case errors.Is(err, fs.ErrNotExist):
		// Hidden below another mount, or gone since.
	default:
		r.scope.LostErr(itemSpace, fmt.Errorf("%s: %w", what, err))
	}
	f.Error = err.Error()
}

// diskNames gives the names of block devices by major:minor.
func (t tree) diskNames() map[string]string {
	b, err := t.read("/proc/diskstats", maxFile)
	if err != nil {
		return nil
	}
	names := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 2 {
			names[f[0]+":"+f[1]] = f[2]
		}
	}
	return names
}
