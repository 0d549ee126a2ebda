package main

import (
	"context"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"casefile/analyze/page"
	"casefile/analyze/shelf"
)

func newServe(u *ui) *cobra.Command {
	var most limits
	var port int
	var open, noCache bool
	cmd := &cobra.Command{
		Use:   "serve PATH...",
		Short: "Show bundles as pages in a browser on this machine",
		Long: `Shows the bundles at PATH, a folder or bundles themselves: a list with verdicts, the
report of each, what changed between two, a search over all findings. It listens
on this machine only and changes nothing; the address that it prints works once,
for one browser. What was found in a bundle is kept in your cache folder, so that
it is read once (sealed bundles: in memory only). It ends with Ctrl-C.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			if port < 0 || port > 65535 {
				return usage("--port %d: want 0 to 65535", port)
			}
			cache, err := summaryCache(noCache)
			if err != nil {
				return err
			}
			s, err := newShelf(paths, cache, &most)
			if err != nil {
				return err
			}
			srv, err := page.Listen(cmd.Context(), s, port, toolVersion())
			if err != nil {
				return err
			}
			fmt.Fprintln(u.out, srv.Address())
			if open {
				forget, err := openBrowser(cmd.Context(), srv.Address())
				defer forget()
				if err != nil {
					fmt.Fprintf(u.err, "casefile: the browser could not be opened (%v): open the address above\n", err)
				}
			}
			return srv.Run(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&port, "port", 0, "port to listen on; 0: any that is free")
	cmd.Flags().BoolVar(&open, "open", false, "open the browser")
	cmd.Flags().BoolVar(&noCache, "no-cache", false, "keep nothing in the cache folder")
	most.flags(cmd.Flags())
	return cmd
}

// summaryCache is the cache in the user's cache folder; without one it is in memory.
func summaryCache(memory bool) (*shelf.Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil || memory {
		return shelf.NewCache("", toolVersion())
	}
	return shelf.NewCache(filepath.Join(dir, "casefile", "serve"), toolVersion())
}

// openers open a file with the program that the user has for it.
var openers = map[string][]string{
	"linux":   {"xdg-open"},
	"darwin":  {"open"},
	"windows": {"rundll32", "url.dll,FileProtocolHandler"},
}

// openBrowser opens an address. It goes through a file of its owner alone: everybody can read the command lines of a
// machine. forget removes that file.
func openBrowser(ctx context.Context, address string) (forget func(), err error) {
	forget = func() {}
	dir, err := os.MkdirTemp("", "casefile-serve-*")
	if err != nil {
		return forget, err
	}
	forget = func() { os.RemoveAll(dir) }
	name := filepath.Join(dir, "open.html")
	text := fmt.Sprintf("<!DOCTYPE html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url=%[1]s\"><a href=\"%[1]s\">casefile</a>\n",
		html.EscapeString(address))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		return forget, err
	}
	argv, known := openers[runtime.GOOS]
	if !known {
		return forget, fmt.Errorf("no browser is known on %s", runtime.GOOS)
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:len(argv):len(argv)], name)...)
	if err := cmd.Start(); err != nil {
		cancel()
		return forget, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what opens a page says in the browser what is wrong
	}()
	return func() {
		cancel()
		<-ended
		os.RemoveAll(dir)
	}, nil
}
