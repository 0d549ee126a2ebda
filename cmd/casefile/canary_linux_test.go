package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"casefile/bundle"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
	"casefile/testdata/canary"
)

// canaryService is the name under which this binary is a Go service that carries canaries.
const canaryService = "canary-service"

// canaryJava starts a thread for each line of the file that it is given, sets properties, and throws what a log would say.
const canaryJava = `
import java.nio.file.*;
import java.util.*;

public class Canary {
    public static void main(String[] args) throws Exception {
        List<String> names = Files.readAllLines(Paths.get(args[0]));
        for (String name : names) {
            Thread t = new Thread(() -> { while (true) { try { Thread.sleep(20); } catch (InterruptedException e) { return; } new ArrayList<String>(names).hashCode(); } }, name);
            t.setDaemon(true);
            t.start();
        }
        for (int i = 0; i + 1 < args.length - 1; i++) System.setProperty("set.at.run.time." + i + ".password", args[args.length - 1]);
        System.out.println("ready");
        System.in.read();
    }
}
`

// canaries makes secrets, each of which is looked for afterwards.
type canaries struct {
	r      *rand.Rand
	made   []string
	pieces []string // of those of canary.Sites
	sites  int
}

// plant notes the secrets of a site that is carried.
func (c *canaries) plant(s canary.Site) {
	c.sites++
	c.pieces = append(c.pieces, s.Pieces()...)
	for _, secret := range s.Secrets {
		if len(secret) <= 64 {
			c.made = append(c.made, secret)
		}
	}
}

func (c *canaries) next() string {
	const all = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := []byte{all[c.r.IntN(49)], all[49+c.r.IntN(8)]}
	for range 9 {
		b = append(b, all[c.r.IntN(len(all))])
	}
	v := string(append(b, '9', all[c.r.IntN(49)]))
	c.made = append(c.made, v)
	return v
}

// hex makes one in hexadecimal.
func (c *canaries) hex() string {
	v := fmt.Sprintf("%016x%016x", c.r.Uint64(), c.r.Uint64())
	c.made = append(c.made, v)
	return v
}

// fill puts a canary of its own for each {X} and {HEX} into a text; {b64:X} is the base64 of bob:canary.
func (c *canaries) fill(text string) string {
	for _, mark := range []struct {
		name string
		make func() string
	}{{"{X}", c.next}, {"{HEX}", c.hex}, {"{B64}", func() string { return base64.StdEncoding.EncodeToString([]byte("bob:" + c.next())) }}} {
		for strings.Contains(text, mark.name) {
			text = strings.Replace(text, mark.name, mark.make(), 1)
		}
	}
	return text
}

func (c *canaries) fillAll(texts ...string) []string {
	list := make([]string, len(texts))
	for i, t := range texts {
		list[i] = c.fill(t)
	}
	return list
}

// canaryFiles are what a Spring Boot application keeps in its working folder.
var canaryFiles = map[string]string{
	"application.properties": "spring.datasource.password={X}\nspring.mail.password : {X}\napp.pin={X}\napp.cipher={cipher}{HEX}\napp.auth={B64}\nsenha={X}\nurl=jdbc\\:postgresql\\://u\\:{X}@db/x\n" +
		"a.b=mysql -uroot -p{X} db\nx.api-key={X}\nt=glpat-{X}{X}\nllm=sk-proj-{X}{X}{X}\n",
	"application.yml": "base: &pw {X}\nspring:\n  datasource:\n    password: *pw\n? password\n: {X}\ncredentials:\n  main: {X}\npasswords:\n- {X}\n- {X}\n" +
		"app:\n  token: |\n    {X}\n  mongo: mongodb://u:{X}@h/d\n  args: [\"mysql\", \"-p{X}\"]\n  headers: [{name: X-Api-Key, value: \"{X}\"}]\nmore:\n- -u\n- bob:{X}\n",
	"config/application.properties": "db.password={X}\nwebhook=https://discord.com/api/webhooks/123456789012345678/{X}{X}{X}\n",
	"logback.xml": "<!DOCTYPE configuration [\n<!ENTITY p1 \"{X}\">\n]>\n<configuration><property name=\"smtp.password\" value=\"{X}\"/><password>&p1;</password>" +
		"<bean id=\"dbPassword\"><constructor-arg value=\"{X}\"/></bean><credentials><main><value>{X}</value></main></credentials></configuration>\n",
	"logs/app.log": "2026-11-28 09:00:00 INFO [main] connect with password={X}\n2026-11-28 09:00:00 INFO [main] GET /cb?code={X}&state=x HTTP/1.1\n" +
		"2026-11-28 09:00:00 INFO [main] config: password: |\n2026-11-28 09:00:00 INFO [main] config:   {X}\n2026-11-28 09:00:00 INFO [main] a1 LOGIN bob {X}\n" +
		"2026-11-28 09:00:00 INFO [main] CREATE USER bob IDENTIFIED BY '{X}'\n2026-11-28 09:00:00 INFO [main] INSERT INTO u (n, password) VALUES ('b', '{X}')\n" +
		"2026-11-28 09:00:00 INFO [main] пароль: {X}\n2026-11-28 09:00:00 INFO [main] \x1b[32mpassword\x1b[0m: {X}\n2026-11-28 09:00:00 INFO [main] password -> {X}\n" +
		"2026-11-28 09:00:00 INFO [main] -----BEGIN RSA PRIVATE KEY-----\n2026-11-28 09:00:00 INFO [main] MIIEpAIBAAKCAQEA{X}{X}{X}{X}\n2026-11-28 09:00:01 INFO [main] {X}{X}{X}{X}=\n2026-11-28 09:00:01 INFO [main] -----END RSA PRIVATE KEY-----\n" +
		"2026-11-28 09:00:00 INFO [main] exec: curl -u bob:{X} https://h and sshpass -p {X} ssh h\n2026-11-28 09:00:00 INFO [main] {\"params\":[[\"password\",\"{X}\"]]}\n",
}

// TestCanariesLive captures JVMs of every JDK and a Go service that carry secrets wherever a process can, and looks for
// them in all that casefile writes.
func TestCanariesLive(t *testing.T) {
	if testing.Short() {
		t.Skip("captures live processes")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		c := &canaries{r: rand.New(rand.NewPCG(uint64(jdk.Major), 11))}
		dir := t.TempDir()
		jvm := startCanaryJVM(t, jdk, c, dir)
		service := startCanaryService(t, self, c, dir)
		t.Logf("%d sites of package canary, %d secrets", c.sites, len(c.made))
		searchCapture(t, self, dir, c, jvm, service)
	})
}

func startCanaryJVM(t *testing.T, jdk live.JDK, c *canaries, dir string) (pid int) {
	source := filepath.Join(dir, "Canary.java")
	write(t, source, canaryJava)
	classes := livetest.Compile(t, jdk, source)
	work := filepath.Join(dir, "work")
	more := carry(c, canary.Sites(uint64(jdk.Major)))
	for name, text := range canaryFiles {
		write(t, filepath.Join(work, name), strings.ReplaceAll(c.fill(text), "</configuration>", more.files["logback.xml"]+"</configuration>")+more.tail(name))
	}
	names := filepath.Join(dir, "names")
	write(t, names, strings.Join(c.fillAll("poller password={X}", "poller bob:{X}@db.internal", "mysql -u r -p{X}", "login AUTH {X}", "GET /x?code={X}&a=1",
		"пароль={X}", "worker -u bob:{X}", "pin={X}", "conn {cipher}{HEX}", "glpat-{X}{X}", "Bearer {X}{X}"), "\n")+"\n"+strings.Join(more.threads, "\n"))
	args := append(live.GCLogArgs(jdk.Major, filepath.Join(work, "gc.log")), live.JFRArgs(jdk.Major, "filename="+filepath.Join(work, "own.jfr"))...)
	args = append(args, c.fillAll("-Ddb.password={X}", "-Dx.pin={X}", "-Dapi.token={X}", "-Durl=jdbc:oracle:thin:u/{X}@h:1:x", "-Dmulti.password={X}\n{X}", "-Dsome.auth={B64}",
		"-Dlogging.file.name=logs/app.log", "-Dspring.application.name=canary", "-Dx.credentials=u:{X}", "-Dcmd=curl -u bob:{X} h", "-Dllm=sk-ant-api03-{X}{X}")...)
	args = append(append(args, more.properties...), "-cp", classes, "Canary", names)
	args = append(args, more.arguments...)
	args = append(args, c.fillAll("-u", "bob:{X}", "--user", "bob:{X}", "--user=bob:{X}", "--password", "{X}", "bob:{X}@db.internal", "--token={X}", "--api-key", "{X}\n{X}", "mysql", "-p{X}", "{X}")...)
	c.made = c.made[:len(c.made)-1] // the last argument says nothing of itself; it is the value of properties at run time
	args[len(args)-1] = args[len(args)-2][len("-p"):]
	cmd := exec.Command(filepath.Join(jdk.Home, "bin", "java"), args...)
	cmd.Dir = work
	cmd.Env = append(append(os.Environ(), "LC_ALL=C.UTF-8"), more.environment...)
	cmd.Env = append(cmd.Env, c.fillAll("DB_PASSWORD={X}", "DATABASE_URL=postgres://u:{X}@h/d", "APP={\"db\":{\"password\":\"{X}\"}}", "MYSQL_PWD={X}", "MULTI_SECRET={X}\n{X}",
		"APP_PIN={X}", "X_AUTH={B64}", "SLACK=xoxb-{X}-{X}", "JDK_JAVA_OPTIONS=-Denv.password={X} -Dnext={cipher}{HEX}")...)
	return startReady(t, cmd)
}

// carried are sites by the place of a process that shows them.
type carried struct {
	properties, arguments, environment, threads []string
	files                                       map[string]string
}

// tail is what a file has after its own text; in XML it stands within.
func (to carried) tail(name string) string {
	if strings.HasSuffix(name, ".xml") {
		return ""
	}
	return to.files[name]
}

// cutByKernel reports whether the kernel's name of a thread, 15 bytes, ends within a secret: what is left there is told from
// no other word.
func cutByKernel(s canary.Site) bool {
	const kept = 15
	return slices.ContainsFunc(s.Secrets, func(secret string) bool {
		at := strings.Index(s.Text, secret)
		return at >= 0 && at < kept && at+len(secret) > kept
	})
}

// carry finds places for sites.
func carry(c *canaries, sites []canary.Site) carried {
	to := carried{files: map[string]string{}}
	named := map[string]bool{}
	const stamp = "2026-11-28 09:00:00 INFO [main] "
	for _, s := range sites {
		switch s.Channel {
		case canary.Arguments:
			if strings.Contains(s.Text, "-javaagent:") { // it would be loaded
				continue
			}
			for _, word := range strings.Split(s.Text, "\x00") {
				if strings.HasPrefix(word, "-D") {
					to.properties = append(to.properties, word)
				} else if word != "java" && word != "Main" {
					to.arguments = append(to.arguments, word)
				}
			}
		case canary.Environment:
			name, _, _ := strings.Cut(s.Text, "=")
			if strings.Contains(s.Text, "\n") || named[name] {
				continue
			}
			named[name] = name != "A" && name != "X"
			to.environment = append(to.environment, strings.Split(strings.TrimSuffix(s.Text, "\x00"), "\x00")...)
		case canary.Properties:
			to.files["application.properties"] += s.Text
		case canary.YAML:
			to.files["application.yml"] += "---\n" + s.Text
		case canary.XML:
			if strings.Contains(s.Text, "<!DOCTYPE") { // one a file
				continue
			}
			to.files["logback.xml"] += s.Text + "\n"
		case canary.Thread:
			if strings.Contains(s.Text, "\n") || cutByKernel(s) {
				continue
			}
			to.threads = append(to.threads, s.Text)
		default:
			to.files["logs/app.log"] += stamp + strings.ReplaceAll(s.Text, "\n", "\n"+stamp) + "\n"
		}
		c.plant(s)
	}
	return to
}

func startCanaryService(t *testing.T, self string, c *canaries, dir string) (pid int) {
	link := filepath.Join(dir, canaryService)
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	args := c.fillAll("-u", "bob:{X}", "--password", "{X}", "--dsn=postgres://u:{X}@h/d", "redis-cli", "-a", "{X}", "bob:{X}@db.internal")
	cmd := exec.Command(link, append(args, carry(c, ofArguments(canary.Sites(101))).arguments...)...)
	cmd.Env = append(os.Environ(), c.fillAll("DB_PASSWORD={X}", "TOKEN=glpat-{X}{X}", "AUTH_URL=https://u:{X}@h", "CANARY_LABELS=password={X}|bob:{X}@db.internal|mysql -p{X}|Bearer {X}{X}", "CANARY_PASSWORD={X}")...)
	return startReady(t, cmd)
}

// ofArguments are the sites that stand among the arguments of a program.
func ofArguments(sites []canary.Site) []canary.Site {
	return slices.DeleteFunc(sites, func(s canary.Site) bool { return s.Channel != canary.Arguments || strings.Contains(s.Text, "-D") })
}

// serveCanaries is the Go service.
func serveCanaries() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i, label := range append(strings.Split(os.Getenv("CANARY_LABELS"), "|"), os.Getenv("CANARY_PASSWORD")) {
		go pprof.Do(context.Background(), pprof.Labels("session.password", label, "n"+strconv.Itoa(i), label), func(context.Context) {
			for n := 0; ; n++ {
				_ = fmt.Sprint(n)
			}
		})
	}
	fmt.Println("ready")
	_ = http.Serve(l, nil)
}

func startReady(t *testing.T, cmd *exec.Cmd) (pid int) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // ends with us
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return cmd.Process.Pid
		}
	}
	t.Fatal("the process did not begin")
	return 0
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// searchCapture runs the binary over the processes and looks for the secrets in what it wrote.
func searchCapture(t *testing.T, self, dir string, planted *canaries, pids ...int) {
	link := filepath.Join(dir, "casefile")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	out, temp := filepath.Join(dir, "out"), filepath.Join(dir, "tmp")
	for _, d := range []string{out, temp} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"collect", "--jfr", "--duration", "5s", "--dumps", "2", "--dump-interval", "1s", "--out", filepath.Join(out, "c.tar.zst")}
	for _, pid := range pids {
		args = append(args, "--pid", strconv.Itoa(pid))
	}
	cmd := exec.Command(link, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > exitGaps {
		t.Fatalf("%v: %s", err, said)
	}
	s := newCanarySearch(planted)
	s.search("what is printed", said)
	for _, d := range []string{out, temp} {
		_ = filepath.WalkDir(d, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				if b, err := os.ReadFile(path); err == nil {
					s.search(path, b)
				}
			}
			return nil
		})
	}
	r, err := bundle.Open(t.Context(), filepath.Join(out, "c.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	if err := r.Walk(t.Context(), func(e bundle.Entry, body io.Reader) error {
		b, err := io.ReadAll(body)
		entries++
		s.search(e.Path, b)
		if z, zerr := gzip.NewReader(bytes.NewReader(b)); zerr == nil {
			raw, _ := io.ReadAll(z)
			s.search(e.Path, raw)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d canaries, %d entries, %d found", len(planted.made), entries, len(s.found))
	for where := range s.found {
		t.Error(where)
	}
}

// canarySearch looks for many secrets in every encoding, and for pieces of them.
type canarySearch struct {
	byHead map[string][]needle // by the first bytes
	heads  [1 << 16]bool       // by the first two of them
	found  map[string]bool
}

// needle is a form of a secret.
type needle struct{ text, name string }

// needleHead is how long the shortest needle is, in bytes.
const needleHead = 7

func newCanarySearch(c *canaries) *canarySearch {
	s := &canarySearch{byHead: map[string][]needle{}, found: map[string]bool{}}
	for _, v := range c.made {
		for name, form := range canaryForms(v) {
			s.add(form, name+" of "+v)
		}
	}
	for _, piece := range c.pieces {
		s.add(piece, "piece "+piece)
	}
	return s
}

func (s *canarySearch) add(text, name string) {
	if len(text) < needleHead {
		return
	}
	head := text[:needleHead]
	s.byHead[head] = append(s.byHead[head], needle{text, name})
	s.heads[int(head[0])<<8|int(head[1])] = true
}

func canaryForms(v string) map[string]string {
	each := func(format string) string {
		var b strings.Builder
		for i := range len(v) {
			fmt.Fprintf(&b, format, v[i])
		}
		return b.String()
	}
	other := strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, v)
	var le, be strings.Builder
	for _, u := range utf16.Encode([]rune(v)) {
		le.Write([]byte{byte(u), byte(u >> 8)})
		be.Write([]byte{byte(u >> 8), byte(u)})
	}
	forms := map[string]string{"plain": v, "hex": hex.EncodeToString([]byte(v)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(v))), "other case": other,
		"UTF-16LE": le.String(), "UTF-16BE": be.String(), "UTF-32LE": each("%c\x00\x00\x00"), "UTF-32BE": each("\x00\x00\x00%c"), "url": each("%%%02X"),
		"property escapes": each(`\u%04x`), "XML": each("&#%d;"), "XML hex": each("&#x%x;")}
	runes := []rune(v)
	slices.Reverse(runes)
	forms["backwards"] = string(runes)
	forms["Base32"] = strings.TrimRight(base32.StdEncoding.EncodeToString([]byte(v)), "=")
	forms["base64 twice"] = strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(v)))), "=")
	for shift := range 3 {
		packed := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + v))
		forms["base64 "+strconv.Itoa(shift)] = packed[[]int{0, 2, 3}[shift] : (shift+len(v))*8/6]
	}
	return forms
}

func (s *canarySearch) search(where string, b []byte) {
	for i := 0; i+needleHead <= len(b); i++ {
		if !s.heads[int(b[i])<<8|int(b[i+1])] {
			continue
		}
		for _, n := range s.byHead[string(b[i:i+needleHead])] {
			if bytes.HasPrefix(b[i:], []byte(n.text)) {
				s.found[where+": "+n.name] = true
			}
		}
	}
}
