package analyze

import "testing"

// A command names the process where there is one that it can mean.
func TestCommandsNameTheProcess(t *testing.T) {
	n1, n2 := &Node{Name: "n1"}, &Node{Name: "n2"}
	n1.JVMs = []*JVM{{Node: n1, Target: "4711-wiki", PID: 4711}, {Node: n1, Target: "gc.log"}}
	n2.JVMs = []*JVM{{Node: n2, Target: "4711-wiki", PID: 815}}
	for _, x := range []struct {
		nodes   []string
		subject string
		want    string
	}{{[]string{"n1"}, "4711-wiki", "jcmd 4711 VM.flags"}, {[]string{"n2"}, "4711-wiki", "jcmd 815 VM.flags"}, {[]string{"n1", "n2"}, "4711-wiki", "jcmd PID VM.flags"},
		{[]string{"n1"}, "gc.log", "jcmd PID VM.flags"}, {[]string{"n1"}, "", "jcmd PID VM.flags"}} {
		list := []Finding{{Nodes: x.nodes, Subject: x.subject, Advice: []Advice{{Action: "jcmd PID VM.flags", Verify: "RAPID"}}}}
		nameProcesses(&Case{Nodes: []*Node{n1, n2}}, list)
		if a := list[0].Advice[0]; a.Action != x.want || a.Verify != "RAPID" {
			t.Errorf("%v %s: %q, %q", x.nodes, x.subject, a.Action, a.Verify)
		}
	}
}
