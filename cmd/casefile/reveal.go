package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"casefile/bundle/redact/names"
)

// maxRevealed bounds the text that is translated, in bytes.
const maxRevealed = 64 << 20

func newReveal(u *ui) *cobra.Command {
	var file, key string
	cmd := &cobra.Command{
		Use:   "reveal MAP [PSEUDONYM...]",
		Short: "Translate pseudonyms back, with the map and the key that stay with you",
		Long: `Translates the pseudonyms of a bundle that was made with --redact standard or minimal
back to the names they stand for. MAP is the file names.age, or its folder: collect
and redact print where it is. Its key is names.key next to it.

With --file a whole text is translated: the answer of support, a report. Without
pseudonyms and --file all names are listed.`,
		Example: `  casefile reveal ~/.local/state/casefile/prod host-k7q2
  casefile reveal casefile-cluster/names.age --file ANSWER.txt`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := names.ReadNames(args[0], key)
			if err != nil {
				return hinted(err, "casefile collect --redact standard prints where the map lies; --key FILE names its key")
			}
			switch {
			case file != "":
				return revealFile(u, list, file)
			case len(args) == 1:
				return listNames(u.out, list)
			}
			missing := 0
			for _, as := range args[1:] {
				out, n := names.Reveal(list, []byte(as))
				if n == 0 {
					fmt.Fprintf(u.err, "casefile: error: %s: not in this map\n", as)
					missing++
					continue
				}
				fmt.Fprintf(u.out, "%s\n", out)
			}
			if missing > 0 {
				return &exit{code: exitFailed}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "translate this text (- is standard input)")
	cmd.Flags().StringVar(&key, "key", "", "key of the map (default: names.key next to it)")
	return cmd
}

func revealFile(u *ui, list []names.Name, file string) error {
	in := u.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxRevealed+1))
	if err != nil {
		return err
	}
	if len(text) > maxRevealed {
		return fmt.Errorf("%s: more than %d bytes", file, maxRevealed)
	}
	out, n := names.Reveal(list, text)
	if _, err := u.out.Write(out); err != nil {
		return err
	}
	fmt.Fprintf(u.err, "%d pseudonyms translated\n", n)
	return nil
}

func listNames(w io.Writer, list []names.Name) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range list {
		if n.Kind != names.Network.String() {
			fmt.Fprintf(table, "%s\t%s\t%s\n", n.As, n.Kind, strings.ToValidUTF8(n.Name, "\uFFFD"))
		}
	}
	return table.Flush()
}
