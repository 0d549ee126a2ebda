package main

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
)

// fit is --max-size and --split.
type fit struct{ most, split sizeFlag }

func (f *fit) flags(to *pflag.FlagSet) {
	to.Var(&f.most, "max-size", "leave out what matters least until the bundle fits, like 50MB; the analysis is made before, and what is left out is in the ledger")
	to.Var(&f.split, "split", "parts of at most this size, like 25MB: BUNDLE.001 and so on; cat joins them, verify and analyze read them as they are")
}

func (f *fit) wanted() bool { return f.most > 0 || f.split > 0 }

// smaller leaves out what does not fit.
func (c *captured) smaller(ctx context.Context, w *bundle.Writer, o *collectOptions) *bundle.Writer {
	if o.fit.most == 0 {
		return w
	}
	next, left, err := w.Fit(ctx, int64(o.fit.most))
	if err != nil {
		c.unfit = err
		w.Cover(bundle.Coverage{Node: o.node, Collector: entries.CollectorReport, Item: "--max-size", Status: bundle.Partial, Cause: entries.TooLarge,
			Reason: err.Error(), Fix: "a larger --max-size, or --split"})
	}
	if left > 0 {
		c.fitted = fmt.Sprintf("left out to stay within %s: %d entries, which are in the ledger; they were analysed before", budget.Size(int64(o.fit.most)), left)
	}
	return next
}

// parts splits the closed bundle.
func (c *captured) parts(o *collectOptions) {
	c.files = []string{o.out}
	if o.fit.split == 0 || c.closeErr != nil {
		return
	}
	files, err := bundle.Split(o.out, int64(o.fit.split))
	if err != nil {
		c.closeErr = err
		return
	}
	c.files, c.path = files, files[0]
}
