package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"casefile/analyze/profile"
	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/newfile"
)

// profileOut is where the result goes: one file as --out names it, and others next to it.
type profileOut struct {
	path   string // as asked, empty: named by us
	format string
	files  []string // that were written, the main one first
}

// Formats by the end of a file's name.
var profileFormats = []struct{ suffix, format string }{
	{".html", "html"}, {".pb.gz", "pprof"}, {".pprof", "pprof"},
	{".folded", "folded"}, {".collapsed", "folded"}, {".speedscope.json", "speedscope"}, {".speedscope", "speedscope"},
}

// asked returns the format that a name asks for; empty when it asks for none we know.
func (o *profileOut) asked(name string) string {
	o.format = ""
	for _, f := range profileFormats {
		if strings.HasSuffix(name, f.suffix) {
			o.format = f.format
			break
		}
	}
	if name == "" || o.format == "" && !strings.Contains(name[strings.LastIndexByte(name, '/')+1:], ".") {
		o.format = "html"
	}
	return o.format
}

// base is the name without what tells its format.
func (o *profileOut) base() string {
	for _, f := range profileFormats {
		if b, ok := strings.CutSuffix(o.path, f.suffix); ok {
			return b
		}
	}
	return o.path
}

// deliver writes files, prints the table and the result, and pushes.
func (o *profileOptions) deliver(ctx context.Context, u *ui, p *profiled, m bundle.Manifest) error {
	shown := p.show(m)
	if err := o.writeFiles(p, shown); err != nil {
		return err
	}
	if o.push.url != "" {
		p.pushErr = o.push.send(ctx, p)
	}
	if o.output != "text" {
		return o.printJSON(u, p, m)
	}
	if o.top {
		if err := report.ProfileTerminal(u.out, shown, 30, report.Options{Color: u.color(u.out), Width: width(u.out)}); err != nil {
			return err
		}
	} else if err := report.ProfileTerminal(u.err, shown, 12, report.Options{Color: u.color(u.err), Width: width(u.err)}); err != nil {
		return err
	}
	if o.push.url != "" && p.pushErr == nil {
		fmt.Fprintf(u.err, "pushed %s to %s\n", plural(len(p.parts), "profile"), o.push.host())
	}
	for i, f := range o.out.files {
		if i == 0 && !o.top {
			fmt.Fprintln(u.out, f)
		} else {
			fmt.Fprintf(u.err, "also: %s\n", f)
		}
	}
	if o.bundle != "" {
		fmt.Fprintf(u.err, "bundle: %s\n", o.bundle)
	}
	return nil
}

// writeFiles writes what is asked for; nothing with --top alone.
func (o *profileOptions) writeFiles(p *profiled, shown *report.Profile) error {
	if o.out.path == "" {
		if o.top && o.export == "" {
			return nil
		}
		name := p.processes()[0]
		if len(p.processes()) > 1 {
			name = o.plan.Cluster
		}
		o.out.path = fmt.Sprintf("casefile-profile-%s-%s-%s.html", name, o.kind, time.Now().UTC().Format("20060102T150405Z"))
	}
	base := o.out.base()
	writers := map[string]struct {
		name  string
		write func(io.Writer) error
	}{
		"html":       {base + ".html", func(w io.Writer) error { return report.ProfileHTML(w, shown) }},
		"pprof":      {base + ".pb.gz", func(w io.Writer) error { return p.merged.Raw().Write(w) }},
		"folded":     {base + ".folded", p.view.Folded},
		"speedscope": {base + ".speedscope.json", func(w io.Writer) error { return p.view.Speedscope(w, shown.Title) }},
	}
	formats := []string{o.out.format}
	switch o.out.format {
	case "html":
		formats = append(formats, "pprof")
	case "pprof":
		formats = append(formats, "html")
	}
	if o.export != "" && o.export != o.out.format {
		formats = append(formats, o.export)
	}
	for i, f := range formats {
		w := writers[f]
		if i == 0 && o.out.path != base {
			w.name = o.out.path
		}
		if err := newfile.Write(w.name, w.write); err != nil {
			return hinted(err, placeHint(w.name, err, "choose another place with --out"))
		}
		o.out.files = append(o.out.files, w.name)
	}
	return nil
}

// show makes what page and table show.
func (p *profiled) show(m bundle.Manifest) *report.Profile {
	start, length := p.span()
	names := p.processes()
	title := names[0]
	if len(names) > 1 {
		title = plural(len(names), "process")
		title = strings.Replace(title, "processs", "processes", 1)
	}
	s := &report.Profile{Title: fmt.Sprintf("%s profile of %s", p.view.Kind, title), View: p.view, Notes: p.notes, BeforeName: p.beforeName}
	fact := func(name, value string) {
		if value != "" {
			s.Facts = append(s.Facts, report.Fact{Name: name, Value: value})
		}
	}
	fact("on", strings.Join(p.nodes(), ", "))
	if !start.IsZero() {
		fact("from", start.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if length > 0 {
		fact("for", length.Round(100*time.Millisecond).String())
	}
	fact("samples", fmt.Sprint(p.view.Samples()))
	fact("total", report.Value(p.view.Unit, p.view.Total()))
	fact("case", m.CaseID)
	if nodes := p.nodes(); len(nodes) > 1 {
		for _, n := range nodes {
			s.Nodes = append(s.Nodes, report.NodeProfile{Name: n, View: p.view.Focus(profile.NodeLabel, n)})
		}
	}
	if p.before != nil {
		s.Before = &p.before.view
	}
	return s
}

func (o *profileOptions) printJSON(u *ui, p *profiled, m bundle.Manifest) error {
	type node struct {
		Name    string `json:"name"`
		Process string `json:"process"`
		Samples int64  `json:"samples"`
		Total   int64  `json:"total"`
	}
	start, length := p.span()
	r := struct {
		Type      string            `json:"type,omitempty"`
		Version   int               `json:"schema_version"`
		Kind      profile.Kind      `json:"kind"`
		Unit      string            `json:"unit"`
		Samples   int64             `json:"samples"`
		Total     int64             `json:"total"`
		Start     time.Time         `json:"start,omitzero"`
		DurationS float64           `json:"duration_s"`
		Files     []string          `json:"files"`
		Bundle    string            `json:"bundle,omitempty"`
		Top       []profile.Row     `json:"top"`
		Changes   []profile.Change  `json:"changes,omitempty"`
		Processes []node            `json:"processes"`
		Notes     []string          `json:"notes"`
		Pushed    bool              `json:"pushed"`
		Coverage  []bundle.Coverage `json:"coverage"`
		Overhead  []bundle.Overhead `json:"overhead"`
	}{Version: 1, Kind: p.view.Kind, Unit: p.view.Unit, Samples: p.view.Samples(), Total: p.view.Total(), Start: start, DurationS: length.Seconds(),
		Files: append([]string{}, o.out.files...), Bundle: o.bundle, Top: p.view.Top(50), Notes: append([]string{}, p.notes...),
		Pushed: o.push.url != "" && p.pushErr == nil, Coverage: m.Coverage, Overhead: m.Overhead}
	for _, part := range p.parts {
		if v, ok := p.viewOf(part.Profile); ok {
			r.Processes = append(r.Processes, node{part.Node, part.Process, v.Samples(), v.Total()})
		}
	}
	if p.before != nil {
		r.Changes = profile.Compare(p.before.view, p.view, 50)
	}
	enc := json.NewEncoder(u.out)
	if o.output == "jsonl" {
		r.Type = "result"
	} else {
		enc.SetIndent("", " ")
	}
	return enc.Encode(r)
}
