// Package app knows what a product is recognised by and what it keeps where. The
// knowledge is data: products.yaml.
package app

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"casefile/collectors"
)

//go:embed products.yaml
var productsYAML []byte

// Traits is what a running program shows of itself.
type Traits struct {
	Main     string        // main class
	Jar      string        // path of the -jar
	JarMain  func() string // main class that the jar itself names; nil: not known
	Args     []string
	Options  []string // JVM options
	Property func(string) string
	Env      map[string]string
	Cwd      string
}

// Product is one row of the table.
type Product struct {
	Name  string `yaml:"name"`
	Title string `yaml:"title"`
	Match Marks  `yaml:"match"`
	Files `yaml:",inline"`
}

// Marks is what a product is recognised by; all that are given must hold.
type Marks struct {
	Main    string            `yaml:"main"`
	Jar     string            `yaml:"jar"`
	JarMain string            `yaml:"jar_main"`
	Arg     string            `yaml:"arg"`
	Props   map[string]string `yaml:"props"`
}

// Files is what a product keeps, and where.
type Files struct {
	Homes      map[string][]Home `yaml:"homes"`
	Logs       []string          `yaml:"logs"`
	Config     []string          `yaml:"config"`
	ConfigArgs []string          `yaml:"config_args"`
	Plugins    []string          `yaml:"plugins"`
	Use        string            `yaml:"use"`
	Also       []string          `yaml:"also"`
}

// Home is one way to find a folder of a product.
type Home struct {
	Prop string `yaml:"prop"`
	Env  string `yaml:"env"`
	File string `yaml:"file"`
	Key  string `yaml:"key"`
	Path string `yaml:"path"`
}

type table struct {
	Products []Product        `yaml:"products"`
	Shared   map[string]Files `yaml:"shared"`
}

var products = sync.OnceValues(func() (*table, error) {
	var t table
	if err := yaml.Unmarshal(productsYAML, &t); err != nil {
		return nil, fmt.Errorf("products.yaml: %w", err)
	}
	for i := range t.Products {
		if err := t.join(&t.Products[i].Files); err != nil {
			return nil, fmt.Errorf("products.yaml: %s: %w", t.Products[i].Name, err)
		}
	}
	return &t, nil
})

// join adds the shared parts that files name.
func (t *table) join(f *Files) error {
	names := f.Also
	if f.Use != "" {
		names = append([]string{f.Use}, names...)
	}
	f.Use, f.Also = "", nil
	for _, name := range names {
		part, known := t.Shared[name]
		if !known {
			return fmt.Errorf("no shared part %q", name)
		}
		if err := t.join(&part); err != nil {
			return err
		}
		homes := map[string][]Home{}
		for _, m := range []map[string][]Home{part.Homes, f.Homes} {
			for k, v := range m {
				homes[k] = v
			}
		}
		f.Homes = homes
		f.Logs = append(f.Logs[:len(f.Logs):len(f.Logs)], part.Logs...)
		f.Config = append(f.Config[:len(f.Config):len(f.Config)], part.Config...)
		f.Plugins = append(f.Plugins[:len(f.Plugins):len(f.Plugins)], part.Plugins...)
	}
	return nil
}

// Find returns the product that a program is, with its name filled in.
func Find(tr Traits) (Product, error) {
	t, err := products()
	if err != nil {
		return Product{}, err
	}
	for _, p := range t.Products {
		if p.Match.hold(tr) {
			if p.Name == "" {
				p.Name = plainName(tr)
			}
			return p, nil
		}
	}
	return Product{Name: plainName(tr), Title: "Java application"}, nil
}

func (m Marks) hold(tr Traits) bool {
	for name, glob := range m.Props {
		value := tr.Property(name)
		// "*" asks only whether it is set, even to nothing
		if glob == "*" && (value != "" || contains(tr.Options, "-D"+name)) {
			continue
		}
		if value == "" || !match(glob, value) {
			return false
		}
	}
	return (m.Main == "" || match(m.Main, tr.Main)) &&
		(m.Jar == "" || match(m.Jar, path.Base(tr.Jar))) &&
		(m.JarMain == "" || tr.JarMain != nil && match(m.JarMain, tr.JarMain())) &&
		(m.Arg == "" || contains(tr.Options, m.Arg) || contains(tr.Args, m.Arg) || strings.Contains(tr.Main, m.Arg))
}

// match is a glob in which * also spans "/".
func match(glob, s string) bool {
	re := strings.ReplaceAll(regexp.QuoteMeta(glob), `\*`, `.*`)
	ok, _ := regexp.MatchString("(?i)^"+re+"$", s)
	return ok
}

func contains(list []string, text string) bool {
	for _, s := range list {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

// plainName names a program by its jar or its main class.
func plainName(tr Traits) string {
	name := tr.Main[strings.LastIndexAny(tr.Main, "./")+1:]
	if tr.Jar != "" {
		name = strings.TrimSuffix(path.Base(tr.Jar), ".jar")
	}
	if name == "" {
		name = "java"
	}
	return collectors.SafeName(strings.ToLower(name))
}
