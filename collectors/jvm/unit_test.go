package jvm

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/plan"
	"casefile/bundle/format/tasks"
	"casefile/collectors/access"
)

func TestRequest(t *testing.T) {
	long := strings.Repeat("x", v1MaxArg+1)
	cases := []struct {
		version   int
		streaming bool
		cmd       string
		args      []string
		want      string // empty: refused
	}{
		{1, false, "threaddump", nil, "1\x00threaddump\x00\x00\x00\x00"},
		{1, false, "jcmd", []string{"VM.flags -all"}, "1\x00jcmd\x00VM.flags -all\x00\x00\x00"},
		{2, true, "jcmd", []string{"VM.flags -all"}, "2\x0031\x00jcmd streaming=0\x00VM.flags -all\x00"},
		{2, false, "properties", nil, "2\x0011\x00properties\x00"},
		{1, false, "jcmd", []string{long}, ""},
		{1, false, "jcmd", []string{"a", "b", "c", "d"}, ""},
		{1, false, "jcmd", []string{"a\x00load"}, ""},
		{2, true, "jcmd", []string{strings.Repeat("x", v2MaxLen)}, ""},
	}
	for _, c := range cases {
		got, err := request(c.version, c.streaming, c.cmd, c.args)
		if string(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("v%d %s %.20q: %.60q, %v", c.version, c.cmd, c.args, got, err)
		}
	}
	if _, err := request(2, true, "jcmd", []string{long}); err != nil {
		t.Errorf("v2 takes long arguments: %v", err)
	}
}

func TestParseReply(t *testing.T) {
	if body, err := parseReply([]byte("0\nhello\n")); string(body) != "hello\n" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	var refused *ErrRefused
	if _, err := parseReply([]byte("101\nUnsupported protocol\n")); !errors.As(err, &refused) || refused.Code != codeBadVersion {
		t.Errorf("code 101: %v", err)
	}
	if _, err := parseReply(nil); !errors.Is(err, errNoReply) {
		t.Errorf("empty: %v", err)
	}
	for _, bad := range []string{"0", "hello\n", "\n", "0x\n"} {
		if _, err := parseReply([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzParseReply(f *testing.F) {
	f.Add([]byte("0\nok"))
	f.Add([]byte("-1\njava.lang.X"))
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := parseReply(b)
		if err == nil && !bytes.HasSuffix(b, body) {
			t.Fatal("the body is not the end of the reply")
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Fatalf("error of %d bytes", len(err.Error()))
		}
	})
}

func FuzzParseLogList(f *testing.F) {
	f.Add(" #0: stdout all=warning uptime,level,tags\n #2: file=\"/tmp/a b.log\" gc=info\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, o := range parseLogList(text) {
			_ = o.writesGC()
			_ = abandoned(o.name, ownLogPrefix)
		}
	})
}

func FuzzParseRecordings(f *testing.F) {
	f.Add("Recording 1: name=always on maxage=1h (running)\n\nRecording: recording=1 name=\"a b\" (stopped)\n")
	f.Fuzz(func(t *testing.T, text string) {
		parseRecordings(text)
		_, _ = loadCode([]byte(text))
	})
}

func TestParseRecordings(t *testing.T) {
	got := parseRecordings("4711:\nRecording 1: name=always on maxsize=50.0MB duration=5s (running)\n\nRecording 2: name=1 (stopped)\n" +
		"Recording: recording=3 name=\"of 8\" (running)\nUse jcmd 4711 JFR.start (name=x)\n")
	want := []checked{{"always on", "running"}, {"1", "stopped"}, {"of 8", "running"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestLogList(t *testing.T) {
	outs := parseLogList(`Log output configuration:
 #0: stdout all=warning uptime,level,tags foldmultilines=false
 #1: stderr all=off uptime,level,tags
 #2: file=/var/log/gc.log all=warning,gc*=info uptime,level,tags filecount=5,filesize=10M (reconfigured)
 #3: file="/var/log/a b.log" gc+heap=debug time
 #4: file=/tmp/casefile-gc-77-12-3.log gc*=info,safepoint=info time
`)
	type row struct {
		name       string
		gc, isOurs bool
	}
	want := []row{{"stdout", false, false}, {"stderr", false, false}, {"/var/log/gc.log", true, false}, {"/var/log/a b.log", true, false}, {"/tmp/casefile-gc-77-12-3.log", true, true}}
	var got []row
	for _, o := range outs {
		got = append(got, row{o.name, o.writesGC(), o.ours()})
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParseArguments(t *testing.T) {
	files := map[string]string{
		"/opt/args":  "-Xmx2g # the heap\n\"-Dname=a b\" -cp 'x y.jar'\n",
		"/opt/flags": "+UseZGC\nMaxMetaspaceSize=64m\n",
	}
	open := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	env := map[string]string{"JAVA_TOOL_OPTIONS": "-Xss1m", "_JAVA_OPTIONS": "-Dlast=1"}
	a := parseArguments([]string{"java", "@/opt/args", "-XX:Flags=/opt/flags", "-XX:+DisableAttachMechanism", "com.acme.Main", "-Xmx9g"}, env, open)
	if a.Main != "com.acme.Main" || !slices.Equal(a.Rest, []string{"-Xmx9g"}) {
		t.Errorf("main %q rest %q", a.Main, a.Rest)
	}
	if a.Property("name") != "a b" || a.Property("last") != "1" {
		t.Errorf("options %q", a.Options)
	}
	if on, set := a.Flag("DisableAttachMechanism"); !on || !set {
		t.Error("the flag is not seen")
	}
	if on, _ := a.Flag("UseZGC"); !on {
		t.Error("a flag of the flags file is not seen")
	}
	if b := parseArguments([]string{"java", "-jar", "/x/app.jar", "-jar"}, nil, open); b.Jar != "/x/app.jar" || b.Main != "" {
		t.Errorf("jar %q main %q", b.Jar, b.Main)
	}
}

func FuzzParseArguments(f *testing.F) {
	f.Add("java\x00@f\x00-jar\x00x", "\"a b\" # c\n'x")
	f.Fuzz(func(t *testing.T, argv, file string) {
		parseArguments(strings.Split(argv, "\x00"), map[string]string{"JAVA_TOOL_OPTIONS": file}, func(string) ([]byte, error) { return []byte(file), nil })
	})
}

func TestAsyncProfilerRefuses(t *testing.T) {
	log := "[WARN] Install JVM debug symbols to improve profile accuracy\n[ERROR] No AllocTracer symbols found. Are JDK debug symbols installed?\n"
	if got := complaint([]byte(log)); !strings.Contains(got, "AllocTracer") {
		t.Errorf("the reason is %s", got)
	}
	for events, want := range map[string]string{asyncEvents[""]: "event=cpu,interval=20ms,lock=10ms", asyncEvents[plan.CPU]: "", asyncEvents[plan.Alloc]: ""} {
		if got := withoutAlloc(events); got != want {
			t.Errorf("%s without allocations: %q, want %q", events, got, want)
		}
	}
}

func TestGCLogPatterns(t *testing.T) {
	j := &JVM{Process: &Process{PID: 100, NSPID: 7, Cwd: "/srv/a[1]"}}
	j.Options = []string{
		"-Xlog:gc*:file=/logs/gc-%p-%t.log:time,uptime:filecount=5,filesize=2M",
		`-Xlog:gc:file="/logs/x y.log":uptime`, "-Xlog:safepoint:sp.log", "-Xloggc:old.log", "-Xlog:gc", "-Xlog:gc:stdout", "-Xlog:class+load:/logs/classes.log", "-Xlog:gc=off:/logs/off.log",
	}
	want := []string{
		"/logs/gc-*7-????-??-??_??-??-??.log", "/logs/gc-*7-????-??-??_??-??-??.log.[0-9]*",
		"/logs/x y.log", "/logs/x y.log.[0-9]*",
		`/srv/a\[1]/sp.log`, `/srv/a\[1]/sp.log.[0-9]*`,
		`/srv/a\[1]/old.log`, `/srv/a\[1]/old.log.[0-9]*`,
	}
	if got := j.gcLogPatterns(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestWholeLines(t *testing.T) {
	wide := func(s string, high, low string) string { return strings.NewReplacer("_", high, "-", low).Replace(s) }
	cases := map[string]string{"half\nwhole\nlast": "whole\nlast", "nothing": "", "\nx": "x", "a\n": "", "": ""}
	for _, s := range []string{"-h_-a_-l_-f_\x0a\x4e-\n_-w_-h_-o_-l_-e_\x0a\x4e-\n_", "-n_-o_-n_-e_x"} {
		_, rest, _ := strings.Cut(s, "-\n_")
		cases[wide(s, "\x00", "")] = wide(rest, "\x00", "")
	}
	for _, s := range []string{"_h-_a-_l-_f-\x4e\x0a_\n-_w-_h-_o-_l-_e-", "_n-_o-_n-_e-\x00"} {
		_, rest, _ := strings.Cut(s, "_\n-")
		cases[wide(s, "\x00", "")] = wide(rest, "\x00", "")
	}
	for in, want := range cases {
		out, err := io.ReadAll(wholeLines(strings.NewReader(in)))
		if err != nil || string(out) != want {
			t.Errorf("%q: %q, want %q, %v", in, out, want, err)
		}
	}
}

// TestMain is also the relay that TestJDK8Credentials starts, and the fake JVM.
func TestMain(m *testing.M) {
	if mode := os.Getenv(FakeMode); mode != "" {
		if err := fakeMain(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 3 && os.Args[1] == RelayCommand {
		if err := Relay(os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// A listener with the rule of JDK 8 - the peer's uid and gid must be the JVM's
// own, root is refused - is reached through a child with those ids.
func TestJDK8Credentials(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("takes another user's ids, which needs root")
	}
	const uid, gid = 65534, 65534
	p, socket := fakeJVM(t, uid)
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := errors.Join(os.Chown(socket, uid, gid), os.Chmod(socket, 0o600)); err != nil {
		t.Fatal(err)
	}
	peers := make(chan *unix.Ucred, 10)
	go serveJDK8(ln, uid, gid, peers)

	a := NewAttacher(p, 8, false)
	body, err := a.Exec(t.Context(), "threaddump", "")
	if err != nil || string(body) != "Full thread dump\n" {
		t.Fatalf("%q, %v", body, err)
	}
	if peer := <-peers; peer.Uid != uid || peer.Gid != gid {
		t.Errorf("the JVM saw uid %d gid %d", peer.Uid, peer.Gid)
	}
	if _, err := NewAttacher(p, 17, false).Exec(t.Context(), "threaddump", ""); err == nil {
		t.Error("the listener admits root: the test proves nothing")
	}
}

// fakeJVM is a process of that user whose root holds the socket's folder.
func fakeJVM(t *testing.T, uid int) (*Process, string) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	p, err := readProcess("/proc", cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if p.Tree, err = access.Process(p.dir); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join("/tmp", fmt.Sprintf(".java_pid%d", p.NSPID))
	t.Cleanup(func() { os.Remove(socket) })
	return p, socket
}

// serveJDK8 answers like attachListener_linux.cpp of JDK 8.
func serveJDK8(ln net.Listener, uid, gid uint32, peers chan<- *unix.Ucred) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		raw, _ := c.(*net.UnixConn).SyscallConn()
		var peer *unix.Ucred
		raw.Control(func(fd uintptr) { peer, _ = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
		if peer.Uid != uid || peer.Gid != gid {
			c.Close()
			continue
		}
		buf := make([]byte, 1024)
		n, _ := c.Read(buf)
		if bytes.Contains(buf[:n], []byte("threaddump")) {
			peers <- peer
			c.Write([]byte("0\nFull thread dump\n"))
		} else {
			c.Write([]byte("-1\nOperation not recognized!\n"))
		}
		c.Close()
	}
}

// Threads of the Go runtime come and go: those that are there before and after must be seen.
func TestLookSeesItsOwnThreads(t *testing.T) {
	p, err := readProcess("/proc", os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	before := p.tids()
	snap := p.look(true)
	after := p.tids()
	for _, tid := range before {
		if slices.Contains(after, tid) && !slices.ContainsFunc(snap.Tasks, func(k tasks.Task) bool { return k.TID == int64(tid) }) {
			t.Errorf("thread %d is not there", tid)
		}
	}
	if i := slices.IndexFunc(snap.Tasks, func(k tasks.Task) bool { return k.TID == int64(os.Getpid()) && k.CPU > 0 }); i < 0 {
		t.Errorf("the main thread is not there, or used no CPU: %+v", snap.Tasks)
	}
}

// A container names itself: what it says may be anything.
func TestContainerName(t *testing.T) {
	for text, want := range map[string]string{"web-7f9c\n": "web-7f9c", "": "", "a b\n": "", "x\x1b[31m": "", "one\ntwo\n": "one", strings.Repeat("x", 300): ""} {
		if got := oneWord(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A file that grows beyond what it may keeps its beginning.
func TestBindSize(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "list"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size, cut := range map[int]bool{1000: false, 1001: true} {
		if err := f.Truncate(0); err != nil {
			t.Fatal(err)
		}
		stop := bindSize(f, 1000)
		if _, err := f.WriteAt(make([]byte, size), 0); err != nil {
			t.Fatal(err)
		}
		if got := stop(); got != cut {
			t.Errorf("%d bytes of 1000: cut %v", size, got)
		}
		if after, _ := f.Stat(); after.Size() != 1000 {
			t.Errorf("%d bytes of 1000: %d left", size, after.Size())
		}
	}
}

func TestListsVirtual(t *testing.T) {
	for text, want := range map[string]bool{
		"4711\n\n#31 \"main\" RUNNABLE 2026-01-05T10:00:00Z\n    at a.B.virtual(B.java:1)\n": false,
		"4711\n\n#31 \"virtual\"\n\n#32 \"\" virtual\n":                                      true,
		"#32 \"h-1\" virtual WAITING 2026-01-05T10:00:00Z":                                   true,
		"": false,
	} {
		if got, err := listsVirtual(strings.NewReader(text)); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestMainOfJar(t *testing.T) {
	const boot = "org.springframework.boot.loader.launch.JarLauncherWithAVeryLongNameThatGoesOn"
	dir := t.TempDir()
	write := func(name string, entries int, manifest string) {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z := zip.NewWriter(f)
		for i := range entries {
			if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%s/%d", strings.Repeat("a", 200), i)}); err != nil {
				t.Fatal(err)
			}
		}
		m, err := z.Create("META-INF/MANIFEST.MF")
		if err == nil {
			_, err = m.Write([]byte(manifest))
		}
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
	}
	manifest := "Manifest-Version: 1.0\r\nMain-Class: " + boot[:58] + "\r\n " + boot[58:] + "\r\nStart-Class: shop.Shop\r\n"
	write("app.jar", 3, manifest)
	write("huge.jar", 30_000, manifest)
	write("none.jar", 1, "Manifest-Version: 1.0\n")
	if err := os.WriteFile(filepath.Join(dir, "no.jar"), []byte("PK no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for jar, want := range map[string]string{"app.jar": boot, "/app.jar": boot, "huge.jar": "", "none.jar": "", "no.jar": "", "missing.jar": "", "": ""} {
		j := &JVM{Process: &Process{Cwd: "/", Tree: access.Fixture(dir)}, Arguments: Arguments{Jar: jar}}
		if got := j.mainOfJar(); got != want {
			t.Errorf("%q: %q, want %q", jar, got, want)
		}
	}
}
