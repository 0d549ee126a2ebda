package machines

import (
	"slices"
	"strconv"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
)

var nodePressure = &analyze.Rule{
	ID:       ids.NodePressure,
	Doc:      "A node of Kubernetes says that memory, disk or process ids run out, or is not ready.",
	Needs:    "the state of the pods' nodes, which takes the right to get nodes: casefile collect --node k8s://NAMESPACE/POD",
	Fix:      "Take pods off the node, or give it more; request what pods use.",
	HostWide: true,
	Run:      judgePressure,
}

// pressures are the conditions of a node that are to be False, with what they say.
var pressures = []struct{ kind, what string }{
	{"MemoryPressure", "its memory runs out"},
	{"DiskPressure", "its disk is nearly full"},
	{"PIDPressure", "its process ids run out"},
}

// judgePressure looks at each node of Kubernetes once, whatever number of captured pods it runs.
func judgePressure(pass *analyze.Pass) error {
	on := map[string][]string{}
	var first []*podView
	for _, v := range podViews.Of(pass) {
		if v.Machine == nil {
			continue
		}
		name := v.Machine.Node.Metadata.Name
		if on[name] == nil {
			first = append(first, v)
		}
		on[name] = append(on[name], v.node.Name)
	}
	for _, v := range first {
		pass.Evaluated()
		for _, f := range v.pressure() {
			f.Nodes = slices.Clone(on[v.Machine.Node.Metadata.Name])
			pass.Report(f)
		}
	}
	return nil
}

func (v *podView) pressure() (out []analyze.Finding) {
	m := &v.Machine.Node
	name := say.Target(m.Metadata.Name)
	found := func(severity analyze.Severity, kind, status string) analyze.Finding {
		return analyze.Finding{Severity: severity, Confidence: analyze.High, Weight: 0.4,
			Impact:      "the kubelet evicts pods of the node, and no new ones come",
			Explanation: "Kubernetes judges by the whole node: its other pods and its system count too, which a capture of one pod does not show.",
			Evidence:    []analyze.Evidence{v.Machine.Cite("condition "+kind+" is "+status, `"type": `+strconv.Quote(kind), `"status"`)},
			Advice: []analyze.Advice{{
				Action: "See who takes it: kubectl describe node " + m.Metadata.Name + ", kubectl top pod -A; an agent on the node (docs/kubernetes.md) captures all of it.",
				Effect: "The cause is known.", Risk: "None.", Verify: "The condition is gone.",
			}},
		}
	}
	for _, p := range pressures {
		if c := condition(m.Status.Conditions, p.kind); c != nil && c.Status == "True" {
			f := found(analyze.Warning, p.kind, c.Status)
			f.Say("Node %s, on which the pod runs, is under pressure since %s: %s", name, say.UTC(c.Changed, time.DateTime), p.what)
			out = append(out, f)
		}
	}
	if c := condition(m.Status.Conditions, "Ready"); c != nil && c.Status != "True" {
		f := found(analyze.Critical, c.Type, c.Status)
		f.Say("Node %s, on which the pod runs, is not ready since %s: %s", name, say.UTC(c.Changed, time.DateTime), say.Quote(c.Message))
		out = append(out, f)
	}
	return out
}
