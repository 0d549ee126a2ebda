package jvm

import (
	"fmt"
	"strings"
	"unicode"
)

// container is where a JVM runs whose processes are numbered, or whose files lie,
// apart from the host's.
type container struct {
	// Name is its host name, which engines write into its /etc/hostname: the first digits
	// of its id under Docker and Podman, the pod's name under Kubernetes.
	Name   string
	PID    int    // of the JVM, in there
	Cgroup string // the path ends in the container's id
}

// container reports whether the JVM runs in one, seen from here.
func (j *JVM) container() (container, bool) {
	if j.NSPID == j.PID && !j.Tree.OtherRoot() {
		return container{}, false
	}
	c := container{PID: j.NSPID}
	if b, err := j.Tree.ReadFile("/etc/hostname", 4<<10); err == nil {
		c.Name = oneWord(string(b))
	}
	b, _ := j.file("cgroup")
	for line := range strings.Lines(string(b)) {
		if f := strings.SplitN(strings.TrimSpace(line), ":", 3); len(f) == 3 && len(f[2]) > len(c.Cgroup) && f[2] != "/" {
			c.Cgroup = f[2]
		}
	}
	return c, true
}

// oneWord is the first line of a text as a name; empty when it is none.
func oneWord(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	const longest = 253 // of a host name
	if len(line) > longest || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return ""
	}
	return line
}

// String names it for people.
func (c container) String() string {
	if c.Name == "" {
		return fmt.Sprintf("in a container, pid %d there", c.PID)
	}
	return fmt.Sprintf("in container %s, pid %d there", c.Name, c.PID)
}

// encode is what the bundle keeps: "key: value" lines.
func (c container) encode() []byte {
	return fmt.Appendf(nil, "name: %s\npid: %d\ncgroup: %s\n", c.Name, c.PID, c.Cgroup)
}
