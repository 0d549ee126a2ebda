package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"casefile/analyze/load"
	"casefile/analyze/report"
)

func newShow(u *ui) *cobra.Command {
	var most limits
	cmd := &cobra.Command{
		Use:   "show BUNDLE [FINDING]",
		Short: "Print one finding with its evidence, or list the findings",
		Long: `Prints a finding in full: what it means, the cited lines of the bundle with their
line numbers, what to do, what that costs and how to tell that it worked.
FINDING is an id, as "casefile analyze" prints it; all of that id are shown.
Without it the findings are listed.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := most.bound(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			c, err := load.Paths(ctx, args[:1])
			if err != nil {
				return err
			}
			res, err := evaluate(ctx, c)
			if err != nil {
				return err
			}
			opts := report.Options{Color: u.color(u.out), Width: width(u.out), Bundle: args[0]}
			if len(args) == 1 {
				return report.Terminal(u.out, c, res, opts)
			}
			cited := readCited(ctx, args[:1], res.Findings)
			var ids []string
			shown := 0
			for _, f := range res.Findings {
				ids = append(ids, f.ID)
				if f.ID != args[1] {
					continue
				}
				if shown++; shown > 1 {
					fmt.Fprintln(u.out)
				}
				if err := report.Finding(u.out, c, &f, cited, opts); err != nil {
					return err
				}
			}
			if shown == 0 {
				return hinted(fmt.Errorf("no finding %q in %s", args[1], args[0]), "it holds: "+strings.Join(ids, ", "))
			}
			return nil
		},
	}
	most.flags(cmd.Flags())
	return cmd
}
