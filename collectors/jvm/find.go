package jvm

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/jdk"
	"casefile/collectors"
	"casefile/collectors/access"
	"casefile/collectors/app"
)

// JVM is a HotSpot process and what could be learnt of it without asking it.
type JVM struct {
	*Process
	Arguments
	Product app.Product
	Version string // e.g. "17.0.15+6", "1.8.0_504", empty when nothing told it
	Major   int    // feature release; 0 unknown
	Env     map[string]string

	perf   string // its hsperfdata file as the process sees it, empty when it has none
	vm     *Attacher
	mapped string // path of libjvm.so as the process sees it
}

// Target names the JVM in paths and in the ledger.
func (j *JVM) Target() string { return fmt.Sprintf("%d-%s", j.PID, j.Product.Name) }

// Title names it for people.
func (j *JVM) Title() string {
	v := j.Version
	if v == "" {
		v = "of unknown version"
	}
	title := fmt.Sprintf("%s, pid %d, user %s, JVM %s", j.Product.Title, j.PID, j.userName(), v)
	if c, ok := j.container(); ok {
		title += ", " + c.String()
	}
	return title
}

// Find lists the HotSpot JVMs under proc, of every user and in every container.
// What hides from us (another user's memory map) is told by its command line.
func Find(ctx context.Context, proc string) ([]*JVM, error) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return inspectAll(ctx, proc, pids)
}

// How long one process is waited for before the next is looked at, and all in the end. A
// process whose memory lies on a mount that does not answer holds up who reads its
// command line, and must not hold up the search for others.
const (
	lookWithin   = 250 * time.Millisecond
	searchWithin = 5 * time.Second
)

// inspectAll inspects processes and returns the JVMs among them in order of their pids.
// An error names those that did not come back; it may come with what was found.
func inspectAll(ctx context.Context, proc string, pids []int) ([]*JVM, error) {
	type look struct {
		pid int
		jvm *JVM // nil: none
	}
	var found []*JVM
	looks, waiting := make(chan look, len(pids)), map[int]bool{}
	take := func(l look) {
		delete(waiting, l.pid)
		if l.jvm != nil {
			found = append(found, l.jvm)
		}
	}
	receive := func(within time.Duration) bool {
		timer := time.NewTimer(within)
		defer timer.Stop()
		select {
		case l := <-looks:
			take(l)
			return true
		case <-timer.C:
		case <-ctx.Done():
		}
		return false
	}
	for _, pid := range pids {
		waiting[pid] = true
		go func() {
			j, _ := Inspect(proc, pid)
			looks <- look{pid, j}
		}()
		for waiting[pid] && receive(lookWithin) {
		}
	}
	for end := time.Now().Add(searchWithin); len(waiting) > 0 && receive(time.Until(end)); {
	}
	slices.SortFunc(found, func(a, b *JVM) int { return a.PID - b.PID })
	if err := ctx.Err(); err != nil {
		return found, err
	}
	if len(waiting) > 0 {
		return found, entries.Errorf(entries.NotPermitted, "processes %v do not let their command line or files be read: they are not captured", slices.Sorted(maps.Keys(waiting)))
	}
	return found, nil
}

// ErrNotJVM says that a process runs no HotSpot JVM.
var ErrNotJVM = entries.NewError(entries.Unsupported, "no HotSpot JVM")

// Inspect looks at one process; ErrNotJVM when it is something else.
func Inspect(proc string, pid int) (*JVM, error) {
	if leader := collectors.ThreadOf(proc, pid); leader != 0 {
		return nil, fmt.Errorf("pid %d: a thread of process %d", pid, leader)
	}
	p, err := readProcess(proc, pid)
	if err != nil {
		return nil, err
	}
	lib, err := p.libjvm()
	if err != nil {
		return nil, fmt.Errorf("pid %d: %w", pid, err)
	}
	if p.Tree, err = access.Process(p.dir); err != nil {
		return nil, fmt.Errorf("pid %d: %w", pid, err)
	}
	if id := p.Tree.Identity(); id.UID != p.UID || id.GID != p.GID { // what was read before may be of another program
		return nil, fmt.Errorf("pid %d: %w", pid, access.ErrOther)
	}
	j := &JVM{Process: p, Env: p.environ(), mapped: lib}
	left := maxArgFiles
	j.Arguments = parseArguments(p.Args, j.Env, func(name string) ([]byte, error) {
		if left--; left < 0 {
			return nil, errArgFiles
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(p.Cwd, name)
		}
		return j.Tree.ReadFile(name, maxArgFile)
	})
	if j.Product, err = app.Find(j.traits()); err != nil {
		return nil, err
	}
	j.perf = p.hsperfFile()
	j.learnVersion()
	off, _ := j.Flag("DisableAttachMechanism")
	j.vm = NewAttacher(p, j.Major, off)
	return j, nil
}

func (j *JVM) traits() app.Traits {
	return app.Traits{Main: j.Main, Jar: j.Jar, JarMain: sync.OnceValue(j.mainOfJar), Args: j.Rest, Options: j.Options, Property: j.Property, Env: j.Env, Cwd: j.Cwd}
}

// libjvm finds the VM's library. A process with few threads is no JVM; one whose
// map cannot be read counts when it is started as java.
func (p *Process) libjvm() (string, error) {
	if p.Threads < 5 || len(p.Args) == 0 {
		return "", ErrNotJVM
	}
	f, err := os.Open(filepath.Join(p.dir, "maps"))
	if err == nil {
		defer f.Close()
		sc := bufio.NewScanner(f)
		read := false
		for sc.Scan() {
			read = true
			if i := strings.IndexByte(sc.Text(), '/'); i >= 0 && strings.HasSuffix(strings.TrimSuffix(sc.Text(), " (deleted)"), "/libjvm.so") {
				path := strings.TrimSuffix(sc.Text()[i:], " (deleted)")
				if strings.Contains(path, "/j9") || strings.Contains(path, "/compressedrefs/") {
					return "", fmt.Errorf("%w: OpenJ9 (%s)", ErrNotJVM, path)
				}
				return path, nil
			}
		}
		if read {
			return "", ErrNotJVM
		}
	}
	if filepath.Base(p.Args[0]) == "java" && (err == nil || errors.Is(err, fs.ErrPermission)) {
		return "", nil
	}
	return "", ErrNotJVM
}

// hsperfFile finds the counters: /tmp/hsperfdata_<user>/<pid> in the JVM's own
// file system and PID namespace.
func (p *Process) hsperfFile() string {
	files, _ := p.Tree.Glob(fmt.Sprintf("%s/hsperfdata_*/%d", scratchDir, p.NSPID))
	for _, f := range files {
		if ownerOf(f.Info) == p.UID {
			return f.Path
		}
	}
	return ""
}

// learnVersion asks the counters, then the release file next to libjvm.so.
func (j *JVM) learnVersion() {
	if snap, err := j.readPerf(); err == nil {
		vm, _ := snap.Str("java.property.java.vm.version")
		java, _ := snap.Str("java.property.java.version")
		j.Version = jdk.Version(vm, java)
		if off, ok := snap.Str("java.rt.vmFlags"); ok {
			j.Options = append(j.Options, strings.Fields(off)...)
		}
		if args, ok := snap.Str("java.rt.vmArgs"); ok && len(j.Options) == 0 {
			j.Options = strings.Fields(args)
		}
	}
	if j.Version == "" && j.mapped != "" {
		j.Version = j.releaseFile()
	}
	j.Version = oneWord(j.Version) // the process says it, and it is shown
	j.Major = jdk.Feature(j.Version)
}

// releaseFile reads JAVA_VERSION from <home>/release.
func (j *JVM) releaseFile() string {
	for dir := filepath.Dir(j.mapped); len(dir) > 1; dir = filepath.Dir(dir) {
		b, err := j.Tree.ReadFile(filepath.Join(dir, "release"), 64<<10)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "JAVA_VERSION="); ok {
				return strings.Trim(v, `"`)
			}
		}
	}
	return ""
}

// readPerf reads and parses the counters.
func (j *JVM) readPerf() (*hsperf.Snapshot, error) {
	b, err := j.perfBytes(nil)
	if err != nil {
		return nil, err
	}
	return hsperf.Parse(b)
}

var errNoPerf = entries.NewError(entries.NotThere, "this JVM has no hsperfdata file (-XX:-UsePerfData, -XX:+PerfDisableSharedMem, or a user without a name)")

// maxPerf bounds the counters file; HotSpot's default is 32 KB.
const maxPerf = 4 << 20

// perfBytes reads the counters into buf, growing it if needed. The file is a
// mapping that the JVM writes to: no system call of ours makes it wait.
func (j *JVM) perfBytes(buf []byte) ([]byte, error) {
	if j.perf == "" {
		return nil, cmp.Or(j.mayAttach(), errNoPerf) // another user's cannot be seen either
	}
	return j.Tree.ReadInto(buf, j.perf, maxPerf)
}
