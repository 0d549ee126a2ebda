package bundle

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
	"casefile/bundle/seal"
)

// namedBundle writes a bundle of a node whose name is also a word of its stacks.
func namedBundle(t *testing.T, path, node string) *Writer {
	t.Helper()
	m := Manifest{Cluster: "acme-prod", Started: time.Now(), Nodes: []Node{{Name: node}, {Name: "db"}},
		Plan: plan.Plan{Cluster: "acme-prod", Probes: &plan.Probes{Names: []string{"filer"}}}}
	w, err := Create(path, TarZstd, m, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	below := "nodes/" + node + "/"
	for _, e := range []struct{ path, text string }{
		{below + "jvm/1-shop/threads/dump-01.txt", "\"exec-1\" #1\n\tat org.apache." + node + ".util.Net.run(Net.java:1)\nearly kschmidt\n"},
		{below + "jvm/1-shop/vm/system_properties.properties", "user.name=kschmidt\nhost.name=" + node + "\n"},
		{below + "host/series.000.jsonl", `{"series":1,"target":"` + node + `","units":{"user":"seconds"}}` + "\n{\"v\":{\"user\":1}}\n"},
		{below + "jvm/1-shop/threads/waits-series.jsonl", "{\"series\":1}\n{\"t\":1,\"v\":{\"tcp 10.1.2.3:5432\":1,\"unix /home/kschmidt/s\":2}}\n"},
		{below + "timing/probes.json", `{"name":"` + node + `","names":[{"target":"filer"}]}`},
		{"cluster/timing.json", `{"reference":"` + node + `","links":[{"from":"` + node + `","to":"db","failure":"no answer from ` + node + `"}]}`},
		{below + "jvm/1-shop/logs/app.log", "connect to 10.1.2.3:5432\n"},
	} {
		if err := w.Add(Entry{Path: e.path, Node: node, Target: node}, KindOf(e.path), []byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	w.Cover(Coverage{Node: node, Target: node, Item: "x", Status: Failed, Reason: "kschmidt may not read /home/kschmidt/x"})
	return w
}

// contents are the entries of a bundle by path.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	r, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	if err := r.Walk(t.Context(), func(e Entry, body io.Reader) error {
		b, err := io.ReadAll(body)
		all[e.Path] = string(b)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPseudonymise(t *testing.T) {
	for _, node := range []string{"tomcat", "n1", "conf-7", "vm"} {
		dir := t.TempDir()
		set := names.New(names.Key{1})
		w, err := namedBundle(t, filepath.Join(dir, "b.named"), node).Pseudonymise(t.Context(), plan.Standard, set, filepath.Join(dir, "b.tar.zst"))
		if err != nil {
			t.Fatal(err)
		}
		w.Cover(Coverage{Node: node, Item: "late", Status: Skipped, Reason: "kschmidt said so"})
		m, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		host, user := set.Pseudonym(names.Host, node), set.Pseudonym(names.User, "kschmidt")
		all := contents(t, filepath.Join(dir, "b.tar.zst"))
		for path, text := range all {
			where := path + "\n" + text
			for _, name := range []string{"kschmidt", "acme-prod", "10.1.2.3", "filer", "nodes/" + node + "/", `"` + node + `"`, "=" + node + "\n"} {
				if strings.Contains(where, name) {
					t.Errorf("%s: %q is left in %s", node, name, where)
				}
			}
		}
		for path, want := range map[string]string{
			"jvm/1-shop/threads/dump-01.txt":             "org.apache." + node + ".util.Net.run(Net.java:1)\nearly " + user,
			"jvm/1-shop/vm/system_properties.properties": "user.name=" + user + "\nhost.name=" + host,
			"host/series.000.jsonl":                      `"target":"` + host + `","units":{"user":"seconds"}`,
			"timing/probes.json":                         `"name":"` + host + `"`,
		} {
			if got := all["nodes/"+host+"/"+path]; !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want %q in it", node, path, got, want)
			}
		}
		if got := all["cluster/timing.json"]; !strings.Contains(got, `"from":"`+host+`"`) {
			t.Errorf("%s: links are %s", node, got)
		}
		if m.Redaction.Level != plan.Standard || m.Plan.Redact != plan.Standard || !strings.HasPrefix(m.Redaction.LeakCheck, "clean") ||
			len(m.Redaction.Names) == 0 || len(m.Coverage) != 2 || m.Coverage[0].Node != host || m.Coverage[1].Node != host {
			t.Errorf("%s: %+v, %+v", node, m.Redaction, m.Coverage)
		}
		if _, err := Open(t.Context(), filepath.Join(dir, "b.named")); err == nil {
			t.Errorf("%s: what has names is still there", node)
		}
	}
}

// Bundles of two days have the same pseudonyms, those of another cluster others, whatever else is in them.
func TestSamePseudonyms(t *testing.T) {
	dir := t.TempDir()
	nodeOf := func(n int, key names.Key, node string) string {
		to := filepath.Join(dir, fmt.Sprintf("%d.tar.zst", n))
		w, err := namedBundle(t, to+".named", node).Pseudonymise(t.Context(), plan.Standard, names.New(key), to)
		if err != nil {
			t.Fatal(err)
		}
		m, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range m.Nodes {
			if n.Name != names.New(key).Pseudonym(names.Host, "db") {
				return n.Name
			}
		}
		return ""
	}
	one, next, other := nodeOf(1, names.Key{1}, "conf-7"), nodeOf(2, names.Key{1}, "conf-7"), nodeOf(3, names.Key{2}, "conf-7")
	if one != next || one == other || one == "" {
		t.Errorf("%q, the next day %q, of another cluster %q", one, next, other)
	}
}

// At level minimal nothing with free text is left, and the ledger names it.
func TestMinimal(t *testing.T) {
	dir := t.TempDir()
	to := filepath.Join(dir, "b.tar.zst")
	w, err := namedBundle(t, to+".named", "conf-7").Pseudonymise(t.Context(), plan.Minimal, names.New(names.Key{1}), to)
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	for path := range contents(t, to) {
		if strings.Contains(path, "/logs/") || strings.Contains(path, "system_properties") {
			t.Errorf("%s is left", path)
		}
	}
	left := 0
	for _, c := range m.Coverage {
		if c.Status == Skipped && strings.Contains(c.Reason, "free text") {
			left++
		}
	}
	if left != 2 {
		t.Errorf("the ledger names %d entries, want 2: %+v", left, m.Coverage)
	}
}

// What was signed with its names is not signed without them.
func TestRedactDropsTheSignature(t *testing.T) {
	dir := t.TempDir()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := seal.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	w := namedBundle(t, filepath.Join(dir, "signed.tar.zst"), "n1")
	w.SignWith(signer)
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), filepath.Join(dir, "signed.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "red.tar.zst")
	red, err := Redact(t.Context(), r, plan.Standard, redact.NewSecrets(), names.New(names.Key{1}), out, TarZstd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := red.Close(); err != nil {
		t.Fatal(err)
	}
	rep, err := Verify(t.Context(), out, nil)
	if err != nil || rep.Signature != nil || rep.SignatureErr != nil {
		t.Errorf("%v: %+v, %v", err, rep.Signature, rep.SignatureErr)
	}
	if _, left := contents(t, out)[SignatureFile]; left {
		t.Error("the old signature is still there")
	}
}
