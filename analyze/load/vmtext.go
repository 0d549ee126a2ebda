package load

import (
	"bufio"
	"io"
	"strings"

	"casefile/analyze"
	"casefile/bundle/format/jdk"
)

// maxSmall bounds texts that are read whole.
const maxSmall = 4 << 20

// parseFlags reads VM.flags -all:
//
//	size_t MaxHeapSize        = 268435456     {product} {command line}
//	   ccstr HeapDumpPath      =               {manageable} {default}
//
// JDK 8 prints ":=" for values that somebody or the JVM itself has changed, and only the kind in braces; see settleOrigins.
func parseFlags(r io.Reader) (map[string]analyze.Flag, error) {
	flags := map[string]analyze.Flag{}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxSmall)
	for n := 1; sc.Scan(); n++ {
		left, right, ok := strings.Cut(sc.Text(), "=")
		if !ok {
			continue
		}
		f := strings.Fields(strings.TrimSuffix(strings.TrimSpace(left), ":"))
		if len(f) != 2 {
			continue
		}
		value, braces, _ := strings.Cut(right, "{")
		flag := analyze.Flag{Value: strings.TrimSpace(value), Line: n, Origin: "default"}
		if _, origin, two := strings.Cut(braces, "{"); two {
			flag.Origin = strings.TrimSuffix(strings.TrimSpace(origin), "}")
		} else if strings.HasSuffix(strings.TrimSpace(left), ":") {
			flag.Origin = changed
		}
		flags[f[1]] = flag
	}
	return flags, sc.Err()
}

// changed is the origin of a flag of which the JVM says only that it has not its default value.
const changed = "changed"

// shortOptions are options that set flags of another name (arguments.cpp of HotSpot).
var shortOptions = []struct {
	prefix string
	flags  []string
}{
	{"-Xmx", []string{"MaxHeapSize"}}, {"-Xms", []string{"InitialHeapSize"}}, {"-Xmn", []string{"NewSize", "MaxNewSize"}},
	{"-Xss", []string{"ThreadStackSize"}}, {"-Xrs", []string{"ReduceSignalUsage"}}, {"-Xbatch", []string{"BackgroundCompilation"}},
	{"-Xnoclassgc", []string{"ClassUnloading"}}, {"-Xloggc:", []string{"PrintGC", "PrintGCTimeStamps"}}, {"-verbose:gc", []string{"PrintGC"}},
}

// settleOrigins tells for changed flags whether an option names them; the others the JVM has chosen itself.
func settleOrigins(flags map[string]analyze.Flag, options []string) {
	named := map[string]bool{}
	for _, o := range options {
		if name, ok := strings.CutPrefix(o, "-XX:"); ok {
			name, _, _ = strings.Cut(strings.TrimLeft(name, "+-"), "=")
			named[name] = true
		}
		for _, short := range shortOptions {
			for _, name := range short.flags {
				named[name] = named[name] || strings.HasPrefix(o, short.prefix)
			}
		}
	}
	for name, f := range flags {
		if f.Origin != changed {
			continue
		}
		if f.Origin = "ergonomic"; named[name] {
			f.Origin = "command line"
		}
		flags[name] = f
	}
}

// parseVersion reads VM.version, and what a recording says of its JVM:
//
//	OpenJDK 64-Bit Server VM version 17.0.15+6-Debian-1deb12u1
//	JDK 17.0.15
//
//	OpenJDK 64-Bit Server VM version 25.504-b01
//	JDK 8.0_504
//
//	OpenJDK 64-Bit Server VM (17.0.15+6-Debian-1deb12u1) for linux-amd64 JRE (17.0.15+6-Debian-1deb12u1), built on ...
func parseVersion(text string) string {
	vm, java := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if _, v, ok := strings.Cut(line, " VM version "); ok {
			vm = v
		} else if v, ok := strings.CutPrefix(line, "JDK "); ok {
			java = v
		} else if _, v, ok := strings.Cut(line, " VM ("); ok {
			vm, _, _ = strings.Cut(v, ")")
			_, v, _ = strings.Cut(v, " JRE (")
			java, _, _ = strings.Cut(v, ")")
		}
	}
	return jdk.Version(vm, java)
}

// versionOfDump reads what the head of a thread dump says of its JVM:
//
//	Java HotSpot(TM) 64-Bit Server VM (25.0.3+9-LTS mixed mode, sharing)
//	OpenJDK 64-Bit Server VM (25.392-b08 mixed mode)
//	JRE 1.8.0 Linux amd64-64 (build 8.0.5.20 - pxa6480sr5fp20-20180802_01(SR5 FP20))
func versionOfDump(vm string) string {
	words := strings.FieldsFunc(vm, func(r rune) bool { return strings.ContainsRune(" (),", r) })
	for _, word := range words {
		if !strings.HasSuffix(word, "-Bit") && jdk.Feature(word) > 0 {
			return jdk.WithoutBuild(word)
		}
	}
	return ""
}

// parseOptions keeps the arguments up to the main class, one a line.
func parseOptions(text string) []string {
	var options []string
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := 1; i < len(lines); i++ {
		arg := lines[i]
		if !strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "@") {
			if prev := lines[i-1]; prev != "-cp" && prev != "-classpath" && prev != "-p" && !strings.HasPrefix(prev, "--") {
				break
			}
		}
		options = append(options, arg)
		if arg == "-jar" {
			break
		}
	}
	return options
}
