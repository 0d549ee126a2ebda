package main

import (
	"bytes"
	"fmt"
	"io"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/report"
	"casefile/analyze/say"
	"casefile/bundle"
	"casefile/bundle/redact"
)

// reportEntry is one of the reports within a bundle.
type reportEntry struct {
	name   string
	kind   redact.Kind
	render func() ([]byte, error)
}

// reportEntries are the reports of a case, in the order in which they are written.
func reportEntries(c *analyze.Case, res *analyze.Result, meta report.Meta, against *compare.Comparison) []reportEntry {
	made := func(render func(io.Writer) error) func() ([]byte, error) {
		return func() ([]byte, error) {
			var b bytes.Buffer
			err := render(&b)
			return b.Bytes(), err
		}
	}
	return []reportEntry{
		{bundle.FindingsFile, redact.JSON, made(func(w io.Writer) error { return report.JSONAgainst(w, c, res, against) })},
		{bundle.SummaryFile, redact.Text, made(func(w io.Writer) error { return report.Markdown(w, c, res, meta) })},
		{bundle.ReportFile, redact.Text, made(func(w io.Writer) error { return report.HTML(w, c, res, meta) })},
	}
}

// overheadText says in a line a node what the capture cost.
func overheadText(m *bundle.Manifest) []string {
	var lines []string
	for _, o := range m.Overhead {
		line := fmt.Sprintf("%s: %s s CPU in %s s (%s of one), %s memory", o.Node,
			say.Number(o.CPUSeconds), say.Number(o.Seconds), say.Percent(o.CPUSeconds/max(o.Seconds, 1)), say.Bytes(o.MaxRSS))
		for _, t := range o.Targets {
			line += fmt.Sprintf("; %s: %d commands, paused %.1f ms in all, %.1f ms at most", t.Target, t.Commands,
				t.PauseMS, t.MaxMS)
		}
		lines = append(lines, line)
	}
	return lines
}
