package profile

import (
	"path"
	"regexp"
	"strings"

	pprof "github.com/google/pprof/profile"
)

// maxName bounds the length of a frame's name, in bytes.
const maxName = 500

// symbols holds the frames of a profile: one for each function name.
type symbols struct {
	names    []string
	files    []string
	plumbing []bool
	// frames of a location, innermost (inlined) first
	frames map[*pprof.Location][]int32
}

func newSymbols(p *pprof.Profile) *symbols {
	s := &symbols{frames: make(map[*pprof.Location][]int32, len(p.Location))}
	known := map[string]int32{}
	id := func(name, file string) int32 {
		if i, ok := known[name]; ok {
			return i
		}
		i := int32(len(s.names))
		known[name] = i
		s.names, s.files, s.plumbing = append(s.names, name), append(s.files, file), append(s.plumbing, isPlumbing(name))
		return i
	}
	byFunction := make(map[*pprof.Function]int32, len(p.Function))
	for _, loc := range p.Location {
		ids := make([]int32, 0, max(len(loc.Line), 1))
		for _, line := range loc.Line {
			f, ok := byFunction[line.Function]
			if !ok {
				f = id(functionName(line.Function))
				byFunction[line.Function] = f
			}
			ids = append(ids, f)
		}
		if len(ids) == 0 {
			ids = append(ids, id(unknownIn(loc.Mapping), ""))
		}
		s.frames[loc] = ids
	}
	return s
}

func functionName(f *pprof.Function) (name, file string) {
	if f == nil {
		return "[unknown]", ""
	}
	name = f.Name
	if name == "" {
		name = f.SystemName
	}
	return clean(foldGenerated(name)), clean(f.Filename)
}

// unknownIn names all code of a mapping for which there are no symbols.
func unknownIn(m *pprof.Mapping) string {
	if m == nil || m.File == "" {
		return "[unknown]"
	}
	return "[" + clean(path.Base(m.File)) + "]"
}

// clean makes a string from a profile fit for a terminal, a table and JSON.
func clean(s string) string {
	if len(s) > maxName {
		s = s[:maxName] + "..."
	}
	s = strings.ToValidUTF8(s, "?")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// generated are the serial numbers that JVMs put into the names of classes made
// at run time; with them, the same lambda would be another function on each node.
var generated = []struct {
	mark    string
	pattern *regexp.Regexp
	with    string
}{
	{"$$Lambda", regexp.MustCompile(`\$\$Lambda(\$\d+)?([/+.]0x[0-9a-f]+|/\d+)?`), "$$$$Lambda"},
	{"LambdaForm$", regexp.MustCompile(`(LambdaForm\$\w+)([/+.]0x[0-9a-f]+|/\d+)`), "$1"},
	{"Accessor", regexp.MustCompile(`(Generated(?:Method|Constructor|SerializationConstructor)Accessor)\d+`), "$1"},
	{"$Proxy", regexp.MustCompile(`\$Proxy\d+`), "$$Proxy"},
}

func foldGenerated(name string) string {
	if len(name) > 8<<10 {
		name = name[:8<<10]
	}
	for _, g := range generated {
		if strings.Contains(name, g.mark) {
			name = g.pattern.ReplaceAllString(name, g.with)
		}
	}
	return name
}

// plumbingPrefixes begin the names of functions that wait or release on behalf
// of their caller, never by themselves.
var plumbingPrefixes = []string{
	"runtime.", "sync.", "internal/", "syscall.", "golang.org/x/sys/unix.", "os.(*File).", "os.(*Process).",
	"net.(*netFD).", "net.(*conn).", "net.(*TCPListener).", "time.Sleep", "[libc.so", "[vdso]", "[kernel",
	"java.lang.Object.wait", "java/lang/Object.wait", "java.lang.Thread.sleep", "java/lang/Thread.sleep",
	"java.util.concurrent.TimeUnit.sleep", "java/util/concurrent/TimeUnit.sleep", "java.io.FileInputStream.", "java/io/FileInputStream.",
	"java.lang.Thread.park", "java.lang.VirtualThread.", "java/lang/VirtualThread.",
	"java.util.concurrent.locks.", "java/util/concurrent/locks/", "jdk.internal.misc.", "jdk/internal/misc/",
	"sun.misc.Unsafe.", "sun/misc/Unsafe.", "java.net.SocketInputStream.", "java/net/SocketInputStream.",
	"sun.nio.ch.", "sun/nio/ch/", "java.net.Socket$", "java/net/Socket$",
}

// plumbingSuffixes end the names of constructors of what is thrown.
var plumbingSuffixes = []string{"Throwable.<init>", "Exception.<init>", "Error.<init>", "Throwable.fillInStackTrace"}

func isPlumbing(name string) bool {
	for _, p := range plumbingPrefixes {
		if strings.HasPrefix(name, p) {
			return name != "runtime.main" && name != "runtime.goexit"
		}
	}
	for _, s := range plumbingSuffixes {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

// stack appends the frames of a sample, leaf first.
func (s *symbols) stack(buf []int32, sample *pprof.Sample) []int32 {
	for _, loc := range sample.Location {
		buf = append(buf, s.frames[loc]...)
	}
	return buf
}
