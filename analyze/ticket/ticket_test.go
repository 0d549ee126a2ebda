package ticket

import (
	"errors"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/host"
)

func TestHeldAndMissing(t *testing.T) {
	w, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	c := &analyze.Case{Nodes: []*analyze.Node{{Name: "n1", Host: &host.Facts{}}, {Name: "n2"}}}
	c.Nodes[0].JVMs = []*analyze.JVM{{Node: c.Nodes[0], App: "confluence", Flags: map[string]analyze.Flag{"MaxHeapSize": {}}}}
	s, err := Of(c, w, map[string]string{"since": "monday"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, h := range s.Held {
		got[h.ID] = strings.Join(h.Nodes, ",") + "/" + strings.Join(h.Missing, ",")
	}
	for id, want := range map[string]string{"host": "n1/n2", "flags": "n1/n2", "thread-dumps": "/n1,n2", "support-zip": "/n1,n2"} {
		if got[id] != want {
			t.Errorf("%s: %q, want %q", id, got[id], want)
		}
	}
	for _, a := range s.Asked {
		if (a.Key == "since") != (a.Answer != "") {
			t.Errorf("%s: %q", a.Key, a.Answer)
		}
	}
	if _, err := Of(c, w, map[string]string{"sinc": "x"}); !errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), "since") {
		t.Error(err)
	}
}

func TestListsOfVendors(t *testing.T) {
	for text, want := range map[string]string{
		"artefacts:\n- name: Logs\n  kind: logs\n  how: scp\n": "",
		"artefacts:\n- name: Logs\n  kind: lgos\n  how: scp\n": "lgos",
		"artefacts:\n- kind: logs\n":                           "a name",
		"artefact: 3\n":                                        "artefact",
		"questions:\n- text: why\n":                            "a key",
	} {
		if _, err := Read("acme.yaml", []byte(text)); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
