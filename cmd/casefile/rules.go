package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"casefile/analyze/rules"
)

func newRules(u *ui) *cobra.Command {
	output := "text"
	cmd := &cobra.Command{
		Use:   "rules [ID]",
		Short: "Print what a finding means, what it needs, and the thresholds it goes by",
		Long: `Lists the rules, or prints one: what its finding means, what must be captured for it,
how such a problem is cured, which findings explain or silence it, and its thresholds
with their sources. --output markdown prints them all as a page.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			all := rules.WholeCatalogue()
			switch {
			case output != "text" && output != "markdown":
				return usage("--output %q: want text or markdown", output)
			case len(args) == 0 && output == "markdown":
				return all.Markdown(u.out)
			case len(args) == 0:
				return all.List(u.out)
			}
			r, ok := all.Find(args[0])
			if !ok {
				return hinted(fmt.Errorf("no rule %q", args[0]), "casefile rules lists them all")
			}
			return all.Rule(u.out, r)
		},
	}
	cmd.Flags().StringVar(&output, "output", output, "text, or markdown for the whole page")
	return cmd
}
