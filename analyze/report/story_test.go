package report

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"casefile/analyze"
)

// TestOneStory holds all outputs to one story: the same problems, each with what follows from it, and the same
// actions, in the same order.
func TestOneStory(t *testing.T) {
	c, r := sampleCase(t)
	s := NewStory(c, r)
	var titles, actions []string
	for _, p := range s.Problems {
		titles = append(titles, r.Findings[p.Finding-1].Title)
		for _, k := range p.Consequences {
			titles = append(titles, r.Findings[k-1].Title)
		}
	}
	for _, a := range s.Actions {
		actions = append(actions, a.Action)
	}
	if len(titles) != 4 || len(actions) != 3 {
		t.Fatalf("the sample tells %d problems and %d actions", len(titles), len(actions))
	}
	for name, from := range map[string]string{
		"terminal.txt": "", "SUMMARY.md": "## Findings", "report.html": `<section id="main"`, "findings.json": `"findings": [`,
	} {
		text := words(string(render(t, name, c, r)))
		inOrder(t, name+", problems", text[max(0, strings.Index(text, words(from))):], titles)
	}
	for name, from := range map[string]string{
		"terminal.txt": "", "SUMMARY.md": "## Do first", "report.html": "Do first", "findings.json": `"actions": [`,
	} {
		text := words(string(render(t, name, c, r)))
		inOrder(t, name+", actions", text[max(0, strings.Index(text, words(from))):], actions)
	}
	standing := map[analyze.Severity]int{}
	for _, p := range s.Problems {
		standing[r.Findings[p.Finding-1].Severity]++
	}
	verdict := fmt.Sprintf("%d critical, %d warning on 1 of 2 nodes, with %d consequence", standing[analyze.Critical],
		standing[analyze.Warning], len(titles)-len(s.Problems))
	for name, first := range map[string][]string{ // the terminal has the headline as its first finding
		"terminal.txt": {verdict, titles[0]}, "SUMMARY.md": {s.Headline, verdict}, "report.html": {s.Headline, verdict},
		"findings.json": {`"text": "` + verdict, `"headline": "` + s.Headline},
	} {
		inOrder(t, name+", headline", words(string(render(t, name, c, r))), first)
	}
	var doc Document
	if err := json.Unmarshal(render(t, "findings.json", c, r), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Story.Headline != "wiki-1: "+titles[0] || doc.Findings[1].ConsequenceOf != 1 {
		t.Errorf("findings.json: %q, %d", doc.Story.Headline, doc.Findings[1].ConsequenceOf)
	}
}

var layout = regexp.MustCompile(`[\s\\│]+|<wbr/>`)

// words is a text without what an output does to lay it out.
func words(s string) string { return layout.ReplaceAllString(html.UnescapeString(s), " ") }

func inOrder(t *testing.T, name, text string, want []string) {
	t.Helper()
	at := 0
	for _, w := range want {
		w = words(w)
		if len(w) > 60 { // a terminal cuts long ones
			w = w[:60]
		}
		k := strings.Index(text[at:], w)
		if k < 0 {
			t.Errorf("%s: %q is not there, or not after what comes before it", name, w)
			continue
		}
		at += k
	}
}

// TestNoAdviceForSymptoms: what follows from a problem gives no action, and an alternative none next to what it is
// instead of.
func TestNoAdviceForSymptoms(t *testing.T) {
	finding := func(id string, of int, advice ...analyze.Advice) analyze.Finding {
		return analyze.Finding{ID: id, Severity: analyze.Critical, Title: id, Nodes: []string{"n1"}, Subject: "1-a",
			ConsequenceOf: of, Advice: advice}
	}
	r := &analyze.Result{Findings: []analyze.Finding{
		finding("lock-contention", 0, analyze.Advice{Action: "shorten"}, analyze.Advice{Action: "drop", Alternative: true}),
		finding("thread-pool-exhausted", 1, analyze.Advice{Action: "enlarge the pool"}),
		finding("full-gc", 0, analyze.Advice{Action: "more heap", Setting: "-Xmx"}),
		finding("heap-too-small", 0, analyze.Advice{Action: "a larger heap", Setting: "-Xmx"}),
	}}
	var got []string
	for _, a := range NewStory(&analyze.Case{}, r).Actions {
		got = append(got, a.Action)
	}
	if text := strings.Join(got, ", "); text != "shorten, more heap" {
		t.Errorf("actions: %s", text)
	}
}

// TestNoPathOfTheAdmin: what is handed on does not tell where the admin keeps it.
func TestNoPathOfTheAdmin(t *testing.T) {
	c, r := sampleCase(t)
	m := sampleMeta()
	for _, dir := range []string{"/home/jane/secret-client/", `C:\Users\jane\secret-client\`} {
		m.BundleName = dir + "wiki.tar.zst"
		page := string(renderHTML(t, c, r, m))
		var md strings.Builder
		if err := Markdown(&md, c, r, m); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{page, md.String()} {
			if strings.Contains(text, "secret-client") || !strings.Contains(text, "wiki.tar.zst") {
				t.Errorf("the report tells of %s", dir)
			}
		}
	}
}

// TestPageHasAllItsSections: each section view that has something to show stands in the page, and in its contents.
func TestPageHasAllItsSections(t *testing.T) {
	c, r := sampleCase(t)
	m := sampleMeta()
	review, err := NewReview(c, r, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Review = review
	page := string(renderHTML(t, c, r, m))
	for _, anchor := range []string{"checklist", "jvm-1-1", "host-1", "nodes", "coverage"} {
		if !strings.Contains(page, `id="`+anchor+`"`) || !strings.Contains(page, `href="#`+anchor+`"`) {
			t.Errorf("the page has no %s, or no link to it", anchor)
		}
	}
}
