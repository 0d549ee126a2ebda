package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact/names"
)

// levelOptions are --redact and --names.
type levelOptions struct {
	level plan.Level
	text  string
	dir   string
}

const levelHelp = `how much is taken out: secrets (passwords, tokens, keys), standard (also users, hosts,
addresses, e-mail, URLs' values, home folders, titles, SQL literals become pseudonyms), minimal (also no entry with free text)`

func (o *levelOptions) flags(f *pflag.FlagSet, level plan.Level) {
	f.StringVar(&o.text, "redact", string(level), levelHelp)
	f.StringVar(&o.dir, "names", "",
		"folder of the cluster's key and map of pseudonyms; made when missing (default: that of the cluster file, else ~/.local/state/casefile/<cluster>)")
}

func (o *levelOptions) complete() error {
	level, err := plan.ParseLevel(o.text)
	if err != nil {
		return usage("--redact: %w", err)
	}
	o.level = level
	return nil
}

// store opens the names of a cluster; nil at a level without pseudonyms. The folder is, without --names, the one of the
// cluster file, or that of the admin's own state.
func (o *levelOptions) store(clusterFile, cluster string) (*names.Store, error) {
	if !o.level.Pseudonyms() {
		return nil, nil
	}
	dir := o.dir
	if dir == "" && strings.HasSuffix(clusterFile, ".yaml") {
		dir = filepath.Dir(clusterFile)
	}
	if dir == "" {
		var err error
		if dir, err = stateDir(cluster); err != nil {
			return nil, hinted(err, "--names FOLDER says where the key of the pseudonyms lies")
		}
	}
	store, err := names.OpenStore(dir)
	if err != nil {
		return nil, hinted(fmt.Errorf("names: %w", err), "--names FOLDER says where the key of the pseudonyms lies")
	}
	for base, file := range map[string]string{"hosts": "/etc/hosts", "passwd": "/etc/passwd",
		"resolv.conf": "/etc/resolv.conf"} {
		if text, err := os.ReadFile(file); err == nil {
			store.Set.LearnTable(base, text)
		}
	}
	if host, err := os.Hostname(); err == nil {
		store.Set.Learn(names.Host, host)
	}
	return store, nil
}

// stateDir is where this user keeps what belongs to a cluster.
func stateDir(cluster string) (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		base = filepath.Join(home, ".local", "state")
	}
	safe := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:`, r) || r < ' ' {
			return '-'
		}
		return r
	}, cluster)
	return filepath.Join(base, "casefile", orDefault(strings.TrimLeft(safe, "."), "cluster")), nil
}

func setOf(store *names.Store) *names.Set {
	if store == nil {
		return nil
	}
	return store.Set
}

// keep saves the names of a store, and says where they are.
func keepNames(w io.Writer, store *names.Store) error {
	if store == nil {
		return nil
	}
	if err := store.Save(); err != nil {
		return hinted(fmt.Errorf("names: %w", err),
			"without the map nobody can translate the pseudonyms back: keep the key, and run casefile redact again")
	}
	fmt.Fprintf(w, "pseudonyms: casefile reveal %s NAME translates them back; keep it and its key to yourself\n", store.MapPath())
	return nil
}

// replacedText says what was replaced: never what it was.
func replacedText(r *bundle.Redaction) string {
	if r == nil {
		return ""
	}
	named := 0
	var parts []string
	for _, n := range r.Names {
		named += n.Places
		parts = append(parts, fmt.Sprintf("%s %d (%d entries)", n.Kind, n.Places, n.Entries))
	}
	text := fmt.Sprintf("level %s: secrets in %d places", orDefault(string(r.Level), string(plan.Secrets)),
		max(0, r.Total-named))
	if len(parts) > 0 {
		text += "; names: " + strings.Join(parts, ", ")
	}
	return text
}

// redactionOf sums up places by kind for what has no manifest.
func redactionOf(level plan.Level, r *bundle.Replaced) *bundle.Redaction {
	out := &bundle.Redaction{Level: level}
	kinds := names.KindNames()
	for rule, n := range r.Places {
		out.Total += n
		if slices.Contains(kinds, rule) {
			out.Names = append(out.Names, bundle.ReplacedNames{Kind: rule, Places: n, Entries: r.In[rule]})
		}
	}
	slices.SortFunc(out.Names, func(a, b bundle.ReplacedNames) int { return strings.Compare(a.Kind, b.Kind) })
	return out
}
