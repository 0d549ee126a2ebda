package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/apk" // formats register themselves
	_ "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packages makes one of each format for each Linux.
func (r *release) packages(context.Context) error {
	for _, format := range []string{"deb", "rpm", "apk"} {
		p, err := nfpm.Get(format)
		if err != nil {
			return err
		}
		for _, t := range targets {
			if t.os != "linux" {
				continue
			}
			info := nfpm.WithDefaults(r.info(t, format))
			if err := nfpm.PrepareForPackager(info, format); err != nil {
				return fmt.Errorf("%s for %s: %w", format, t, err)
			}
			info.Target = p.ConventionalFileName(info)
			if err := r.file(filepath.Base(info.Target), func(w io.Writer) error { return p.Package(info, w) }); err != nil {
				return fmt.Errorf("%s for %s: %w", format, t, err)
			}
		}
	}
	return nil
}

// info says what a package holds. Configuration stays over upgrades; the identity of a node is nobody's but its admin's, and in no package.
func (r *release) info(t target, format string) *nfpm.Info {
	own := func(name string) string { return filepath.Join(r.source, "cmd", "dist", "files", name) }
	one := func(src, dst string, mode uint32, kind string) *files.Content {
		return &files.Content{Source: src, Destination: dst, Type: kind, FileInfo: &files.ContentFileInfo{Mode: os.FileMode(mode), MTime: r.at, Owner: "root", Group: "root"}}
	}
	page := func(name string) string { return filepath.Join(r.out, "build", "pages", name) }
	list := files.Contents{
		one(r.binary(t), "/usr/bin/casefile", 0o755, ""),
		one("casefile", "/usr/bin/kubectl-casefile", 0o777, files.TypeSymlink), // kubectl casefile
		one(own("agent.env"), "/etc/casefile/agent.env", 0o644, "config|noreplace"),
		one(own("casefile.yaml"), "/etc/casefile.yaml", 0o644, "config|noreplace"),
		one(filepath.Join(r.source, "LICENSE"), "/usr/share/doc/casefile/LICENSE", 0o644, ""),
		one(r.terms(), "/usr/share/doc/casefile/THIRD-PARTY-LICENSES", 0o644, ""),
		one(filepath.Join(r.source, "README.md"), "/usr/share/doc/casefile/README.md", 0o644, ""),
		one(page("completion.bash"), "/usr/share/bash-completion/completions/casefile", 0o644, ""),
		one(page("completion.zsh"), "/usr/share/zsh/site-functions/_casefile", 0o644, ""),
		one(page("completion.fish"), "/usr/share/fish/vendor_completions.d/casefile.fish", 0o644, ""),
	}
	var scripts nfpm.Scripts
	if format != "apk" { // Alpine has no systemd
		list = append(list,
			one(own("casefile-agent.service"), "/usr/lib/systemd/system/casefile-agent.service", 0o644, ""),
			one(own("sysusers.conf"), "/usr/lib/sysusers.d/casefile.conf", 0o644, ""))
		scripts = nfpm.Scripts{PostInstall: own("postinstall.sh"), PreRemove: own("preremove.sh"), PostRemove: own("postremove.sh")}
	}
	for _, p := range r.manual("") {
		list = append(list, one(p.path, "/usr/share/man/man1/"+p.name, 0o644, ""))
	}
	return &nfpm.Info{
		Name: "casefile", Arch: t.arch, Platform: "linux", Version: r.number(), Section: "admin", Priority: "optional", MTime: r.at,
		Maintainer: "The casefile developers <casefile@invalid>", License: "Apache-2.0",
		Description: "Captures what a performance ticket of a JVM or Go cluster needs, and says what it shows.\n" +
			"An agent on each node captures profiles, thread dumps, cluster timing and GC\nstatistics; an analyzer merges them into one bundle with tuning advice.",
		Overridables: nfpm.Overridables{
			Contents: list,
			Scripts:  scripts,
		},
	}
}
