package jvm

import (
	"strings"

	"casefile/bundle/format/entries"
)

// Arguments are the arguments of a java command line, told apart.
type Arguments struct {
	Options []string // of the JVM, in the order in which they take effect
	Main    string   // main class, or empty with Jar
	Jar     string
	Rest    []string // of the program
}

// Options of the launcher whose value is the next argument.
var takesValue = map[string]bool{
	"-cp": true, "-classpath": true, "--class-path": true, "-p": true, "--module-path": true, "--upgrade-module-path": true,
	"--add-modules": true, "--add-exports": true, "--add-opens": true, "--add-reads": true, "--patch-module": true,
	"--limit-modules": true, "-d": true, "--describe-module": true, "--source": true, "--enable-native-access": true,
}

// maxArgFile bounds an @file or a JVM options file, maxArgFiles is how many of them are read.
const (
	maxArgFile  = 1 << 20
	maxArgFiles = 16
)

var errArgFiles = entries.NewError(entries.TooLarge, "more argument files than are read")

// parseArguments reads the command line of a java process; open gives the files
// it names (@argfiles, -XX:Flags=, -XX:VMOptionsFile=), env its environment.
func parseArguments(argv []string, env map[string]string, open func(string) ([]byte, error)) Arguments {
	var a Arguments
	a.Options = append(a.Options, strings.Fields(env["JAVA_TOOL_OPTIONS"])...)
	a.Options = append(a.Options, strings.Fields(env["JDK_JAVA_OPTIONS"])...)
	if len(argv) > 0 {
		a.parse(expandArgFiles(argv[1:], open))
	}
	a.Options = append(a.Options, strings.Fields(env["_JAVA_OPTIONS"])...)
	for _, o := range a.Options {
		for _, prefix := range []string{"-XX:Flags=", "-XX:VMOptionsFile="} {
			if file, ok := strings.CutPrefix(o, prefix); ok {
				if b, err := open(file); err == nil {
					a.Options = append(a.Options, optionsFile(string(b))...)
				}
			}
		}
	}
	return a
}

func (a *Arguments) parse(args []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "-jar" && i+1 < len(args):
			a.Jar, a.Rest = args[i+1], args[i+2:]
			return
		case (arg == "-m" || arg == "--module") && i+1 < len(args):
			_, class, _ := strings.Cut(args[i+1], "/")
			a.Main, a.Rest = class, args[i+2:]
			return
		case takesValue[arg] && i+1 < len(args):
			a.Options = append(a.Options, arg, args[i+1])
			i++
		case strings.HasPrefix(arg, "-"):
			a.Options = append(a.Options, arg)
		default:
			a.Main, a.Rest = arg, args[i+1:]
			return
		}
	}
}

// expandArgFiles replaces @file by the words in it, as the java launcher does
// for the arguments before the main class.
func expandArgFiles(args []string, open func(string) ([]byte, error)) []string {
	var out []string
	for _, arg := range args {
		file, isFile := strings.CutPrefix(arg, "@")
		if !isFile || strings.HasPrefix(file, "@") {
			out = append(out, arg)
			continue
		}
		if b, err := open(file); err == nil {
			out = append(out, words(string(b))...)
		}
	}
	return out
}

// words splits the content of an argument file: white space separates, quotes
// hold together, # begins a comment (JDK Tool Specification, "java argument files").
func words(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		var word strings.Builder
		quote, inWord := rune(0), false
		for _, r := range strings.TrimSpace(line) {
			switch {
			case quote != 0 && r == quote:
				quote = 0
			case quote != 0:
				word.WriteRune(r)
			case r == '"' || r == '\'':
				quote, inWord = r, true
			case r == '#' && !inWord:
				goto endOfLine
			case r == ' ' || r == '\t':
				if inWord {
					out = append(out, word.String())
					word.Reset()
				}
				inWord = false
			default:
				word.WriteRune(r)
				inWord = true
			}
		}
	endOfLine:
		if inWord {
			out = append(out, word.String())
		}
	}
	return out
}

// optionsFile reads a .hotspotrc or VM options file: "+Flag", "Flag=value" or whole options.
func optionsFile(s string) []string {
	out := words(s)
	for i, o := range out {
		if !strings.HasPrefix(o, "-") {
			out[i] = "-XX:" + o
		}
	}
	return out
}

// Property returns the value of the last -Dname=value.
func (a *Arguments) Property(name string) string {
	value := ""
	for _, list := range [][]string{a.Rest, a.Options} { // launchers such as JBoss Modules take properties as arguments of theirs
		for _, o := range list {
			if v, ok := strings.CutPrefix(o, "-D"+name+"="); ok {
				value = v
			}
		}
	}
	return value
}

// Flag reports whether a boolean -XX flag is set, and to what; the last one wins.
func (a *Arguments) Flag(name string) (on, set bool) {
	for _, o := range a.Options {
		switch o {
		case "-XX:+" + name:
			on, set = true, true
		case "-XX:-" + name:
			on, set = false, true
		}
	}
	return on, set
}

// environ reads the environment of the process; empty without the right to.
func (p *Process) environ() map[string]string {
	env := map[string]string{}
	b, err := p.file("environ")
	if err != nil {
		return env
	}
	for _, kv := range splitNul(b) {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	return env
}
