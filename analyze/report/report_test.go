package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/analyze/threads"
)

const fixtures = "../../testdata/report"

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join(fixtures, name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// outputs are all that is written about one case, by name.
var outputs = map[string]func(w io.Writer, c *analyze.Case, r *analyze.Result) error{
	"findings.json": JSON,
	"SUMMARY.md":    func(w io.Writer, c *analyze.Case, r *analyze.Result) error { return Markdown(w, c, r, sampleMeta()) },
	"terminal.txt": func(w io.Writer, c *analyze.Case, r *analyze.Result) error {
		return Terminal(w, c, r, Options{Width: 80, Bundle: "wiki.tar.zst"})
	},
	"terminal-verbose-color.txt": func(w io.Writer, c *analyze.Case, r *analyze.Result) error {
		return Terminal(w, c, r, Options{Width: 60, Verbose: true, Color: true})
	},
	"show.txt": func(w io.Writer, c *analyze.Case, r *analyze.Result) error {
		if len(r.Findings) == 0 {
			return nil
		}
		return Finding(w, c, &r.Findings[0], sampleCited(r.Findings), Options{Width: 80})
	},
	"report.html": func(w io.Writer, c *analyze.Case, r *analyze.Result) error { return HTML(w, c, r, sampleMeta()) },
}

func render(t *testing.T, name string, c *analyze.Case, r *analyze.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := outputs[name](&b, c, r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b.Bytes()
}

// renderHTML also checks that the page is well formed.
func renderHTML(t *testing.T, c *analyze.Case, r *analyze.Result, m Meta) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, c, r, m); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b.Bytes())
	return b.Bytes()
}

var void = regexp.MustCompile(`<(meta|br|wbr|input|link|img)\b[^>]*[^/]>`)

// wellFormed parses the page as XML, which is stricter than a browser, and checks
// that every link inside it has its target, once.
func wellFormed(t *testing.T, page []byte) {
	t.Helper()
	if m := void.Find(page); m != nil {
		t.Errorf("void element not closed: %s", m)
	}
	d := xml.NewDecoder(bytes.NewReader(page))
	ids, links := map[string]int{}, map[string]bool{}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v", err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			switch name := a.Name.Local; {
			case name == "id":
				ids[a.Value]++
			case name == "href":
				links[a.Value] = true
			case name == "style" || strings.HasPrefix(name, "on"):
				t.Errorf("<%s %s=%q>: the page's policy forbids it", start.Name.Local, name, a.Value)
			}
		}
	}
	for l := range links {
		if !strings.HasPrefix(l, "#") {
			t.Errorf("link %q leaves the page", l)
		} else if ids[l[1:]] != 1 {
			t.Errorf("%d targets for link %q", ids[l[1:]], l)
		}
	}
}

func TestGolden(t *testing.T) {
	c, r := sampleCase(t)
	for name := range outputs {
		if name != "report.html" {
			golden(t, name, render(t, name, c, r))
		}
	}
}

func TestDeterministic(t *testing.T) {
	a, ra := sampleCase(t)
	b, rb := sampleCase(t)
	for name := range outputs {
		one, again, other := render(t, name, a, ra), render(t, name, a, ra), render(t, name, b, rb)
		if !bytes.Equal(one, again) || !bytes.Equal(one, other) {
			t.Errorf("%s differs between two renderings", name)
		}
	}
}

func TestHTMLHasItsParts(t *testing.T) {
	c, r := sampleCase(t)
	page := renderHTML(t, c, r, sampleMeta())
	keepPage(t, "report.html", page)
	for _, want := range []string{"2 critical, 1 warning on 1 of 2 nodes, with 1 consequence", "GroupCache", "crowd.ldap.read.timeout", "Threads by state", "Contended", "Threads by CPU",
		`class="flame"`, ">Pauses<", "Pauses by kind", "worst window", "Heap used", "CPU of the machine", "Pressure", "Disks busy", "Missing from this capture",
		"kill -CONT 812", "Not evaluated", "metaspace-pressure", "pool-mismatch: panic", "0.4 % of one CPU", "waiting to lock"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindSubmatch(page)
	script := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindSubmatch(page)
	if style == nil || script == nil {
		t.Fatal("no style or script")
	}
	for _, block := range [][]byte{style[1], script[1]} {
		if h := hashOf(string(block)); !bytes.Contains(page, []byte(h)) {
			t.Errorf("the policy does not allow the page's own block %s", h)
		}
	}
	if m := regexp.MustCompile(`(?i)(src|href|url)\s*[=(]\s*["']?https?:`).Find(page); m != nil {
		t.Errorf("the page loads %s", m)
	}
}

// hostile is a name as an attacker would choose it.
const hostile = "</title><script>alert(1)</script><svg onload=x> | `x` [l](http://evil) \x1b[31m\x00\u202e {code} @admin \"' & %s \xff"

func hostileCase(t *testing.T) (*analyze.Case, *analyze.Result) {
	t.Helper()
	dump := strings.ReplaceAll(sampleDump(0), "http-nio-8090-exec-1\"", "<script>alert(2)</script> \x1b]0;x\x07\u202e\"")
	dump = strings.ReplaceAll(dump, "com.acme.directory", "<img src=x onerror=y>&amp;.directory")
	ds, sum, err := threads.ParseAll(hostile, strings.NewReader(dump))
	if err != nil {
		t.Fatal(err)
	}
	n := &analyze.Node{Name: hostile, Host: &host.Facts{Unknown: map[string]int{hostile: 1}}, Failed: 1}
	n.Host.System.OS.Value = hostile
	n.Host.Disks = []host.Disk{{Name: hostile}}
	b := gc.NewBuilder(hostile, "unified", gc.Limits{})
	for i := range 3 {
		at := time.Duration(i+1) * time.Second
		b.Seen(at, i+1)
		b.Pause(gc.Pause{Start: at, Duration: time.Millisecond, Kind: gc.KindYoung, CauseID: b.Cause([]byte(hostile))})
	}
	n.JVMs = []*analyze.JVM{{Node: n, Target: hostile, App: hostile, Version: hostile, Dumps: threads.NewSeries(ds, nil), DumpInfo: []threads.Summary{sum}, GC: []*gc.Log{b.Finish()}}}
	f := analyze.Finding{ID: hostile, Severity: analyze.Critical, Confidence: hostile, Title: hostile, Explanation: hostile, Nodes: []string{hostile}, Subject: hostile, Impact: hostile, Weight: math.NaN(),
		Evidence:   []analyze.Evidence{{Entry: hostile, Lines: "1-3", Text: hostile}},
		Advice:     []analyze.Advice{{Action: hostile, Setting: hostile, From: hostile, To: hostile, Effect: hostile, Risk: hostile, Rollback: hostile, Verify: hostile}},
		References: []string{hostile}}
	r := &analyze.Result{Findings: []analyze.Finding{f}, NotEvaluated: []analyze.NotEvaluated{{ID: hostile, Needs: hostile}}, Broken: []string{hostile}}
	return &analyze.Case{ID: hostile, Cluster: hostile, Nodes: []*analyze.Node{n}, Gaps: []analyze.Gap{{Node: hostile, Target: hostile, Item: hostile, Reason: hostile, Fix: hostile}}, Problems: []string{hostile}}, r
}

func TestHostileNames(t *testing.T) {
	c, r := hostileCase(t)
	cited := NewCited(r.Findings)
	cited.Take(hostile, strings.NewReader(hostile+"\n"+hostile+"\n"))
	page := renderHTML(t, c, r, Meta{Title: hostile, BundleName: hostile, Tool: hostile, Commands: []string{hostile}, Overhead: []string{hostile}, Cited: cited})
	for _, tag := range []string{"<script>alert", "<svg onload", "<img", "\x1b", "\x00", "\u202e", "\x07"} {
		if bytes.Contains(page, []byte(tag)) {
			t.Errorf("the page holds %q", tag)
		}
	}
	if n := bytes.Count(page, []byte("<script")) - bytes.Count(page, []byte(`<script type="application/json"`)); n != 1 {
		t.Errorf("the page has %d scripts, want its own", n)
	}
	var term, show bytes.Buffer
	if err := errors.Join(Terminal(&term, c, r, Options{Verbose: true}), Finding(&show, c, &r.Findings[0], cited, Options{})); err != nil {
		t.Fatal(err)
	}
	md := render(t, "SUMMARY.md", c, r)
	for name, out := range map[string][]byte{"terminal": term.Bytes(), "show": show.Bytes(), "markdown": md} {
		for i, ru := range string(out) {
			if ru != '\n' && !printable(ru) && ru != '\ufffd' {
				t.Errorf("%s: character %U at byte %d", name, ru, i)
				break
			}
		}
	}
	for line := range strings.Lines(string(md)) {
		outside := regexp.MustCompile("`[^`]*`").ReplaceAllString(line, "") // code spans are inert
		if m := regexp.MustCompile(`<[a-zA-Z/]|[^\\]\]\(http|(^|[^\\]){code|[^\\]\[l|(^|\s)@admin`).FindString(outside); m != "" {
			t.Errorf("markdown: %q is markup in %s", m, line)
		}
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); strings.HasPrefix(line, "|") && n != 5 && n != 8 {
			t.Errorf("markdown: a table row of %d bars: %s", n, line)
		}
	}
	if !json.Valid(render(t, "findings.json", c, r)) {
		t.Error("findings.json is no JSON")
	}
}

func TestEmptyCase(t *testing.T) {
	c, r := &analyze.Case{}, &analyze.Result{}
	renderHTML(t, c, r, Meta{})
	for name := range outputs {
		render(t, name, c, r)
	}
	if got := string(render(t, "terminal.txt", c, r)); got != "Cannot tell: nothing was captured that can be analysed\n" {
		t.Errorf("terminal: %q", got)
	}
	c.Nodes = []*analyze.Node{{JVMs: []*analyze.JVM{{Target: "a"}}}}
	if got := string(render(t, "terminal.txt", c, r)); got != "Cannot tell: nothing was captured that can be analysed\n" {
		t.Errorf("terminal: %q", got)
	}
	renderHTML(t, c, r, Meta{})
}

// TestArraysNeverNull walks the JSON of an almost empty case.
func TestArraysNeverNull(t *testing.T) {
	c := &analyze.Case{Nodes: []*analyze.Node{{Name: "n"}}}
	r := &analyze.Result{Findings: []analyze.Finding{{ID: "a", Severity: analyze.Info}}}
	var doc map[string]any
	if err := json.Unmarshal(render(t, "findings.json", c, r), &doc); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"findings", "not_evaluated", "threads", "gc", "jfr", "profiles", "nodes", "gaps", "problems", "broken_rules"} {
		if _, ok := doc[key].([]any); !ok {
			t.Errorf("%s is %v, want an array", key, doc[key])
		}
	}
	finding := doc["findings"].([]any)[0].(map[string]any)
	for _, key := range []string{"nodes", "evidence", "advice"} {
		if _, ok := finding[key].([]any); !ok {
			t.Errorf("findings[0].%s is %v, want an array", key, finding[key])
		}
	}
	node := doc["nodes"].([]any)[0].(map[string]any)
	if reflect.TypeOf(node["jvms"]).Kind() != reflect.Slice {
		t.Errorf("nodes[0].jvms is %v, want an array", node["jvms"])
	}
}

func TestThreadsElement(t *testing.T) {
	c, _ := sampleCase(t)
	got := NewDocument(c, &analyze.Result{}).Threads
	want := []Threads{{Source: "nodes/wiki-1/jvm/4711-confluence/threads", Node: "wiki-1", Subject: "4711-confluence", Dumps: 6, Threads: 25}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("threads differ (-want +got):\n%s", diff)
	}
}

// TestHugeCase holds every output to its bound however much there is.
func TestHugeCase(t *testing.T) {
	c, r := sampleCase(t)
	first := c.Nodes[0]
	for i := range 400 {
		n := *first
		n.Name = fmt.Sprintf("node-%d", i)
		n.JVMs = nil
		for range 3 {
			j := *first.JVMs[0]
			n.JVMs = append(n.JVMs, &j)
		}
		c.Nodes = append(c.Nodes, &n)
		c.Problems = append(c.Problems, strings.Repeat("long problem ", 200))
	}
	f := r.Findings[0]
	f.Title, f.Explanation, f.Impact = strings.Repeat("title ", 3000), strings.Repeat("words ", 30000), strings.Repeat("impact ", 3000)
	for range 3000 {
		r.Findings = append(r.Findings, f)
		c.Gaps = append(c.Gaps, analyze.Gap{Item: fmt.Sprint("gap ", len(c.Gaps)), Reason: strings.Repeat("reason ", 50)})
		r.NotEvaluated = append(r.NotEvaluated, analyze.NotEvaluated{ID: fmt.Sprint("rule-", len(c.Gaps)), Needs: "much"})
	}
	page := renderHTML(t, c, r, sampleMeta())
	if n := len(page); n > 8<<20 {
		t.Errorf("the page has %d bytes", n)
	}
	for _, left := range []string{"more findings in findings.json", "more nodes", "more JVM", "more hosts", "more are left out"} {
		if !bytes.Contains(page, []byte(left)) {
			t.Errorf("the page does not say %q", left)
		}
	}
	md := render(t, "SUMMARY.md", c, r)
	if n := bytes.Count(md, []byte("\n")); n >= 200 {
		t.Errorf("SUMMARY.md has %d lines", n)
	}
	if !bytes.Contains(md, []byte("more findings: see the report")) && !bytes.Contains(md, []byte("findings more")) {
		t.Errorf("SUMMARY.md does not say that findings are left out")
	}
	if n := len(md); n > 64<<10 {
		t.Errorf("SUMMARY.md has %d bytes", n)
	}
}
