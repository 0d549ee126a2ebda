package pods

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of an answer and of an entry.
const (
	MaxEntry   = 4 << 20
	maxText    = 1024 // bytes of a message
	maxList    = 100  // containers, conditions, taints, quantities
	MaxEvents  = 300  // of a pod
	maxObjects = 100_000
)

// FromAPI decodes objects of an API server as kubectl prints them: one, or a List.
func FromAPI[T any](answer []byte) ([]T, error) {
	var list struct {
		Kind  string `json:"kind"`
		Items []T    `json:"items"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("not an answer of Kubernetes: %w", err)
	}
	if len(list.Items) > maxObjects {
		return nil, fmt.Errorf("more than %d objects", maxObjects)
	}
	if strings.HasSuffix(list.Kind, "List") {
		return list.Items, nil
	}
	var one T
	if err := json.Unmarshal(answer, &one); err != nil {
		return nil, fmt.Errorf("not an answer of Kubernetes: %w", err)
	}
	return []T{one}, nil
}

// PodEntry is the entry of a pod as it was at a moment; container is the one that is captured.
func PodEntry(p Pod, container string, taken time.Time) ([]byte, error) {
	p.bound()
	cut(&container)
	return encode(Snapshot{Version: Version, Taken: taken, Container: container, Pod: p})
}

// EventsEntry is the entry of the events about one pod, the newest MaxEvents of them.
func EventsEntry(events []Event, taken time.Time) ([]byte, error) {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return a.At().Compare(b.At()) })
	log := EventLog{Version: Version, Taken: taken, LeftOut: max(0, len(events)-MaxEvents)}
	log.Events = events[log.LeftOut:]
	for i := range log.Events {
		e := &log.Events[i]
		cut(&e.Type, &e.Reason, &e.Message, &e.Object.Kind, &e.Object.Name, &e.Object.FieldPath)
	}
	return encode(log)
}

// MachineEntry is the entry of a pod's node.
func MachineEntry(m Machine, taken time.Time) ([]byte, error) {
	m.bound()
	return encode(MachineSnapshot{Version, taken, m})
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// ReadPod reads the entry of a pod.
func ReadPod(r io.Reader) (*Snapshot, error) {
	s, err := read[Snapshot](r)
	if err != nil {
		return nil, err
	}
	s.Pod.bound()
	return s, version(s.Version)
}

// ReadEvents reads the entry of its events.
func ReadEvents(r io.Reader) (*EventLog, error) {
	l, err := read[EventLog](r)
	if err != nil {
		return nil, err
	}
	l.Events = l.Events[:min(len(l.Events), MaxEvents)]
	return l, version(l.Version)
}

// ReadMachine reads the entry of its node.
func ReadMachine(r io.Reader) (*MachineSnapshot, error) {
	m, err := read[MachineSnapshot](r)
	if err != nil {
		return nil, err
	}
	m.Node.bound()
	return m, version(m.Version)
}

func version(v int) error {
	if v != Version {
		return fmt.Errorf("format version %d of a pod's state: this casefile reads %d", v, Version)
	}
	return nil
}

func read[T any](r io.Reader) (*T, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxEntry+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxEntry {
		return nil, fmt.Errorf("a pod's state of more than %d bytes", MaxEntry)
	}
	v := new(T)
	if err := json.Unmarshal(text, v); err != nil {
		return nil, fmt.Errorf("a pod's state: %w", err)
	}
	return v, nil
}

func (p *Pod) bound() {
	p.Metadata.bound()
	cut(&p.Spec.NodeName, &p.Spec.RestartPolicy, &p.Status.Phase, &p.Status.Reason, &p.Status.Message, &p.Status.QOSClass)
	for _, list := range []*[]Container{&p.Spec.InitContainers, &p.Spec.Containers} {
		short(list)
		for i := range *list {
			c := &(*list)[i]
			cut(&c.Name, &c.Image)
			boundQuantities(c.Resources.Limits)
			boundQuantities(c.Resources.Requests)
		}
	}
	boundConditions(&p.Status.Conditions)
	for _, list := range []*[]ContainerStatus{&p.Status.Init, &p.Status.Containers} {
		short(list)
		for i := range *list {
			c := &(*list)[i]
			cut(&c.Name, &c.Image, &c.ImageID)
			c.State.bound()
			c.Last.bound()
		}
	}
}

func (m *Machine) bound() {
	m.Metadata.bound()
	short(&m.Spec.Taints)
	for i := range m.Spec.Taints {
		cut(&m.Spec.Taints[i].Key, &m.Spec.Taints[i].Effect)
	}
	boundQuantities(m.Status.Capacity)
	boundQuantities(m.Status.Allocatable)
	boundConditions(&m.Status.Conditions)
	i := &m.Status.Info
	cut(&i.Kernel, &i.OS, &i.Runtime, &i.Kubelet, &i.Architecture)
}

func (m *Metadata) bound() { cut(&m.Name, &m.Namespace) }

func (s *State) bound() {
	if s.Waiting != nil {
		cut(&s.Waiting.Reason, &s.Waiting.Message)
	}
	if s.Terminated != nil {
		cut(&s.Terminated.Reason)
	}
}

func boundConditions(list *[]Condition) {
	short(list)
	for i := range *list {
		c := &(*list)[i]
		cut(&c.Type, &c.Status, &c.Reason, &c.Message)
	}
}

func boundQuantities(m map[string]string) {
	for name, value := range m {
		if len(m) > maxList || len(name) > maxText || len(value) > maxText {
			delete(m, name)
		}
	}
}

func short[T any](list *[]T) { *list = (*list)[:min(len(*list), maxList)] }

// cut shortens texts, at a boundary of characters.
func cut(texts ...*string) {
	for _, t := range texts {
		if len(*t) <= maxText {
			continue
		}
		n := maxText
		for n > 0 && !utf8.RuneStart((*t)[n]) {
			n--
		}
		*t = (*t)[:n] + "..."
	}
}
