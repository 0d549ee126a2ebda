package host

import (
	"strconv"
	"strings"

	"casefile/bundle/format/hostseries"
)

func (l *loader) system() {
	s := &l.facts.System
	for path, t := range l.sections(hostseries.Sysctl) {
		l.facts.settings[path] = t
	}
	s.Kernel = l.facts.settings["/proc/sys/kernel/osrelease"]
	if !s.Kernel.Known() {
		if b, name, ok := l.read(hostseries.Version); ok {
			if f := strings.Fields(string(b)); len(f) > 2 { // "Linux version 6.1.0-13 (...) ..."
				s.Kernel = Text{f[2], Ref{Source: name, Line: 1}}
			}
		}
	}
	if b, name, ok := l.read(hostseries.OSRelease); ok {
		s.OS = keyed(b, name, "=")["PRETTY_NAME"]
		s.OS.Value = strings.Trim(s.OS.Value, `"'`)
	}
	s.THP = chosen(l.facts.settings["/sys/kernel/mm/transparent_hugepage/enabled"])
	s.THPDefrag = chosen(l.facts.settings["/sys/kernel/mm/transparent_hugepage/defrag"])
	s.ClockSource = l.facts.settings["/sys/devices/system/clocksource/clocksource0/current_clocksource"]
	if b, name, ok := l.newest(hostseries.Uptime); ok {
		if f := strings.Fields(string(b)); len(f) > 0 {
			if v, err := strconv.ParseFloat(f[0], 64); err == nil && v-v == 0 {
				s.Uptime = Number{v, Ref{Source: name, Line: 1}}
			}
		}
	}
	l.platform()
}

// chosen returns the word in brackets of a setting such as
// "always [madvise] never".
func chosen(t Text) Text {
	_, after, ok := strings.Cut(t.Value, "[")
	word, _, closed := strings.Cut(after, "]")
	if !ok || !closed {
		return Text{}
	}
	return Text{word, t.Ref}
}

// hypervisors by what the firmware says of the machine, in lower case.
var hypervisors = []struct{ mark, name string }{
	{"vmware", "VMware"}, {"amazon ec2", "Amazon EC2"}, {"google", "Google Compute Engine"}, {"virtualbox", "VirtualBox"},
	{"innotek", "VirtualBox"}, {"xen", "Xen"}, {"nutanix", "Nutanix AHV"}, {"openstack", "OpenStack"}, {"alibaba", "Alibaba Cloud"},
	{"digitalocean", "DigitalOcean"}, {"hetzner", "Hetzner Cloud"}, {"parallels", "Parallels"}, {"ovirt", "oVirt"}, {"rhev", "oVirt"},
	{"microsoft corporation virtual machine", "Hyper-V"}, {"apple virtualization", "Apple Virtualization"}, {"bochs", "QEMU"},
	{"qemu", "KVM"}, {"kvm", "KVM"},
}

// containers by the markers found and the cgroup paths, the most telling first.
var containers = []struct{ mark, name string }{
	{"KUBERNETES_SERVICE_HOST", "kubernetes"}, {"kubernetes.io", "kubernetes"}, {"kubepods", "kubernetes"}, {"ECS_CONTAINER_METADATA_URI", "ecs"},
	{"/run/.containerenv", "podman"}, {"libpod", "podman"}, {"/.dockerenv", "docker"}, {"/docker", "docker"}, {"/lxc", "lxc"},
	{"machine.slice", "nspawn"}, {"environment of process 1: container", "container"}, {"/run/systemd/container", "container"},
}

func (l *loader) platform() {
	var h hostseries.PlatformHints
	name, ok := l.json(hostseries.Platform, &h)
	if !ok {
		return
	}
	s := &l.facts.System
	s.Container = Text{"none", Ref{Source: name, Key: "markers"}}
	for _, c := range containers {
		if at := containing(append(h.Markers, h.CgroupPaths...), c.mark); at != "" {
			s.Container = Text{c.name, Ref{Source: name, Key: at}}
			break
		}
	}
	flag, model, flags := l.cpuModel()
	s.CPUModel = model
	dmi := strings.ToLower(strings.Join([]string{h.DMI["sys_vendor"], h.DMI["product_name"], h.DMI["board_vendor"], h.DMI["bios_vendor"], h.DMI["chassis_vendor"], h.HypervisorType}, " "))
	for _, v := range hypervisors {
		if strings.Contains(dmi, v.mark) {
			s.Hypervisor = Text{v.name, Ref{Source: name, Key: "dmi"}}
			break
		}
	}
	switch {
	case flag && !s.Hypervisor.Known():
		s.Hypervisor = Text{"unknown", flags}
	case flags.Known() && !flag:
		s.Hypervisor = Text{"none", flags} // also where a cloud's name is on a bare machine
	}
}

func containing(list []string, mark string) string {
	for _, s := range list {
		if strings.Contains(s, mark) {
			return s
		}
	}
	return ""
}

// cpuModel reads the model and the "hypervisor" flag of the first processor.
// flags is known only on x86, which has that flag.
func (l *loader) cpuModel() (hypervisor bool, model Text, flags Ref) {
	b, name, ok := l.read(hostseries.CPUInfo)
	if !ok {
		return false, Text{}, Ref{}
	}
	info := keyed(b, name, ":")
	if t, ok := info["flags"]; ok {
		flags = t.Ref
		for f := range strings.FieldsSeq(t.Value) {
			hypervisor = hypervisor || f == "hypervisor"
		}
	}
	return hypervisor, info["model name"], flags
}
