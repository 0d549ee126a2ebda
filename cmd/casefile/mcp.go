package main

import (
	"context"
	"io"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"casefile/analyze"
	"casefile/analyze/answer"
	"casefile/analyze/assistant"
	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/analyze/shelf"
	"casefile/bundle"
)

func newMCP(u *ui) *cobra.Command {
	var most limits
	cmd := &cobra.Command{
		Use:   "mcp PATH...",
		Short: "Give the facts of bundles to an assistant, over stdin and stdout",
		Long: `Serves the Model Context Protocol on stdin and stdout: an assistant that starts
"casefile mcp PATH" can ask for the overview, findings with their evidence, threads,
GC figures, profiles, counters, lines of entries, the checklist, and what changed
between two captures. PATH is a bundle, a folder of bundles, or what "casefile
analyze" reads; each is a capture of its own, and bundles of one case id that are
of different nodes at one time are offered as one capture too. Nothing is changed and nothing is sent; answers are bounded, and
text of a capture is marked as data. What the assistant does with the answers is
its own: they leave this machine if it runs elsewhere.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			s, err := newCases(paths, &most)
			if err != nil {
				return err
			}
			return assistant.Run(cmd.Context(), s, toolVersion(), &mcp.IOTransport{Reader: io.NopCloser(u.in), Writer: noClose{u.out}})
		},
	}
	most.flags(cmd.Flags())
	return cmd
}

// noClose is a writer that is not ours to close.
type noClose struct{ io.Writer }

func (noClose) Close() error { return nil }

// newCases makes the shelf of captures at paths, with the bundles of a case as one.
func newCases(paths []string, most *limits) (*shelf.Shelf, error) {
	s, err := newShelf(paths, nil, most)
	if err != nil {
		return nil, err
	}
	s.Join(func(ctx context.Context, path string) (shelf.Head, error) { return headOf(ctx, path, most) })
	return s, nil
}

// newShelf makes the shelf of captures at paths.
func newShelf(paths []string, cache *shelf.Cache, most *limits) (*shelf.Shelf, error) {
	for _, p := range paths {
		if load.IsStream(p) {
			return nil, usage("%s: give files and folders, not streams", p)
		}
		if _, err := os.Stat(p); err != nil {
			return nil, err
		}
	}
	return shelf.New(paths, cache, func(ctx context.Context, paths ...string) (*answer.Capture, error) {
		return openCapture(ctx, paths, most)
	}), nil
}

// headOf is what a bundle says of itself.
func headOf(ctx context.Context, path string, most *limits) (shelf.Head, error) {
	l := *most
	ctx, err := l.bound(ctx, path)
	if err != nil {
		return shelf.Head{}, err
	}
	r, err := bundle.Open(ctx, path)
	if err != nil || r.Foreign {
		return shelf.Head{}, err
	}
	m := &r.Manifest
	h := shelf.Head{Case: m.CaseID, Cluster: m.Cluster, From: m.Started, To: m.Ended}
	if h.To.IsZero() {
		h.To = h.From
	}
	for _, n := range m.Nodes {
		h.Nodes = append(h.Nodes, n.Name)
	}
	return h, nil
}

// openCapture reads one capture, and what the rules say of it.
func openCapture(ctx context.Context, paths []string, most *limits) (*answer.Capture, error) {
	l := *most // its memory goes by what is read
	ctx, err := l.bound(ctx, paths...)
	if err != nil {
		return nil, err
	}
	c, err := load.Paths(ctx, paths)
	if err != nil {
		return nil, err
	}
	res, err := evaluate(ctx, c)
	if err != nil {
		return nil, err
	}
	return &answer.Capture{Name: paths[0], Case: c, Result: res, Cited: func(ctx context.Context, list []analyze.Finding) *report.Cited {
		l := *most
		bounded, err := l.bound(ctx, paths...)
		if err != nil { // the keys were there when the capture was opened
			cited := report.NewCited(list)
			for _, entry := range cited.Missing() {
				cited.Fail(entry, err)
			}
			return cited
		}
		return readCitedWithin(bounded, paths, list)
	}}, nil
}
