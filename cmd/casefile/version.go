package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// commit is set by the linker; a build from source tells its own.
var commit = ""

func newVersion(u *ui) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "version", Short: "Say which casefile this is, and what it is made of", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch output {
			case "text":
				_, err := fmt.Fprintf(u.out, "casefile %s\n", toolVersion())
				return err
			case "json":
				enc := json.NewEncoder(u.out)
				enc.SetIndent("", " ")
				return enc.Encode(described())
			}
			return usage("--output %q: want text or json", output)
		},
	}
	cmd.Flags().StringVar(&output, "output", "text", "text or json (with commit and modules)")
	return cmd
}

// build is what a binary is made of.
type build struct {
	Version string   `json:"version"`
	Commit  string   `json:"commit,omitempty"`
	Go      string   `json:"go"`
	System  string   `json:"system"`
	Modules []module `json:"modules"`
}

type module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

func described() build {
	b := build{Version: toolVersion(), Commit: commit, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Modules: []module{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && b.Commit == "" {
			b.Commit = s.Value
		}
	}
	for _, m := range info.Deps {
		b.Modules = append(b.Modules, module{m.Path, m.Version})
	}
	return b
}

// newMan is the hidden verb that writes the manual pages, for packages. Their date is SOURCE_DATE_EPOCH, where it is set.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			root.DisableAutoGenTag = true
			h := &doc.GenManHeader{Title: "CASEFILE", Section: "1", Source: "casefile " + toolVersion()}
			if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
				at := time.Unix(seconds, 0).UTC()
				h.Date = &at
			}
			return doc.GenManTree(root, h, args[0])
		},
	}
}
