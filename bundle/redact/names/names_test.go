package names

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// through learns the names of a text and gives it with pseudonyms.
func through(t *testing.T, s *Set, text string) string {
	t.Helper()
	l := s.Learner()
	l.Text([]byte(text))
	l.Done()
	return string(s.Rewriter().Text([]byte(text)))
}

// In brackets of that kind stands what must be gone; all else must stay byte for byte.
var placedNames = []string{
	"2026-11-28 09:00:00 INFO connect to «kafka-7.prod.acme.local»:9092",
	"Connection refused: «db1.corp.acme.com»/«10.20.30.40»:5432",
	"jdbc:postgresql://«db-main»:5432/confluence?user=«kschmidt»&ssl=true",
	`jdbc\:postgresql\://«db-main»\:5432/wiki`,
	`{"url":"https:\/\/«wiki.acme.de»\/display\/«HR»\/«Pay+Rise+2026»?pageId=«778812345»&src=x"}`[0:0] + `{"url":"https://«wiki.acme.de»/display/«HR»/«Pay+Rise+2026»"}`,
	"amqp://«anna.berg»@«rabbit02»:5672/vhost",
	"kafka://«broker1.acme.net»:9092,«broker2.acme.net»:9092/topic",
	"mail from «karl.schmidt@acme.com» to «root@mail.acme.com»",
	"java.rmi.server.hostname=«web17.acme.com»",
	"-Djava.rmi.server.hostname=«web17»",
	"user.name=«kschmidt»", "user.home=/home/«kschmidt»", "USER=«kschmidt»",
	`{"user":"«kschmidt»","comm":"java"}`, `<username>«kschmidt»</username>`, "username: «kschmidt»", `login "«kschmidt»" failed`,
	"uid=1000(«kschmidt») gid=1000", "user=ACME\\«kschmidt»"[0:0] + "user [«kschmidt»] logged in",
	"/home/«kschmidt»/«projects»/«bluebird»/lib/«bluebird.jar»", `C:\Users\«kschmidt»\«Angebote»\«offer.docx»`,
	"/tmp/hsperfdata_«kschmidt»/4711",
	"10 «192.0.2.17» «2a02:908:1234:5678::17» ::1 127.0.0.1 0.0.0.0:8080 [«2a02:908:1234:5678::18»]:443",
	"link/ether «aa:bb:cc:dd:ee:0f» brd ff:ff:ff:ff:ff:ff HWaddr «00-16-3E-5E-6C-00»",
	`«10.1.2.3» - «kschmidt» [28/Nov/2026:09:00:00 +0000] "GET /rest/api/content?cql=«text~salary» HTTP/1.1" 200 12`,
	"[28/Nov/2026:09:00:00 +0000] «kschmidt» http-nio-8090-exec-3 «10.1.2.3» GET /display/«HR»/«Salaries» HTTP/1.1 200 12ms 4711",
	"   1: «0A01020A»:1538 «0B01020A»:C350 01 00000000:00000000",
	"select * from os_user where username = '«kschmidt»' and status='«x1»'",
	"update page set title = '«Pay rise»' where id = 17",
	"title=«Salaries»", `page title: "«Salaries of 2026»"`, "spaceKey=«HRX»",
	"uid=«kschmidt»,ou=people,o=x", "ssh «kschmidt»@«web17»",
	`"http-nio-8090-exec-3 url: /display/«HR»/«Plan»; user: «kschmidt»" #31 daemon prio=5`,
	"at host «ip-10-1-2-3.ec2.internal» now",
	`"server": {"name":"«dbx1»-5432","address":"«dbx1»:5432"}`, "bootstrap.servers=«kafka1»:9092,«kafka2»:9092",
	`peers: ["«es1»:9300", "«es2»:9300"]`,
	"Nov 28 09:00:00 «web17» sshd[4711]: Accepted publickey for «kschmidt» from «10.1.2.3» port 4711 ssh2",
	"2026-11-28T09:00:00.123456+00:00 «web17.acme.de» systemd: pam_unix(sshd:session): session opened for user «kschmidt»(uid=1000)",
	"Host: «web-node-17», AMD EPYC, 2 cores",
	"host=«web17» hostname: «web18» nodeName=«web19»",
	"https://«acme.atlassian.net»/wiki",
	`<property name="hibernate.connection.username">«confuser9»</property>`, `<property name="username" value="«confuser9»"/>`,
	`{"name":"db.user","value":"«confuser9»"}`, `"GET /x?q=«salary»; user: «kschmidt»"`,
}

// None of these has a name.
var innocent = []string{
	"\tat org.apache.tomcat.util.net.NioEndpoint.user(NioEndpoint.java:123)",
	"\t- locked <0x00000007> (a com.acme.host.User)",
	"   java.lang.Thread.State: TIMED_WAITING (parking)",
	"openjdk version \"17.0.12.1\" 2024-07-16", "jdk-17.0.12.1+1", "version 10.1.2.3 of it"[0:0], "Chrome/120.0.0.0 Safari/537.36", "OpenJDK 64-Bit Server VM (25.0.1.2+9)",
	"http://www.w3.org/2001/XMLSchema", "see https://docs.oracle.com/javase/17/docs?x=1"[0:44],
	"[2026-11-28T09:12:45.123+0000][1.234s][info][gc,cpu] GC(1) User=0.05s Sys=0.00s Real=0.01s",
	"[Times: user=0.05 sys=0.01, real=0.02 secs]", "Metaspace used 2048K, space 12G", "eden space 65536K, 62% used [0x1,0x2)",
	"java.util.concurrent.locks.ReentrantLock$NonfairSync@7c1f3a2b[Locked by thread http-nio-8090-exec-3]",
	"owner=http-nio-8090-exec-12", "com.acme.internal.Foo", "java.io.IOException: Connection reset", "org.postgresql.util.PSQLException",
	"/opt/java/lib/server/libjvm.so", "/root/app/conf/server.xml", "user=root", "user: null", "user.getName()", "host: localhost",
	"2026-11-28T09:00:00Z INFO main: started", "waiting for reply from server", "waiting for data from cache", "server: Apache:x", "address: 12:30", "target: job:12345678", "0::/", "loader 'org.wildfly.security.elytron-base@2.6.0.Final'", "file:/opt/x -Djdk.serialFilter=\"maxbytes=10485760;maxdepth=128;maxrefs=300000\"",
	"location=vfs:///property/java.home/x", "jdbc:h2:mem:test;DB_CLOSE_DELAY=-1;MODE=${x:REGULAR}", "std::chrono::seconds", "09:12:45.123", "00:00:00:00:00:00", "[ff02::1]", "255.255.255.0", "a ? b : c", "list?x", "java.base@17.0.15/java.lang",
	"-XX:+UseG1GC -Xmx4g", "select 1", "where a = ?", "module java.net", "s.a.user: org.x.y.UserImpl", "  user  nice system", "host.docker=${HOST}",
}

func TestPlaces(t *testing.T) {
	marked := regexp.MustCompile(`«([^»]*)»`)
	for _, text := range placedNames {
		var gone []string
		for _, m := range marked.FindAllStringSubmatch(text, -1) {
			gone = append(gone, m[1])
		}
		in := strings.NewReplacer("«", "", "»", "").Replace(text)
		s := New(Key{1})
		out := through(t, s, in)
		for _, name := range gone {
			if strings.Contains(out, name) {
				t.Errorf("%s\n%s: %s is left", in, out, name)
			}
		}
		kept := marked.Split(text, -1)
		at := 0
		for _, part := range kept {
			i := strings.Index(out[at:], part)
			if i < 0 {
				t.Errorf("%s\n%s: %q is lost", in, out, part)
				break
			}
			at += i + len(part)
		}
		if again := through(t, s, out); again != out {
			t.Errorf("%s\n%s\n%s: twice is not once", in, out, again)
		}
		if again := through(t, New(Key{2}), out); again != out {
			t.Errorf("%s\n%s\n%s: another set replaces pseudonyms", in, out, again)
		}
	}
}

func TestInnocent(t *testing.T) {
	s := New(Key{1})
	for _, text := range innocent {
		if out := through(t, s, text); out != text {
			t.Errorf("%s\nbecame %s", text, out)
		}
	}
}

// A name that is told late stands in what came before, and in other places than its own.
func TestKnownEverywhere(t *testing.T) {
	s := New(Key{1})
	text := "worker kschmidt started on web17\nadmin said web17.acme.com is down\nuser=kschmidt host=web17 url=http://web17.acme.com/\nbackup-kschmidt.tar\n"
	out := through(t, s, text)
	for _, name := range []string{"kschmidt", "web17", "acme"} {
		if strings.Contains(out, name) {
			t.Errorf("%s is left:\n%s", name, out)
		}
	}
	out = through(t, s, "hz.web-node-17.acme.com.cached and hz.web17.acme.com.cached-2 on host=web-node-17\n")
	for _, name := range []string{"web-node-17", "web17", "acme"} {
		if strings.Contains(out, name) {
			t.Errorf("%s is left: %s", name, out)
		}
	}
	if !strings.HasPrefix(out, "hz."+s.Pseudonym(Host, "web-node-17")+"."+s.Pseudonym(Domain,
		"acme.com")+".cached and hz."+s.Pseudonym(Host, "web17")) {
		t.Errorf("a host within another name: %s", out)
	}
	out = through(t, s, text)
	host := s.Pseudonym(Host, "web17")
	if n := strings.Count(out, host); n != 4 {
		t.Errorf("%s stands at %d places, want 4:\n%s", host, n, out)
	}
}

// What is called like a class, a package, a thread or a word of the language is replaced at its places only.
func TestAmbiguousNames(t *testing.T) {
	for _, name := range []string{"tomcat", "confluence", "postgres", "java", "vm", "hibernate", "quartzy"} {
		s := New(Key{1})
		s.Learn(Host, name)
		s.Learn(User, name)
		stack := "\tat org.quartzy.core.JobRunShell.run(JobRunShell.java:1)\n\"" + name + "-exec-1\" daemon\nINFO org." + name + ".Startup done\n"
		out := through(t, s, stack+"host="+name+" user="+name+"\n")
		if !strings.HasPrefix(out, stack) {
			t.Errorf("%s: a stack became\n%s", name, out)
		}
		if strings.Contains(out, "="+name) {
			t.Errorf("%s is left at its place:\n%s", name, out)
		}
	}
}

func TestPseudonymsOfACluster(t *testing.T) {
	a, b, other := New(Key{1}), New(Key{1}), New(Key{2})
	b.Pseudonym(User, "somebody else") // the order of names makes no difference
	for kind, name := range map[Kind]string{Host: "web17", User: "kschmidt", Domain: "acme.com", Space: "HR",
		Title: "Pay Rise"} {
		if a.Pseudonym(kind, name) != b.Pseudonym(kind, name) {
			t.Errorf("%s: two sets of one key differ", name)
		}
		if a.Pseudonym(kind, name) == other.Pseudonym(kind, name) {
			t.Errorf("%s: another cluster has the same pseudonym", name)
		}
	}
	if a.HostName("web17.acme.com") != a.Pseudonym(Host, "WEB17")+"."+a.Pseudonym(Domain, "acme.com") {
		t.Error("a host with its domain is not the host with the domain")
	}
}

func TestAddresses(t *testing.T) {
	s, other := New(Key{1}), New(Key{2})
	seen := map[netip.Addr]string{}
	for _, text := range []string{"10.1.2.3", "10.1.2.4", "10.1.2.254", "10.1.3.3", "8.8.8.8", "2a02:908::1",
		"2a02:908::2", "2a02:909::1", "fe80::1"} {
		a := netip.MustParseAddr(text)
		as := s.AddressOf(a)
		if seen[as] != "" {
			t.Errorf("%s and %s are both %s", text, seen[as], as)
		}
		seen[as] = text
		if !reserved4.Contains(as) && !reserved6.Contains(as) {
			t.Errorf("%s became %s, of no reserved range", text, as)
		}
		if s.AddressOf(a) != as || s.AddressOf(as) != as || other.AddressOf(a) == as {
			t.Errorf("%s: not stable", text)
		}
	}
	same := func(x, y string, bits int) bool {
		p, err := s.AddressOf(netip.MustParseAddr(x)).Prefix(bits)
		return err == nil && p.Contains(s.AddressOf(netip.MustParseAddr(y)))
	}
	if !same("10.1.2.3", "10.1.2.4", 24) || same("10.1.2.3", "10.1.3.3", 24) || !same("2a02:908::1",
		"2a02:908::2", 64) || same("2a02:908::1", "2a02:909::1", 64) {
		t.Error("networks are not kept")
	}
	for _, text := range []string{"127.0.0.1", "0.0.0.0", "::1", "::", "224.0.0.1", "255.255.255.255", "169.254.169.254"} {
		if a := netip.MustParseAddr(text); s.AddressOf(a) != a {
			t.Errorf("%s became %s", text, s.AddressOf(a))
		}
	}
	if got := s.AddressOf(netip.MustParseAddr("::ffff:10.1.2.3")).Unmap(); got != s.AddressOf(netip.MustParseAddr("10.1.2.3")) {
		t.Errorf("mapped: %s", got)
	}
}

func TestStore(t *testing.T) {
	dir := t.TempDir()
	first, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := through(t, first.Set, "user=kschmidt host=web17.acme.com from 10.1.2.3 mail k.schmidt@acme.com")
	if err := first.Save(); err != nil {
		t.Fatal(err)
	}
	second, err := OpenStore(dir)
	if err != nil || second.Made {
		t.Fatal(err, second)
	}
	if again := through(t, second.Set,
		"user=kschmidt host=web17.acme.com from 10.1.2.3 mail k.schmidt@acme.com"); again != out {
		t.Errorf("%s\nthe next day %s", out, again)
	}
	second.Set.Pseudonym(User, "another")
	if err := second.Save(); err != nil {
		t.Fatal(err)
	}
	if err := first.Save(); err != nil { // keeps what the second has saved
		t.Fatal(err)
	}
	list, err := ReadNames(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	back, n := Reveal(list, []byte("Support says: "+out+". Also "+second.Set.Pseudonym(User, "another")))
	if want := "Support says: user=kschmidt host=web17.acme.com from 10.1.2.3 mail k.schmidt@acme.com. Also another"; string(back) != want || n < 5 {
		t.Errorf("%d: %s", n, back)
	}
	if _, err := ReadNames(dir, t.TempDir()+"/none"); err == nil {
		t.Error("read without a key")
	}
}

func FuzzText(f *testing.F) {
	for _, text := range placedNames {
		f.Add(strings.NewReplacer("«", "", "»", "").Replace(text))
	}
	for _, text := range innocent {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := New(Key{1})
		l := s.Learner()
		if out := l.Text([]byte(text)); string(out) != text {
			t.Fatalf("a learner changed %q to %q", text, out)
		}
		l.Done()
		out := string(s.Rewriter().Text([]byte(text)))
		if strings.Count(out, "\n") != strings.Count(text, "\n") {
			t.Fatalf("%q became %q: lines are lost", text, out)
		}
	})
}

// BenchmarkHostile is lines that would take time with the square of their length, if a look had no end.
func BenchmarkHostile(b *testing.B) {
	for _, part := range []string{"acme.com.", "a://", "user [", "update x set 'a' ", "web17.", "a@", "//a,", "GET /", "title='", "/home/", "10.1.", "a:b:", ";a=", "?a=", "for a from ",
		"<user>", "\\", "user=(", "com.com.", "kschmidt-", "select from "} {
		s := New(Key{1})
		s.Learn(Domain, "acme.com")
		s.Learn(Host, "web17")
		s.Learn(User, "kschmidt")
		line := []byte(strings.Repeat(part, 1<<20/len(part)))
		b.Run(part, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				s.Rewriter().Text(line)
			}
		})
	}
}

// An address is the same with zeros in front of its numbers, whichever of the two a text has first.
func TestPaddedAddresses(t *testing.T) {
	for _, text := range []string{"from 10.1.2.3 to 010.001.002.003 x", "from 010.001.002.003 to 10.1.2.3 x"} {
		s := New(Key{1})
		as := s.AddressOf(netip.MustParseAddr("10.1.2.3")).String()
		if got, want := through(t, s, text), "from "+as+" to "+as+" x"; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Addresses are among the names, and a set that was restored from them gives the same.
func TestAddressesAreRestored(t *testing.T) {
	s := New(Key{1})
	through(t, s, "10.1.2.3 10.1.2.4 192.0.2.7 2a02:908::17")
	list, again := s.Names(), New(Key{2})
	again.Restore(list)
	if got := again.Names(); !slices.Equal(got, list) || len(list) != 4+2 { // and two networks
		t.Errorf("%v, restored %v", list, got)
	}
	for _, a := range []string{"10.1.2.3", "192.0.2.7"} {
		got, want := again.AddressOf(netip.MustParseAddr(a)), s.AddressOf(netip.MustParseAddr(a))
		if g, w := got.As4(), want.As4(); [3]byte(g[:3]) != [3]byte(w[:3]) {
			t.Errorf("%s: network of %s, of %s before", a, got, want)
		}
	}
}
