package profile

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFolded(t *testing.T) {
	v := newMaker("cpu/nanoseconds").
		add("main;b c", nil, 2).
		add("main;a;x", nil, 3).
		add("main;a;x", map[string]string{"thread": "2"}, 4).
		add("", nil, 5).
		add("main;nothing", nil, 0).
		read(t, "").Main()
	var out bytes.Buffer
	if err := v.Folded(&out); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("[no stack] 5\nmain;a;x 7\nmain;b c 2\n", out.String()); d != "" {
		t.Errorf("folded (-want +got):\n%s", d)
	}
}

func TestSpeedscope(t *testing.T) {
	v := newMaker("samples/count", "cpu/nanoseconds").add("main;a", nil, 1, 7).add("main", nil, 1, 3).read(t, "").Main()
	var out bytes.Buffer
	if err := v.Speedscope(&out, "busy on n1"); err != nil {
		t.Fatal(err)
	}
	var f scopeFile
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		t.Fatal(err)
	}
	p := f.Profiles[0]
	if p.Type != "sampled" || p.Unit != "nanoseconds" || p.EndValue != 10 || f.Name != "busy on n1" {
		t.Errorf("head %+v", p)
	}
	var stacks []string
	for i, s := range p.Samples {
		var names []string
		for _, frame := range s {
			names = append(names, f.Shared.Frames[frame].Name)
		}
		if p.Weights[i] > 0 {
			stacks = append(stacks, strings.Join(names, ";"))
		}
	}
	if d := cmp.Diff([]string{"main;a", "main"}, stacks); d != "" {
		t.Errorf("stacks (-want +got):\n%s", d)
	}
}

func TestTreePrunes(t *testing.T) {
	v := newMaker("cpu/nanoseconds").
		add("main;big;leaf", nil, 6990).
		add("main;big", nil, 1000).
		add("main;edge", nil, 10). // just 0.1 % of 10,000
		add("main;tiny;t1", nil, 5).
		add("main;tiny;t2", nil, 4).
		add("main", nil, 1991).
		read(t, "").Main()
	want := &Tree{Kind: CPU, Unit: "nanoseconds", Total: 10000, Pruned: 3, Root: &Node{Name: "all", Total: 10000, Children: []*Node{
		{Name: "main", Self: 1991, Total: 10000, Children: []*Node{
			{Name: "big", Self: 1000, Total: 7990, Children: []*Node{{Name: "leaf", Self: 6990, Total: 6990}}},
			{Name: "edge", Self: 10, Total: 10},
		}},
	}}}
	if d := cmp.Diff(want, v.Tree()); d != "" {
		t.Errorf("tree (-want +got):\n%s", d)
	}
	text, err := json.Marshal(v.Tree())
	if err != nil || !strings.Contains(string(text), `{"name":"leaf","self":6990,"total":6990}`) {
		t.Errorf("JSON %s, %v", text, err)
	}
}

func TestDeepStacksEndInOneFrame(t *testing.T) {
	deep := strings.Repeat("f;g;", 2000) + "leaf"
	v := newMaker("cpu/nanoseconds").add(deep, nil, 8).read(t, "").Main()
	depth, n := 0, v.Tree().Root
	for ; len(n.Children) > 0; n = n.Children[0] {
		depth++
	}
	if depth != maxDepth || n.Name != deeper || n.Total != 8 {
		t.Errorf("depth %d ends in %q of %d; want %d, %q, 8", depth, n.Name, n.Total, maxDepth, deeper)
	}
	wantShares(t, v.Top(1), share{"leaf", 100, 100}) // shares use the whole stack
	var out bytes.Buffer
	if err := v.Speedscope(&out, ""); err != nil || !strings.Contains(out.String(), deeper) {
		t.Errorf("speedscope: %v", err)
	}
}

func TestSummaryJSON(t *testing.T) {
	p := newMaker("samples/count", "cpu/nanoseconds").add("main;hash", nil, 3, 30).add("main", nil, 1, 10).read(t, "cpu.pb.gz")
	got, err := json.Marshal(p.Summary("nodes/n1/go/busy/profiles/cpu.pb.gz", 1))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"source":"nodes/n1/go/busy/profiles/cpu.pb.gz","type":"cpu","samples":4,"unit":"nanoseconds","total":40,` +
		`"top":[{"frame":"hash","self":30,"self_pct":75,"cum":30,"cum_pct":75,"file":"hash.go"}]}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
	empty, _ := json.Marshal(newMaker("cpu/nanoseconds").read(t, "").Summary("x", 5))
	if !strings.Contains(string(empty), `"top":[]`) {
		t.Errorf("an empty profile gives %s", empty)
	}
}
