package app

import (
	"path"
	"regexp"
	"strings"

	"casefile/bundle/format/charset"
	"casefile/collectors/access"
)

// maxProperties bounds a .properties file that is read for a folder's name.
const maxProperties = 1 << 20

// Located is where the files of one running program lie, as absolute globs.
type Located struct {
	Logs, Config, Plugins []string
}

// Locate fills in the folders of a product for one running program.
func (f *Files) Locate(tr Traits, tree *access.Tree) Located {
	l := locator{files: f, traits: tr, tree: tree, known: map[string]string{}}
	out := Located{Logs: l.fill(f.Logs), Config: l.fill(f.Config), Plugins: l.fill(f.Plugins)}
	for _, glob := range f.ConfigArgs {
		for _, a := range tr.Args {
			if ok, _ := path.Match(glob, path.Base(a)); ok {
				out.Config = append(out.Config, l.abs(a))
			}
		}
	}
	return out
}

type locator struct {
	files  *Files
	traits Traits
	tree   *access.Tree
	known  map[string]string
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z.]+\}`)

// fill replaces {name}; a pattern with a folder that cannot be found is left out.
func (l *locator) fill(patterns []string) []string {
	var out []string
	for _, p := range patterns {
		if full, ok := l.expand(p, escapeGlob); ok {
			out = append(out, l.abs(full))
		}
	}
	return out
}

func (l *locator) abs(p string) string {
	if path.IsAbs(p) {
		return path.Clean(p)
	}
	return path.Join("/", l.traits.Cwd, p)
}

func (l *locator) expand(p string, escape func(string) string) (string, bool) {
	whole := true
	full := placeholder.ReplaceAllStringFunc(p, func(name string) string {
		dir := l.home(name[1 : len(name)-1])
		whole = whole && dir != ""
		return escape(dir)
	})
	return full, whole
}

// escapeGlob keeps a folder's own name from being read as a pattern.
func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

func (l *locator) home(name string) string {
	if name == "cwd" {
		return l.traits.Cwd
	}
	if dir, done := l.known[name]; done {
		return dir
	}
	l.known[name] = "" // a home that needs itself has none
	for _, h := range l.files.Homes[name] {
		if dir := l.try(h); dir != "" {
			l.known[name] = l.abs(dir)
			break
		}
	}
	return l.known[name]
}

func (l *locator) try(h Home) string {
	switch {
	case h.Prop != "":
		return l.traits.Property(h.Prop)
	case h.Env != "":
		return l.traits.Env[h.Env]
	case h.File != "":
		file, ok := l.expand(h.File, func(dir string) string { return dir })
		if !ok {
			return ""
		}
		b, err := l.tree.ReadFile(l.abs(file), maxProperties)
		if err != nil {
			return ""
		}
		return property(string(charset.Text(b)), h.Key)
	}
	return h.Path
}

// property finds key = value in a .properties file.
func property(text, key string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		rest, ok := strings.CutPrefix(line, key)
		if !ok {
			continue
		}
		rest = strings.TrimSpace(rest)
		if v, sep := strings.CutPrefix(rest, "="); sep {
			return strings.TrimSpace(v)
		}
		if v, sep := strings.CutPrefix(rest, ":"); sep {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
