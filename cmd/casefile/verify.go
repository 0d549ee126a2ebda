package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
)

func newVerify(u *ui) *cobra.Command {
	var output string
	var most limits
	var leaks leakOptions
	var signers signers
	cmd := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Check integrity, coverage and leaks of a bundle",
		Long: `Reads every entry, compares it with its checksum, prints what the ledger says is
missing and why, and searches for text that looks like a secret and was not
scrubbed. A bundle that was cut (a killed process, a full disk, a lost link) is
checked up to the cut; so are the parts of nodes next to it (BUNDLE.parts), if the
capture of a cluster was killed.

--leaks says for which level the search is made: secrets (the default), or standard
for names of users, hosts, addresses too, in binary formats as well. With --names the
names of the cluster's map are searched for by name. It also takes archives, folders
and files of others.

Exit codes: 0 whole and complete; 3 cut or with gaps, all that is there is
intact; 1 damaged, or something looks like a secret, or the signature is not right.

A signature is that of casefile.json, which has the checksums of all entries. It says
by which key; with --signed-by it must be one of those.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return usage("--output %q: want text or json", output)
			}
			if err := leaks.complete(); err != nil {
				return err
			}
			ctx, err := most.bound(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			checked, err := leaks.verifyAll(ctx, args[0])
			if err != nil {
				return err
			}
			if err := signers.check(checked); err != nil {
				return err
			}
			if output == "json" {
				err = verifyJSON(u.out, checked)
			} else {
				for _, c := range checked {
					var text strings.Builder
					verifyText(&text, c.name, c.Report)
					if c.signed != "" {
						fmt.Fprintln(&text, c.signed)
					}
					if _, err = io.WriteString(u.out, report.Plain(text.String())); err != nil {
						return err
					}
				}
			}
			if err != nil {
				return err
			}
			return verdict(checked)
		},
	}
	cmd.Flags().StringVar(&output, "output", "text", "text or json")
	leaks.flags(cmd.Flags())
	most.flags(cmd.Flags())
	cmd.Flags().StringArrayVar(&signers.files, "signed-by", nil, "the bundle must be signed by one of these: a file of SSH public keys, or of the certificate of a cluster's authority (repeatable)")
	return cmd
}

// checked is one archive that was read.
type checked struct {
	*bundle.Report
	name string
	// signed says by whom it is, badly: by nobody who can be believed.
	signed string
	badly  bool
}

// leakOptions say what is searched for.
type leakOptions struct {
	leaks, names string
	set          *names.Set // nil: secrets only
	foreign      bool       // what no casefile wrote is taken too
}

// asBundle is the value of --leaks without one: the level that the bundle says it is at.
const asBundle = "as-bundle"

func (o *leakOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.leaks, "leaks", "", "search for what this level takes out: secrets, standard or minimal (default: the level of the bundle)")
	f.Lookup("leaks").NoOptDefVal = asBundle
	f.StringVar(&o.names, "names", "", "also search for the names in this map (names.age, or its folder)")
}

func (o *leakOptions) complete() error {
	o.foreign = o.leaks != ""
	if o.leaks == asBundle || o.leaks == "" {
		return nil
	}
	level, err := plan.ParseLevel(o.leaks)
	if err != nil {
		return usage("--leaks: %w", err)
	}
	if level.Pseudonyms() {
		return o.searchNames()
	}
	return nil
}

// searchNames asks for names, of any cluster or those of the map.
func (o *leakOptions) searchNames() error {
	o.set = names.New(names.Key{})
	if o.names == "" {
		return nil
	}
	list, err := names.ReadNames(o.names, "")
	if err != nil {
		return hinted(err, "the key of a map is names.key next to it")
	}
	o.set.Restore(list)
	return nil
}

// verifyAll reads a bundle, and the parts of nodes next to it if whoever joined them
// was killed.
func (o *leakOptions) verifyAll(ctx context.Context, path string) (list []checked, err error) {
	for _, file := range append([]string{path}, bundle.Parts(path)...) {
		rep, err := o.verify(ctx, file)
		if err != nil {
			return nil, err
		}
		list = append(list, checked{Report: rep, name: file})
	}
	return list, nil
}

func (o *leakOptions) verify(ctx context.Context, file string) (*bundle.Report, error) {
	r, err := bundle.Open(ctx, file)
	switch {
	case err != nil && !(o.foreign && errors.Is(err, bundle.ErrNotArchive)):
		return nil, err
	case err != nil:
		return bundle.VerifyFile(ctx, file, redact.NewSecrets(), o.set)
	case r.Foreign && o.foreign:
		return bundle.VerifyForeign(ctx, file, redact.NewSecrets(), o.set)
	}
	set := o.set
	if said := r.Manifest.Redaction; set == nil && (o.leaks == "" || o.leaks == asBundle) && said != nil && said.Level.Pseudonyms() {
		if err := o.searchNames(); err != nil {
			return nil, err
		}
		set, o.set = o.set, nil
	}
	return bundle.VerifyAt(ctx, file, redact.NewSecrets(), set)
}

// verdict is the exit code: damage and leaks count more than gaps.
func verdict(list []checked) error {
	gaps := len(list) > 1
	for _, rep := range list {
		if len(rep.Damaged) > 0 || len(rep.Leaks) > 0 || rep.badly {
			return &exit{code: exitFailed}
		}
		gaps = gaps || rep.Reader.Cut != nil || len(rep.Reader.Manifest.Gaps()) > 0
	}
	if gaps {
		return &exit{code: exitGaps}
	}
	return nil
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
		fmt.Fprintln(w, "looks like a secret or a name:", l)
	}
	for _, g := range m.Gaps() {
		fmt.Fprintln(w, gapText(g))
	}
	if said := m.Redaction; said == nil && m.Plan.Redact.Pseudonyms() || said != nil && said.Level != m.Plan.Redact && m.Plan.Redact.Pseudonyms() {
		fmt.Fprintf(w, "names: still there, though level %s was asked for: casefile redact %s -o OUT\n", m.Plan.Redact, name)
	}
	if m.Redaction != nil {
		if len(m.Redaction.Names) > 0 {
			fmt.Fprintf(w, "replaced: %s\n", replacedText(m.Redaction))
		}
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

// verifyJSON gives the bundle as an object, and its parts in a list of the same.
func verifyJSON(w io.Writer, list []checked) error {
	type out struct {
		Name     string            `json:"name,omitempty"`
		Entries  int               `json:"entries"`
		Bytes    int64             `json:"bytes"`
		Cut      string            `json:"cut,omitempty"`
		CutEntry string            `json:"cut_entry,omitempty"`
		Signed   string            `json:"signed,omitempty"`
		Damaged  []string          `json:"damaged"`
		Leaks    []string          `json:"leaks"`
		Gaps     []bundle.Coverage `json:"gaps"`
		Parts    []out             `json:"parts,omitempty"`
	}
	of := func(rep *bundle.Report) out {
		o := out{Entries: rep.Entries, Bytes: rep.Bytes, CutEntry: rep.Reader.CutEntry,
			Damaged: append([]string{}, rep.Damaged...), Leaks: append([]string{}, rep.Leaks...), Gaps: append([]bundle.Coverage{}, rep.Reader.Manifest.Gaps()...)}
		if rep.Reader.Cut != nil {
			o.Cut = rep.Reader.Cut.Error()
		}
		return o
	}
	whole := of(list[0].Report)
	whole.Signed = list[0].signed
	for _, part := range list[1:] {
		p := of(part.Report)
		p.Name = part.name
		whole.Parts = append(whole.Parts, p)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(whole)
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
