package collectors_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// touches are the functions by which a path reaches the file system.
var touches = map[string]*regexp.Regexp{
	"os": regexp.MustCompile(`^(Open.*|Create.*|ReadFile|WriteFile|Remove.*|Rename|Mkdir.*|ReadDir|L?[Ss]tat|Readlink|Chmod|L?[Cc]hown|Chtimes|Symlink|Link|Truncate|Chdir|CopyFS|DirFS)$`),
	"unix": regexp.MustCompile(`^(Open.*|Creat|Unlink.*|Rename.*|Mkdir.*|Rmdir|L?[Ss]tat.*|Fstatat|Statfs|Readlink.*|Mknod.*|Mkfifo.*|L?[Cc]hown|Fchown.*|Chmod|Fchmod.*|Link.*|Symlink.*|` +
		`Truncate|Access|Faccessat.*|Chdir|Chroot|Mount.*|.?[Ss]etxattr|.?[Gg]etxattr|NameToHandleAt|Utime.*)$`),
	"filepath": regexp.MustCompile(`^(Glob|Walk.*|EvalSymlinks)$`),
	"ioutil":   regexp.MustCompile(`.`),
	"elf":      regexp.MustCompile(`^Open$`), "buildinfo": regexp.MustCompile(`^ReadFile$`), "zip": regexp.MustCompile(`^OpenReader$`),
}

func init() { touches["syscall"] = touches["unix"] }

const (
	ofKernel = "files of /proc and /sys that the kernel writes; no process can put a link or another file there"
	ofSystem = "figures and settings of the host below roots that are given to the collector"
	ofAdmin  = "a path of the admin, on the command line or in the plan that the agent's policy admits"
	ofOwn    = "casefile's own folder, which only it can enter"
)

// outside is who touches the file system outside of the room (collectors/access), with
// what, and why no process that is captured can say where.
var outside = []struct {
	file, functions, why string
}{
	{"capture.go", "os.ReadFile", ofKernel},
	{"nothing.go", "os.ReadFile filepath.Glob", ofKernel},
	{"rights/view.go", "os.ReadFile os.Readlink", ofKernel},
	{"node.go", "os.ReadFile", ofKernel},
	{"procstat.go", "os.Open", ofKernel},
	{"jvm/blackbox.go", "filepath.Glob os.Readlink", ofKernel},
	{"jvm/calls/reader.go", "os.Open unix.Openat unix.Readlinkat", ofKernel},
	{"jvm/calls/sampler.go", "unix.Openat", ofKernel},
	{"jvm/calls/tables.go", "os.Open os.Readlink", ofKernel},
	{"jvm/find.go", "os.Open os.ReadDir", ofKernel},
	{"jvm/health.go", "os.Open os.ReadFile", ofKernel},
	{"jvm/logfiles.go", "os.Readlink", ofKernel},
	{"jvm/process.go", "os.Open os.Readlink", ofKernel},
	{"jvm/sockets.go", "os.Open os.Readlink", ofKernel},
	{"jvm/tasks.go", "os.ReadFile", ofKernel},
	{"jvm/waits.go", "os.ReadFile", ofKernel},
	{"goproc/discover.go", "os.Open os.ReadDir os.Readlink", ofKernel + "; of /proc/PID/exe, which is what the process runs, only the build information is kept"},
	{"goproc/process.go", "os.Open", ofKernel},
	{"goproc/sockets.go", "os.Open os.Readlink", ofKernel},
	{"goproc/sys_linux.go", "unix.Open", ofKernel},
	{"host/daemon.go", "os.Stat", ofSystem},
	{"host/processes.go", "os.Open", ofSystem},
	{"host/reader.go", "os.Open", ofSystem},
	{"host/settings.go", "filepath.Glob", ofSystem},
	{"host/space_linux.go", "unix.Statfs", ofSystem + "; mount points of the host"},
	{"host/tree.go", "os.Open os.Stat", ofSystem},
	{"database/login/credential.go", "os.OpenFile", ofAdmin},
	{"timing/folder.go", "os.OpenRoot", ofAdmin},
	{"timing/ports.go", "os.Open", ofKernel},
	{"timing/space_linux.go", "unix.Statfs", ofAdmin},
	{"fleet/shell.go", "os.ReadFile os.Stat", ofAdmin},
	{"fleet/kube.go", "os.CreateTemp os.Remove", ofOwn + "; kubectl reads it on the admin's machine"},
	{"fleet/reach.go", "os.RemoveAll", ofOwn},
	{"fleet/run.go", "os.Remove", ofOwn},
	{"fleet/member.go", "os.Remove", ofOwn},
	{"fleet/part.go", "os.Open", ofOwn},
	{"agent/growth.go", "os.Open", ofOwn},
	{"agent/idle_linux.go", "os.ReadFile os.Readlink", ofKernel},
	{"agent/space_linux.go", "unix.Statfs", ofOwn},
	{"agent/spool.go", "os.Open os.OpenFile os.ReadDir os.Remove os.WriteFile", ofOwn},
	{"agent/identity/authority.go", "os.MkdirAll", ofAdmin},
	{"agent/identity/cluster.go", "os.Open", ofAdmin},
	{"agent/identity/files.go", "os.CreateTemp os.Lstat os.Open os.Remove os.Rename", ofAdmin},
}

// What a captured process names or owns is reached through one room. Whoever needs the
// file system besides states here why it is nothing of a process's.
func TestOneRoomForFiles(t *testing.T) {
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "access" || d.Name() == "testdata"):
			return fs.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			found[name] = touchesOf(t, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outside {
		allowed := strings.Fields(o.functions)
		for _, f := range allowed {
			if !slices.Contains(found[o.file], f) {
				t.Errorf("%s does not use %s: take it out of the table", o.file, f)
			}
		}
		found[o.file] = slices.DeleteFunc(found[o.file], func(f string) bool { return slices.Contains(allowed, f) })
		if o.why == "" {
			t.Errorf("%s: no reason", o.file)
		}
	}
	for file, left := range found {
		if len(left) > 0 {
			t.Errorf("%s uses %v: go through collectors/access, or say in the table why the path is no process's", file, left)
		}
	}
}

// touchesOf lists what of touches a file mentions.
func touchesOf(t *testing.T, name string) []string {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]string{} // by the name in this file
	for _, i := range file.Imports {
		full := strings.Trim(i.Path.Value, `"`)
		local := path.Base(full)
		if i.Name != nil {
			local = i.Name.Name
		}
		packages[local] = path.Base(full)
	}
	var list []string
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok {
			pkg := packages[x.Name]
			if re := touches[pkg]; re != nil && re.MatchString(sel.Sel.Name) && !strings.HasSuffix(sel.Sel.Name, "_t") { // types of the kernel
				if f := pkg + "." + sel.Sel.Name; !slices.Contains(list, f) {
					list = append(list, f)
				}
			}
		}
		return true
	})
	return list
}
