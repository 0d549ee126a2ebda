package load

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/host"
	"casefile/bundle"
	"casefile/bundle/format/charset"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/pods"
)

// podReader reads one kind of entry of a pod.
type podReader struct {
	file entries.File
	read func(*nodeParts, *builder, bundle.Entry, io.Reader) error
}

// podReaders are those of the entries of a pod; the first that matches reads.
var podReaders = []podReader{
	{entries.PodState, (*nodeParts).readPod},
	{entries.PodEvents, (*nodeParts).readPodEvents},
	{entries.PodMachine, (*nodeParts).readPodMachine},
	{entries.PodLogBefore, (*nodeParts).readOutput},
	{entries.PodLog, (*nodeParts).readOutput},
}

// output is what a container wrote to its output.
type output struct {
	entry     bundle.Entry
	container string
	before    bool // the last restart
	log       *applog.Log
}

func (b *builder) readPod(n *nodeParts, e bundle.Entry, rest string, body io.Reader) error {
	for _, r := range podReaders {
		if r.file.Match(rest) {
			if n.Pod == nil {
				n.Pod = &analyze.Pod{}
			}
			return r.read(n, b, e, body)
		}
	}
	return nil
}

// cited reads an entry with its lines.
func cited[T any](b *builder, e bundle.Entry, body io.Reader, read func(io.Reader) (T, error)) (analyze.Text, T, error) {
	text, err := b.atMost(pods.MaxEntry, e.Path, body)
	if err != nil {
		var none T
		return analyze.Text{}, none, err
	}
	v, err := read(bytes.NewReader(text))
	return analyze.Text{Source: e.Path, Lines: strings.Split(string(text), "\n")}, v, err
}

func (n *nodeParts) readPod(b *builder, e bundle.Entry, body io.Reader) error {
	text, snap, err := cited(b, e, body, pods.ReadPod)
	if err != nil {
		return err
	}
	look := &analyze.PodLook{Text: text, Snapshot: snap}
	if strings.HasSuffix(e.Path, "/"+entries.PodState.Of(entries.PodFirst)) {
		n.Pod.First = look
	} else {
		n.Pod.Last = look
	}
	return nil
}

func (n *nodeParts) readPodEvents(b *builder, e bundle.Entry, body io.Reader) error {
	text, log, err := cited(b, e, body, pods.ReadEvents)
	if err == nil {
		n.Pod.Events = &analyze.PodEvents{Text: text, EventLog: log}
	}
	return err
}

func (n *nodeParts) readPodMachine(b *builder, e bundle.Entry, body io.Reader) error {
	text, m, err := cited(b, e, body, pods.ReadMachine)
	if err == nil {
		n.Pod.Machine = &analyze.PodMachine{Text: text, MachineSnapshot: m}
	}
	return err
}

// readOutput reads the output of a container as a log. Whose it is shows when all is read.
func (n *nodeParts) readOutput(b *builder, e bundle.Entry, body io.Reader) error {
	log, err := applog.Read(e.Path, bufio.NewReaderSize(charset.NewReader(body), 32<<10), b.logMarks())
	if log.Entries == 0 {
		keepUntimed(log)
	}
	if log.Entries > 0 || len(log.Marked) > 0 {
		b.longLines(log)
		name := e.Path[strings.LastIndexByte(e.Path, '/')+1:]
		n.outputs = append(n.outputs, output{e, strings.TrimSuffix(name, ".log"), strings.Contains(e.Path, "/"+strings.SplitAfter(string(entries.PodLogBefore), "/")[0]), log})
	}
	return err
}

// finishPod gives the output of the captured container to its JVM, where there is one only, and its limits to the
// processes whose cgroup does not show them, as from a debug container beside theirs.
func (b *builder) finishPod(n *nodeParts) {
	if n.Pod == nil {
		return
	}
	look := n.Pod.Newest()
	for _, o := range n.outputs {
		if zone, known := zoneOf(o.log.Last, ended(look, o)); known {
			o.log.Shift(zone)
		}
		if len(n.JVMs) == 1 && look != nil && o.container == look.Container && !o.before {
			n.JVMs[0].Logs = append(n.JVMs[0].Logs, o.log)
		} else {
			n.LooseLogs = append(n.LooseLogs, o.log)
		}
	}
	if look != nil && n.Host != nil {
		limits(n, look)
	}
}

// ended is the entry of an output with the moment up to which the container may have written it: that of the copy, or
// when it ended.
func ended(look *analyze.PodLook, o output) bundle.Entry {
	if look == nil {
		return o.entry
	}
	status := look.Status(o.container)
	if status == nil {
		return o.entry
	}
	state := &status.State
	if o.before {
		state = &status.Last
	}
	if state.Terminated != nil {
		o.entry.Started, o.entry.Ended = time.Time{}, state.Terminated.Finished
	}
	return o.entry
}

func limits(n *nodeParts, look *analyze.PodLook) {
	spec, _ := look.Captured()
	limit := func(resource string) host.Number {
		v, ok := analyze.ContainerLimit(spec, resource)
		if !ok || v == 0 {
			return host.Number{}
		}
		return host.Number{Value: v, Ref: host.Ref{Source: look.Source, Line: line(look, spec.Name, resource), Key: "limits." + resource}}
	}
	cpu, memory := limit("cpu"), limit("memory")
	if !cpu.Known() && !memory.Known() {
		return
	}
	own := host.Cgroup{Name: "container " + spec.Name, CPULimit: cpu, MemoryLimit: memory, EffectiveCPUs: tighter(n.Host.CPU.Count, cpu)}
	add := func(pid int) {
		switch g := n.Host.CgroupOf(pid); {
		case pid == 0:
		case g == nil:
			own.PIDs = append(own.PIDs, pid)
		default:
			g.CPULimit, g.MemoryLimit = tighter(g.CPULimit, cpu), tighter(g.MemoryLimit, memory)
			g.EffectiveCPUs = tighter(g.EffectiveCPUs, cpu)
		}
	}
	for _, j := range n.JVMs {
		add(j.PID)
	}
	for _, s := range n.Services {
		add(s.PID)
	}
	if len(own.PIDs) > 0 {
		n.Host.Cgroups = append(slices.Clip(n.Host.Cgroups), own)
	}
}

// line is where a limit stands.
func line(look *analyze.PodLook, container, resource string) int {
	at, _ := strconv.Atoi(look.Cite("", `"containers"`, strconv.Quote(container), `"limits"`, strconv.Quote(resource)).Lines)
	return at
}

// tighter is the figure of the kernel, or that of Kubernetes where it is smaller or the only one.
func tighter(kernel, pod host.Number) host.Number {
	if !kernel.Known() || pod.Known() && pod.Value < kernel.Value {
		return pod
	}
	return kernel
}
