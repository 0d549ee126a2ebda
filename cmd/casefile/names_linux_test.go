package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// namedPlaces are where a process shows names, by channel. {h} is the name of a host, {d} a domain, {u} a user,
// {a}, {v} and {m} are addresses: IPv4, IPv6, MAC; {w} a word that only its place makes one; {U} one in capitals.
var namedPlaces = struct{ properties, arguments, threads, labels, log, access []string }{
	properties: []string{"-Djava.rmi.server.hostname={h}.{d}", "-Ddb.user={u}",
		"-Dspring.datasource.url=jdbc:postgresql://{h}:5432/app?user={u}", "-Ddata.dir=/home/{u}/{w}",
		"-Dpeers=http://{h}.{d}:8090,http://{h}.{d}:8090", "-Dadmin.mail={u}@{d}", "-Dbind.address={a}", "-Dnic={m}"},
	arguments: []string{"ssh://{u}@{h}:22", "--host={h}", "--user={u}", "https://{h}.{d}/wiki/display/{U}/{w}+{w}?q={w}"},
	threads: []string{"http-nio-8090-exec-1 url: /display/{U}/{w}+{w}; user: {u}", "poll {h}.{d}:61616",
		"for {u}@{d}", "tcp {a}:5432", "v6 [{v}]:443"},
	labels: []string{"user={u}", "https://{h}.{d}/x?y={w}", "{u}@{d}", "{a}"},
	log: []string{"login user={u} ok", "connect to {h}.{d}:61616", "lost {h}.{d}/{a}:5432", "peer {v} is slow",
		"nic {m} up", "mail to {u}@{d} sent", "opened /home/{u}/{w}/{w}.docx",
		`opened C:\Users\{u}\{w}\x.txt`, "select * from cwd_user where user_name = '{w}' and display = '{w} {w}'", "saved title=\"{w} {w}\" spaceKey={U}", "GET /display/{U}/{w}+{w}?cql={w} HTTP/1.1",
		"uid=1000({u})", "lock /tmp/hsperfdata_{u}/1", `{"host":"{h}","user":"{u}","url":"http://{h}.{d}:80/a;s={w}"}`, "dn uid={u},ou=people"},
	access: []string{`{a} - {u} [28/Nov/2026:09:00:00 +0000] "GET /display/{U}/{w}+{w}?q={w} HTTP/1.1" 200 12 57 "https://{h}.{d}/x?r={w}" "Mozilla/5.0"`},
}

// namePlanter makes names, each of which is looked for afterwards.
type namePlanter struct {
	r    *rand.Rand
	made []string
}

func (p *namePlanter) word(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "bcdfgklmnprstvz"[p.r.IntN(15)]
		if i%2 == 1 {
			b[i] = "aeiou"[p.r.IntN(5)]
		}
	}
	return string(b)
}

func (p *namePlanter) next(kind string) string {
	var v string
	switch kind {
	case "{h}":
		v = p.word(6) + "-" + strconv.Itoa(1+p.r.IntN(90))
	case "{d}":
		v = p.word(9) + ".de"
	case "{a}":
		v = fmt.Sprintf("10.%d.%d.%d", 100+p.r.IntN(100), 100+p.r.IntN(100), 100+p.r.IntN(100))
	case "{v}":
		v = fmt.Sprintf("fd12:3456:%x:%x::17", 0x1000+p.r.IntN(0xefff), 0x1000+p.r.IntN(0xefff))
	case "{m}":
		v = fmt.Sprintf("3c:7c:%02x:%02x:%02x:%02x", p.r.IntN(256), p.r.IntN(256), p.r.IntN(256), p.r.IntN(256))
	case "{U}":
		v = strings.ToUpper(p.word(5))
	default:
		v = p.word(8)
	}
	p.made = append(p.made, v)
	return v
}

func (p *namePlanter) fill(texts []string) []string {
	var list []string
	for _, text := range texts {
		for _, kind := range []string{"{h}", "{d}", "{u}", "{a}", "{v}", "{m}", "{w}", "{U}"} {
			for strings.Contains(text, kind) {
				text = strings.Replace(text, kind, p.next(kind), 1)
			}
		}
		list = append(list, text)
	}
	return list
}

// TestNamesLive captures JVMs of every JDK and a Go service whose texts are full of names at level standard: none
// of them is in what leaves the house, in JFR and pprof neither, and the JDK reads the recording.
func TestNamesLive(t *testing.T) {
	if testing.Short() {
		t.Skip("captures live processes")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := &namePlanter{r: rand.New(rand.NewPCG(uint64(jdk.Major), 3))}
		dir := t.TempDir()
		jvm, service := startNamedJVM(t, jdk, p, dir), startNamedService(t, self, p, dir)
		p.searchNames(t, self, dir, jdk, jvm, service)
	})
}

// TestNamesInLogs does so for the logs of an archive that no casefile wrote.
func TestNamesInLogs(t *testing.T) {
	p := &namePlanter{r: rand.New(rand.NewPCG(8, 9))}
	dir := t.TempDir()
	const stamp = "2026-11-28 09:00:00 INFO [main] "
	for n := range 4 {
		name := "support-" + strconv.Itoa(n)
		write(t, filepath.Join(dir, "in", name, "app.log"), stamp+strings.Join(p.fill(namedPlaces.log), "\n"+stamp)+"\n")
		write(t, filepath.Join(dir, "in", name, "access.log"), strings.Join(p.fill(namedPlaces.access), "\n")+"\n")
		write(t, filepath.Join(dir, "in", name, "args.txt"), strings.Join(append(p.fill(namedPlaces.properties),
			p.fill(namedPlaces.arguments)...), "\n"))
	}
	r, err := bundle.Open(t.Context(), filepath.Join(dir, "in"))
	if err != nil {
		t.Fatal(err)
	}
	set := names.New(names.Key{1})
	f := bundle.Foreign{Level: plan.Standard, Secrets: redact.NewSecrets(), Set: set}
	rep, err := f.Archive(t.Context(), r, filepath.Join(dir, "out.zip"), bundle.Zip)
	if err != nil || len(rep.Leaks)+len(rep.LeftOut) > 0 {
		t.Fatalf("%v: %+v", err, rep)
	}
	out, err := bundle.Open(t.Context(), filepath.Join(dir, "out.zip"))
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	if err := out.Walk(t.Context(), func(e bundle.Entry, body io.Reader) error {
		entries++
		b, err := io.ReadAll(body)
		p.absent(t, e.Path, b)
		return err
	}); err != nil || entries != 12 {
		t.Errorf("%d entries, %v", entries, err)
	}
	t.Logf("%d names", len(p.made))
}

func startNamedJVM(t *testing.T, jdk live.JDK, p *namePlanter, dir string) (pid int) {
	work := filepath.Join(dir, "work")
	source := filepath.Join(dir, "Canary.java")
	write(t, source, canaryJava)
	classes := livetest.Compile(t, jdk, source)
	write(t, filepath.Join(work, "application.properties"), strings.Join(p.fill([]string{`spring.datasource.url=jdbc\:postgresql\://{h}\:5432/x`, "spring.datasource.username={u}", "spring.mail.host={h}.{d}"}), "\n"))
	write(t, filepath.Join(work, "application.yml"), strings.Join(p.fill([]string{"app:", "  mail: {u}@{d}",
		"  db: {url: \"jdbc:mysql://{h}:3306/x\", username: {u}}"}), "\n"))
	list := filepath.Join(dir, "names")
	write(t, list, strings.Join(p.fill(namedPlaces.threads), "\n"))
	args := append(p.fill(namedPlaces.properties), "-Dspring.application.name=canary", "-cp", classes, "Canary", list)
	cmd := exec.Command(filepath.Join(jdk.Home, "bin", "java"), append(args, p.fill(namedPlaces.arguments)...)...)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), p.fill([]string{"HOSTNAME={h}.{d}", "LOGNAME={u}",
		"JDK_JAVA_OPTIONS=-Dfrom.env={h}.{d}"})...)
	return startReady(t, cmd)
}

func startNamedService(t *testing.T, self string, p *namePlanter, dir string) (pid int) {
	link := filepath.Join(dir, canaryService)
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, p.fill(namedPlaces.arguments)...)
	cmd.Env = append(os.Environ(), "CANARY_LABELS="+strings.Join(p.fill(namedPlaces.labels), "|"), "CANARY_PASSWORD=xx")
	return startReady(t, cmd)
}

// searchNames captures the processes and looks for the names in all that is written.
func (p *namePlanter) searchNames(t *testing.T, self, dir string, jdk live.JDK, pids ...int) {
	link := filepath.Join(dir, "casefile")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	out, temp, state := filepath.Join(dir, "out"), filepath.Join(dir, "tmp"), filepath.Join(dir, "state")
	for _, d := range []string{out, temp} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(out, "home", p.next("{u}"), "c.tar.zst") // reports do not name the folder
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"collect", "--redact", "standard", "--jfr", "--duration", "4s", "--dumps", "2",
		"--dump-interval", "1s", "--out", path}
	for _, pid := range pids {
		args = append(args, "--pid", strconv.Itoa(pid))
	}
	cmd := exec.Command(link, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "XDG_STATE_HOME="+state)
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > exitGaps || !bytes.Contains(said, []byte("may be sent")) {
		t.Fatalf("%v: %s", err, said)
	}
	p.absent(t, "what is printed", bytes.ReplaceAll(said, []byte(path[:len(path)-len(".tar.zst")]), nil))
	for _, d := range []string{out, temp, state} {
		_ = filepath.WalkDir(d, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				if b, err := os.ReadFile(path); err == nil {
					p.absent(t, path, b)
				}
			}
			return nil
		})
	}
	p.searchBundle(t, path, jdk)
	p.searchMap(t, state)
}

// searchMap holds that the names were there to be replaced: the map has most of them. Not all are shown by a
// process, and some are parts of others.
func (p *namePlanter) searchMap(t *testing.T, state string) {
	maps, err := filepath.Glob(filepath.Join(state, "casefile", "*", names.MapFile))
	if err != nil || len(maps) != 1 {
		t.Fatalf("maps %v, %v", maps, err)
	}
	list, err := names.ReadNames(maps[0], "")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, n := range list {
		all.WriteString(strings.ToLower(n.Name) + "\n")
	}
	replaced := 0
	for _, name := range p.made {
		if strings.Contains(all.String(), strings.ToLower(name)) {
			replaced++
		} else {
			t.Logf("%s was replaced nowhere", name)
		}
	}
	if replaced < 40 {
		t.Errorf("%d of %d names were replaced: the others were not in what was captured", replaced, len(p.made))
	}
}

func (p *namePlanter) searchBundle(t *testing.T, path string, jdk live.JDK) {
	r, err := bundle.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	entries, recordings := 0, 0
	if err := r.Walk(t.Context(), func(e bundle.Entry, body io.Reader) error {
		b, err := io.ReadAll(body)
		entries++
		if !strings.Contains(e.Path, "-cpu.tsv") && !strings.HasSuffix(e.Path,
			"/cpu.tsv") { // names of threads as the kernel cuts them
			p.absent(t, e.Path, b)
		}
		if z, zerr := gzip.NewReader(bytes.NewReader(b)); zerr == nil {
			raw, _ := io.ReadAll(z)
			p.absent(t, e.Path, raw)
		}
		if strings.HasSuffix(e.Path, ".jfr") {
			recordings++
			file := filepath.Join(t.TempDir(), "x.jfr")
			write(t, file, string(b))
			if said, err := exec.Command(filepath.Join(jdk.Home, "bin", "jfr"), "print", "--events",
				"JVMInformation,ThreadStart", file).CombinedOutput(); err != nil || !bytes.Contains(said, []byte("jvmArguments")) {
				t.Errorf("jfr print: %v: %s", err, said)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d names, %d entries, %d recordings", len(p.made), entries, recordings)
	if recordings == 0 {
		t.Error("no recording: the test proves less than it says")
	}
}

func (p *namePlanter) absent(t *testing.T, where string, b []byte) {
	lower := bytes.ToLower(b)
	for _, name := range p.made {
		if bytes.Contains(lower, []byte(strings.ToLower(name))) {
			at := bytes.Index(lower, []byte(strings.ToLower(name)))
			t.Errorf("%s: %s in %q", where, name, b[max(0, at-40):min(len(b), at+len(name)+20)])
		}
	}
}
