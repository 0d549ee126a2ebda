package settings

import (
	"strings"

	"casefile/analyze"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/vm"
	"casefile/bundle/format/jdk"
)

// option is what somebody asked of the JVM: by the command line, else by a flag that is listed as chosen.
type option struct {
	written  string // "-XX:+UseLargePages", or "-Xbatch"
	value    string // "true", "false", or what comes after "="
	evidence []analyze.Evidence
}

// shortForms are options that set a flag of another name (arguments.cpp of HotSpot).
var shortForms = map[string]struct{ flag, value string }{
	"-Xcomp": {"UseInterpreter", "false"}, "-Xbatch": {"BackgroundCompilation", "false"}, "-Xcheck:jni": {"CheckJNICalls", "true"},
	"-Xrs": {"ReduceSignalUsage", "true"}, "-Xnoclassgc": {"ClassUnloading", "false"},
}

// flagOf takes an option apart: the flag that it sets, and to what; empty for options that set none.
func flagOf(text string) (flag, value string) {
	if s, ok := shortForms[text]; ok {
		return s.flag, s.value
	}
	name, ok := strings.CutPrefix(text, "-XX:")
	switch {
	case !ok || name == "":
		return "", ""
	case name[0] == '+':
		return name[1:], "true"
	case name[0] == '-':
		return name[1:], "false"
	}
	name, value, _ = strings.Cut(name, "=")
	return name, value
}

// asked finds what was asked of a flag. The last option wins, as it does for the JVM.
func (c *config) asked(flag string) (o option, ok bool) {
	for _, text := range c.Options {
		if name, value := flagOf(text); name == flag {
			o = option{text, value, c.given(text)}
			ok = true
		}
	}
	if e, listed := cite.Flag(c.JVM, flag); listed && (ok || vm.Chosen(c.JVM, flag)) {
		if !ok {
			o.value = c.Flags[flag].Value
			o.written = written(flag, o.value)
		}
		o.evidence, ok = append(o.evidence, cite.Known(e)...), true
	}
	return o, ok
}

// given cites an option: the line of the log that states the command line, else the entry that holds it.
func (c *config) given(text string) []analyze.Evidence {
	e := analyze.Evidence{Entry: c.OptionsSource, Text: cite.Line(text)}
	for _, l := range c.GC {
		if l.Source == c.OptionsSource && l.Settings.CommandLineAt > 0 {
			e.Lines = analyze.Lines(l.Settings.CommandLineAt, l.Settings.CommandLineAt)
		}
	}
	return cite.Known(e)
}

// written is a flag as the command line has it.
func written(flag, value string) string {
	switch value {
	case "true":
		return "-XX:+" + flag
	case "false":
		return "-XX:-" + flag
	}
	return "-XX:" + flag + "=" + value
}

// size is a value in bytes, 0 when it is none.
func (o option) size() int64 { return jdk.Size(o.value) }
