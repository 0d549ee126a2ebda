package analyze

import (
	"regexp"
	"strconv"
)

// aProcess stands in commands of advice for the number of the process that a finding is about.
var aProcess = regexp.MustCompile(`\bPID\b`)

// nameProcesses writes that number where the finding is about one process: a command can then be typed as it stands.
func nameProcesses(c *Case, list []Finding) {
	pids := map[[2]string]int{}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			pids[[2]string{n.Name, j.Subject()}] = j.PID
		}
	}
	for i := range list {
		f := &list[i]
		if len(f.Nodes) != 1 {
			continue
		}
		pid := pids[[2]string{f.Nodes[0], f.Subject}]
		if pid <= 0 {
			continue
		}
		for k := range f.Advice {
			a := &f.Advice[k]
			for _, text := range []*string{&a.Action, &a.To, &a.Verify} {
				*text = aProcess.ReplaceAllLiteralString(*text, strconv.Itoa(pid))
			}
		}
	}
}
