package pods

import "time"

// Version is the format version of the entries.
const Version = 1

// Snapshot is a pod at one moment.
type Snapshot struct {
	Version int       `json:"version"`
	Taken   time.Time `json:"taken"` // on the clock of who asked
	// Container is the one whose processes were captured.
	Container string `json:"container,omitempty"`
	Pod       Pod    `json:"pod"`
}

// Pod is what is kept of one.
type Pod struct {
	Metadata Metadata `json:"metadata"`
	Spec     Spec     `json:"spec"`
	Status   Status   `json:"status"`
}

// Metadata names an object.
type Metadata struct {
	Name      string    `json:"name"`
	Namespace string    `json:"namespace,omitempty"`
	Created   time.Time `json:"creationTimestamp,omitzero"`
	Deleted   time.Time `json:"deletionTimestamp,omitzero"` // when it is to end, once that is asked for
}

// Spec is what was asked for.
type Spec struct {
	NodeName       string      `json:"nodeName,omitempty"`
	RestartPolicy  string      `json:"restartPolicy,omitempty"`
	InitContainers []Container `json:"initContainers,omitempty"`
	Containers     []Container `json:"containers"`
}

// Container is one that was asked for.
type Container struct {
	Name      string    `json:"name"`
	Image     string    `json:"image,omitempty"`
	Resources Resources `json:"resources,omitzero"`
}

// Resources are quantities by name: "cpu", "memory", "ephemeral-storage". See Amount.
type Resources struct {
	Limits   map[string]string `json:"limits,omitempty"`
	Requests map[string]string `json:"requests,omitempty"`
}

// Status is how it goes.
type Status struct {
	Phase      string            `json:"phase,omitempty"`  // "Running", "Pending", "Failed", "Succeeded"
	Reason     string            `json:"reason,omitempty"` // "Evicted"
	Message    string            `json:"message,omitempty"`
	QOSClass   string            `json:"qosClass,omitempty"`
	Started    time.Time         `json:"startTime,omitzero"`
	Conditions []Condition       `json:"conditions,omitempty"`
	Init       []ContainerStatus `json:"initContainerStatuses,omitempty"`
	Containers []ContainerStatus `json:"containerStatuses,omitempty"`
}

// Condition is one of a pod or of a node; Status is "True", "False" or "Unknown".
type Condition struct {
	Type    string    `json:"type"`
	Status  string    `json:"status"`
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	Changed time.Time `json:"lastTransitionTime,omitzero"`
}

// ContainerStatus is how it goes with a container.
type ContainerStatus struct {
	Name     string `json:"name"`
	Image    string `json:"image,omitempty"`
	ImageID  string `json:"imageID,omitempty"`
	Ready    bool   `json:"ready"`
	Restarts int    `json:"restartCount"`
	State    State  `json:"state,omitzero"`
	Last     State  `json:"lastState,omitzero"` // before the last restart
}

// State is one of three.
type State struct {
	Waiting    *Waiting    `json:"waiting,omitempty"`
	Running    *Running    `json:"running,omitempty"`
	Terminated *Terminated `json:"terminated,omitempty"`
}

// Waiting is a container that is not started.
type Waiting struct {
	Reason  string `json:"reason,omitempty"` // "CrashLoopBackOff", "ImagePullBackOff"
	Message string `json:"message,omitempty"`
}

// Running is one that runs.
type Running struct {
	Started time.Time `json:"startedAt,omitzero"`
}

// Terminated is one that has ended. The message of the API is left out: it may be the end of the container's log.
type Terminated struct {
	ExitCode int       `json:"exitCode"`
	Signal   int       `json:"signal,omitempty"`
	Reason   string    `json:"reason,omitempty"` // "OOMKilled", "Error", "Completed"
	Started  time.Time `json:"startedAt,omitzero"`
	Finished time.Time `json:"finishedAt,omitzero"`
}

// EventLog is the events about a pod, the newest last.
type EventLog struct {
	Version int       `json:"version"`
	Taken   time.Time `json:"taken"`
	LeftOut int       `json:"left_out,omitempty"` // older ones
	Events  []Event   `json:"events"`
}

// Event is one thing that a part of Kubernetes said, or the same one several times.
type Event struct {
	Type    string    `json:"type,omitempty"` // "Normal", "Warning"
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	Count   int       `json:"count,omitempty"`
	First   time.Time `json:"firstTimestamp,omitzero"`
	Last    time.Time `json:"lastTimestamp,omitzero"`
	Time    time.Time `json:"eventTime,omitzero"` // of newer reporters, in place of the two
	Series  *Series   `json:"series,omitempty"`   // of newer reporters, in place of Count
	Object  Object    `json:"involvedObject"`
}

// Series is how often an event of newer reporters was said again, and when last.
type Series struct {
	Count int       `json:"count,omitempty"`
	Last  time.Time `json:"lastObservedTime,omitzero"`
}

// Object is what an event is about; FieldPath names a container, "spec.containers{app}".
type Object struct {
	Kind      string `json:"kind,omitempty"`
	Name      string `json:"name,omitempty"`
	FieldPath string `json:"fieldPath,omitempty"`
}

// At is when it was last said; zero: not known.
func (e *Event) At() time.Time {
	switch {
	case !e.Last.IsZero():
		return e.Last
	case e.Series != nil && !e.Series.Last.IsZero():
		return e.Series.Last
	case !e.Time.IsZero():
		return e.Time
	}
	return e.First
}

// Times is how often it was said.
func (e *Event) Times() int {
	if e.Series != nil {
		return max(e.Count, e.Series.Count, 1)
	}
	return max(e.Count, 1)
}

// MachineSnapshot is the node of a pod at one moment.
type MachineSnapshot struct {
	Version int       `json:"version"`
	Taken   time.Time `json:"taken"`
	Node    Machine   `json:"node"`
}

// Machine is what is kept of a node of Kubernetes.
type Machine struct {
	Metadata Metadata      `json:"metadata"`
	Spec     MachineSpec   `json:"spec,omitzero"`
	Status   MachineStatus `json:"status"`
}

// MachineSpec is what was said of it.
type MachineSpec struct {
	Unschedulable bool    `json:"unschedulable,omitempty"`
	Taints        []Taint `json:"taints,omitempty"`
}

// Taint keeps pods away.
type Taint struct {
	Key    string `json:"key"`
	Effect string `json:"effect"`
}

// MachineStatus is what it has and how it goes.
type MachineStatus struct {
	Capacity    map[string]string `json:"capacity,omitempty"`
	Allocatable map[string]string `json:"allocatable,omitempty"`
	Conditions  []Condition       `json:"conditions,omitempty"`
	Info        MachineInfo       `json:"nodeInfo,omitzero"`
}

// MachineInfo is its software.
type MachineInfo struct {
	Kernel       string `json:"kernelVersion,omitempty"`
	OS           string `json:"osImage,omitempty"`
	Runtime      string `json:"containerRuntimeVersion,omitempty"`
	Kubelet      string `json:"kubeletVersion,omitempty"`
	Architecture string `json:"architecture,omitempty"`
}
