package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"
)

// defaultConfigs are read when --config is not given; the first that exists counts.
var defaultConfigs = []string{"~/.config/casefile/config.yaml", "/etc/casefile.yaml"}

// fillFlags gives flags that are not on the command line their value from the
// environment, else from the configuration file.
func fillFlags(flags *pflag.FlagSet, env func(string) (string, bool)) error {
	file, err := readConfig(flags, env)
	if err != nil {
		return err
	}
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" || f.Name == "version" {
			return
		}
		name := "CASEFILE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v, ok := env(name); ok {
			errs = append(errs, wrapValue(name, flags.Set(f.Name, v)))
			return
		}
		for _, v := range file[f.Name] {
			errs = append(errs, wrapValue(f.Name+" in the configuration file", flags.Set(f.Name, v)))
		}
	})
	return errors.Join(errs...)
}

func wrapValue(where string, err error) error {
	if err != nil {
		return usage("%s: %w", where, err)
	}
	return nil
}

// readConfig reads the configuration file: flag names with a value or a list.
func readConfig(flags *pflag.FlagSet, env func(string) (string, bool)) (map[string][]string, error) {
	path, asked := configPath(flags, env)
	if path == "" {
		if err := forSupport(nil, flags, env); err != nil {
			return nil, usage("%w in a configuration file", err)
		}
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return nil, nil
	}
	if err != nil {
		return nil, usage("configuration: %w", err)
	}
	var raw map[string]any
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return nil, usage("configuration %s: %w", path, err)
	}
	values := map[string][]string{}
	if err := forSupport(raw, flags, env); err != nil {
		return nil, usage("configuration %s: %w", path, err)
	}
	for key, v := range raw {
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		for _, item := range list {
			values[key] = append(values[key], fmt.Sprint(item))
		}
	}
	return values, nil
}

// supportKeys are what an entry of support may say; each is a flag.
var supportKeys = []string{"encrypt-to", "upload", "upload-credentials", "redact", "support-list", "max-size", "split"}

// forSupport puts what the entry of support says that --for names in the place of what the file says otherwise.
func forSupport(raw map[string]any, flags *pflag.FlagSet, env func(string) (string, bool)) error {
	list, _ := raw["support"].([]any)
	delete(raw, "support")
	f := flags.Lookup("for")
	if f == nil {
		return nil
	}
	name := f.Value.String()
	if v, ok := env("CASEFILE_FOR"); ok && !f.Changed {
		name = v
	}
	if name == "" {
		return nil
	}
	var known []string
	for _, item := range list {
		entry, _ := item.(map[string]any)
		known = append(known, fmt.Sprint(entry["name"]))
		if entry["name"] != name {
			continue
		}
		for key, v := range entry {
			if key != "name" && !slices.Contains(supportKeys, key) {
				return fmt.Errorf("support %s: %s: want one of %s", name, key, strings.Join(supportKeys, ", "))
			}
			if key != "name" {
				raw[key] = v
			}
		}
		return nil
	}
	return fmt.Errorf("--for %s: support has %s", name, orDefaultText(strings.Join(known, ", "), "no entry"))
}

func orDefaultText(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// configPath says which file to read, and whether somebody asked for that one.
func configPath(flags *pflag.FlagSet, env func(string) (string, bool)) (path string, asked bool) {
	if f := flags.Lookup("config"); f != nil && f.Changed {
		return f.Value.String(), true
	}
	if v, ok := env("CASEFILE_CONFIG"); ok {
		return v, true
	}
	for _, p := range defaultConfigs {
		if rest, home := strings.CutPrefix(p, "~/"); home {
			dir, err := os.UserHomeDir()
			if err != nil {
				continue
			}
			p = filepath.Join(dir, rest)
		}
		if _, err := os.Stat(p); err == nil {
			return p, false
		}
	}
	return "", false
}
