package load

import (
	"bufio"
	"io"
	"strings"

	"casefile/analyze"
)

// maxSmall bounds texts that are read whole.
const maxSmall = 4 << 20

// parseFlags reads VM.flags -all:
//
//	size_t MaxHeapSize        = 268435456     {product} {command line}
//	   ccstr HeapDumpPath      =               {manageable} {default}
//
// JDK 8 prints ":=" for values that were changed and only the kind in braces.
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
			flag.Origin = "command line"
		}
		flags[f[1]] = flag
	}
	return flags, sc.Err()
}

// parseVersion reads VM.version:
//
//	OpenJDK 64-Bit Server VM version 17.0.15+6-Debian-1deb12u1
//	JDK 17.0.15
func parseVersion(text string) string {
	for line := range strings.Lines(text) {
		if _, v, ok := strings.Cut(strings.TrimSpace(line), " VM version "); ok {
			return v
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
