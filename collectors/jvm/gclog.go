package jvm

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"casefile/collectors/access"
)

// gcLogFiles finds the GC logs that the JVM's own arguments name: the current
// file, its rotated series, and those of earlier starts under the same pattern.
func (j *JVM) gcLogFiles() ([]access.File, error) {
	var all []access.File
	var errs []error
	patterns := j.gcLogPatterns()
	if len(patterns) > maxPatterns {
		patterns, errs = patterns[:maxPatterns], append(errs, errPatterns)
	}
	for _, pattern := range patterns {
		files, err := j.Tree.Glob(pattern)
		errs = append(errs, err)
		for _, f := range files {
			if !has(all, f.Path) && !strings.HasPrefix(path.Base(f.Path), ownLogPrefix) {
				all = append(all, f)
			}
		}
	}
	return all, errors.Join(errs...)
}

// gcLogPatterns turns the options that name a GC log into globs of its series.
func (j *JVM) gcLogPatterns() []string {
	var patterns []string
	for _, o := range j.Options {
		name := ""
		if file, ok := strings.CutPrefix(o, "-Xloggc:"); ok {
			name = file
		} else if spec, ok := strings.CutPrefix(o, "-Xlog:"); ok && writesGC(spec) {
			name = xlogFile(spec)
		}
		if name == "" {
			continue
		}
		full := j.expandLogName(name)
		// rotation: gc.log.0 (unified), gc.log.0.current (JDK 8)
		patterns = append(patterns, full, full+".[0-9]*")
	}
	return patterns
}

// writesGC reports whether an -Xlog selection takes in GC messages.
func writesGC(spec string) bool {
	what, _, _ := strings.Cut(spec, ":")
	for sel := range strings.SplitSeq(what, ",") {
		tags, level, _ := strings.Cut(sel, "=")
		first, _, _ := strings.Cut(strings.TrimSuffix(tags, "*"), "+")
		if (first == "gc" || first == "safepoint" || first == "all" || first == "") && level != "off" {
			return true
		}
	}
	return false
}

// xlogFile reads the output of -Xlog:what:output:decorators:options (JEP 158);
// empty for stdout and stderr.
func xlogFile(spec string) string {
	_, out, ok := strings.Cut(spec, ":")
	if !ok {
		return ""
	}
	out = strings.TrimPrefix(out, "file=")
	if quoted, ok := strings.CutPrefix(out, `"`); ok {
		out, _, _ = strings.Cut(quoted, `"`)
		return out
	}
	out, _, _ = strings.Cut(out, ":")
	if out == "stdout" || out == "stderr" {
		return ""
	}
	return out
}

// expandLogName replaces what the JVM does in the name of a log: %p the pid (in
// its own namespace; pid%p under JDK 8), %t the time of its start, %hn the host's
// name. Times and hosts become wildcards, so that earlier starts are found too.
func (j *JVM) expandLogName(name string) string {
	name = globLiteral(name)
	name = strings.NewReplacer(
		"%p", fmt.Sprintf("*%d", j.NSPID), // JDK 8 writes "pid" before the number
		"%t", "????-??-??_??-??-??",
		"%hn", "*",
		"%%", "%",
	).Replace(name)
	if !path.IsAbs(name) {
		name = path.Join(globLiteral(j.Cwd), name)
	}
	return name
}
