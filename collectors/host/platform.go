package host

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
)

// dmiFiles are what every user may read of the firmware's tables; serial
// numbers are not among them.
var dmiFiles = []string{"sys_vendor", "product_name", "product_version", "board_vendor", "board_name", "bios_vendor", "bios_version", "chassis_vendor"}

// markerFiles exist only in containers, or on machines that run them.
var markerFiles = []string{"/.dockerenv", "/run/.containerenv", "/run/systemd/container", "/var/run/secrets/kubernetes.io"}

// markerVariables are environment variables of process 1 or our own that tell a
// container. Their values are not kept.
var markerVariables = []string{"KUBERNETES_SERVICE_HOST", "container", "ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI"}

func (r *run) platform() {
	h := hostseries.PlatformHints{PageSize: r.pageSize, UID: r.uid, DMI: map[string]string{},
		HypervisorType: r.word("/sys/hypervisor/type"), InitComm: r.word("/proc/1/comm")}
	for _, f := range dmiFiles {
		if v := r.word("/sys/class/dmi/id/" + f); v != "" {
			h.DMI[f] = v
		}
	}
	for _, f := range markerFiles {
		if r.exists(f) {
			h.Markers = append(h.Markers, f)
		}
	}
	h.Markers = append(h.Markers, r.variables()...)
	if b, err := r.read("/proc/self/cgroup", 1<<16); err == nil {
		paths := map[string]bool{}
		for _, p := range parseMembership(b) {
			paths[p] = true
		}
		h.CgroupPaths = slices.Sorted(maps.Keys(paths))
	}
	r.addJSON(hostseries.Platform, itemPlatform, "/sys/class/dmi/id, /proc/1, /proc/self/cgroup", h)
}

func (r *run) variables() []string {
	var found []string
	for _, pid := range [...]string{"1", "self"} {
		b, err := r.read("/proc/"+pid+"/environ", 1<<20)
		if errors.Is(err, fs.ErrPermission) {
			r.scope.Skip("container hints", entries.NotPermitted, "the environment of process 1 may not be read", r.fix())
		}
		for v := range strings.SplitSeq(string(b), "\x00") {
			name, _, _ := strings.Cut(v, "=")
			if mark := "environment of process " + pid + ": " + name; slices.Contains(markerVariables, name) && !slices.Contains(found, mark) {
				found = append(found, mark)
			}
		}
	}
	return found
}
