package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"casefile/bundle"
	"casefile/bundle/redact"
)

func newVerify(u *ui) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Check integrity, coverage and leaks of a bundle",
		Long: `Reads every entry, compares it with its checksum, prints what the ledger says is
missing and why, and searches for text that looks like a secret and was not
scrubbed. A bundle that was cut (a killed process, a full disk, a lost link) is
checked up to the cut.

Exit codes: 0 whole and complete; 3 cut or with gaps, all that is there is
intact; 1 damaged, or something looks like a secret.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return usage("--output %q: want text or json", output)
			}
			rep, err := bundle.Verify(cmd.Context(), args[0], redact.NewSecrets())
			if err != nil {
				return err
			}
			if output == "json" {
				err = verifyJSON(u.out, rep)
			} else {
				verifyText(u.out, args[0], rep)
			}
			if err != nil {
				return err
			}
			switch {
			case len(rep.Damaged) > 0 || len(rep.Leaks) > 0:
				return &exit{code: exitFailed}
			case rep.Reader.Cut != nil || len(rep.Reader.Manifest.Gaps()) > 0:
				return &exit{code: exitGaps}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&output, "output", "text", "text or json")
	return cmd
}

func verifyText(w io.Writer, name string, rep *bundle.Report) {
	m := &rep.Reader.Manifest
	fmt.Fprintf(w, "%s: %d entries, %s, %d damaged, %d leaks\n", name, rep.Entries, bytesText(rep.Bytes), len(rep.Damaged), len(rep.Leaks))
	if rep.Reader.Cut != nil {
		fmt.Fprintf(w, "cut: %v", rep.Reader.Cut)
		if rep.Reader.CutEntry != "" {
			fmt.Fprintf(w, " within %s", rep.Reader.CutEntry)
		}
		fmt.Fprintln(w, "; every entry before it is readable")
	}
	for _, d := range rep.Damaged {
		fmt.Fprintln(w, "damaged:", d)
	}
	for _, l := range rep.Leaks {
		fmt.Fprintln(w, "looks like a secret:", l)
	}
	for _, g := range m.Gaps() {
		fmt.Fprintln(w, gapText(g))
	}
	if m.Redaction != nil {
		fmt.Fprintf(w, "scrubbed: %d places, %d known values searched for everywhere; leak check: %s\n", m.Redaction.Total, m.Redaction.KnownValues, orNone(m.Redaction.LeakCheck))
	}
}

func gapText(g bundle.Coverage) string {
	where := g.Node
	if g.Target != "" && g.Target != g.Node {
		where += " " + g.Target
	}
	line := fmt.Sprintf("missing: %s: %s: %s", where, g.Item, g.Reason)
	if g.Fix != "" {
		line += "\n  fix: " + g.Fix
	}
	return line
}

func orNone(s string) string {
	if s == "" {
		return "none made"
	}
	return s
}

func verifyJSON(w io.Writer, rep *bundle.Report) error {
	type out struct {
		Entries  int               `json:"entries"`
		Bytes    int64             `json:"bytes"`
		Cut      string            `json:"cut,omitempty"`
		CutEntry string            `json:"cut_entry,omitempty"`
		Damaged  []string          `json:"damaged"`
		Leaks    []string          `json:"leaks"`
		Gaps     []bundle.Coverage `json:"gaps"`
	}
	o := out{Entries: rep.Entries, Bytes: rep.Bytes, CutEntry: rep.Reader.CutEntry,
		Damaged: append([]string{}, rep.Damaged...), Leaks: append([]string{}, rep.Leaks...), Gaps: append([]bundle.Coverage{}, rep.Reader.Manifest.Gaps()...)}
	if rep.Reader.Cut != nil {
		o.Cut = rep.Reader.Cut.Error()
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(o)
}

// bytesText prints a size for people.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
}
