package redact

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// innocent lines are evidence: they must pass byte for byte.
var innocent = strings.Split(strings.Trim(`
	at com.example.auth.TokenStore.get(TokenStore.java:123)
	at com.example.Token.java(Token.java:9)
	at org.springframework.security.crypto.password.PasswordEncoder.matches(PasswordEncoder.java:41)
	at com.atlassian.crowd.password.encoder.AtlassianSecurityPasswordEncoder.isPasswordValid(AtlassianSecurityPasswordEncoder.java:48)
	at java.base@17.0.15/sun.security.ssl.SSLSessionImpl.getMasterSecret(SSLSessionImpl.java:1066)
	at com.sun.crypto.provider.HKDFExtractSecret.secret(Secret.kt:20)
	at app//com.example.Secret.token(Unknown Source)
	- locked <0x00000000e0a1b2c8> (a com.example.AuthToken)
	- waiting on <0x00000000e0a1b2c8> (a java.util.concurrent.Semaphore$Token)
	- parking to wait for  <0x000000070aaab123> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)
"token-refresh-thread" #12 daemon prio=5 os_prio=0 cpu=1.23ms elapsed=45.67s tid=0x00007f0000aaab10 nid=0x2f waiting on condition
"password-expiry-checker" #99 prio=5 tid=0x00007f00 nid=47 runnable
"http-nio-8090-exec-10" #31 daemon prio=5 os_prio=0 tid=0x00007f1234567890 nid=0x1a runnable  [0x00007f1230000000]
"SecretManager:5" #7 daemon prio=5
   java.lang.Thread.State: TIMED_WAITING (on object monitor)
net/http.(*Token).Next(0xc000123456, 0x10)
	/usr/local/go/src/go/token/token.go:33 +0x1b
	/src/internal/secret/password.go:12 +0x55
Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6-Ubuntu mixed mode, sharing):
[12.345s][info][gc] GC(3) Pause Young (Normal) (G1 Evacuation Pause) 24M->4M(256M) 3.021ms
[2024-01-01T10:00:00.123+0000][4.5s][info][gc,heap] GC(12) Eden regions: 23->0(25)
2019-05-01T10:00:00.123+0100: 3.456: [GC (Allocation Failure) [PSYoungGen: 65536K->10720K(76288K)] 65536K->12345K(251392K), 0.0123456 secs] [Times: user=0.03 sys=0.01, real=0.01 secs]
[0.013s][info][safepoint] Safepoint "ICBufferFull", Time since last: 1234567 ns, Reaching safepoint: 4321 ns, At safepoint: 123 ns, Total: 4444 ns
-XX:+UseG1GC -XX:MaxGCPauseMillis=200 -XX:+PrintGCDetails -Xloggc:/opt/logs/gc-%t.log
-XX:FlightRecorderOptions=stackdepth=128 -XX:StartFlightRecording=name=x,settings=default
-Djavax.net.ssl.trustStore=/etc/ssl/cacerts -Djavax.net.ssl.keyStoreType=PKCS12
-Datlassian.password.reset.time.limit=24 -Dtoken.store.size=5000 -Dpassword.min.length=12
java.vm.specification.name=Java Virtual Machine Specification
java.security.manager=allow
sun.gc.collector.0.name=G1 young collection pauses
sun.rt.javaCommand=org.apache.catalina.startup.Bootstrap start
keytool -list -keystore /etc/ssl/cacerts
2024-01-01 10:00:00,123 WARN [http-nio-8090-exec-1] [atlassian.seraph.auth.DefaultAuthenticator] login password expired for account
2024-01-01 10:00:00 ERROR Password has expired, please reset your password
2024-01-01 10:00:00 INFO  c.e.security.AccessToken : Refreshing access token
2024-01-01 10:00:00 ERROR com.example.InvalidTokenException: Unexpected token '<' at position 5
Unexpected token: } at line 5
Encountered unexpected token: "foo" while parsing
lock=true
passwordEncoder: bcrypt
passwordEncoderClass=org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder
tokenizer: whitespace
tokenType=Bearer
max_tokens: 4096
secretName: db-credentials-ref
casefile agent --allow-credential env:DB_LOGIN --allow-credential file:/etc/casefile/db
"credential": "file:/etc/casefile/db-login"
secretKeyRef:
imagePullSecrets:
password=${DB_PASSWORD}
password: *****
password=
<property name="hibernate.connection.password">${db.password}</property>
"password": null,
requirePassword=true
password: false
PWD=/opt/atlassian/confluence
OLDPWD=/root
<Resource name="jdbc/confluence" auth="Container" type="javax.sql.DataSource" maxTotal="60"/>
<Connector port="8090" maxThreads="48" acceptCount="10" connectionTimeout="20000"/>
jdbc:postgresql://db.example.com:5432/confluence?ssl=true&loginTimeout=10
http://confluence.example.com:8090/rest/api/content?expand=body.storage
see https://confluence.atlassian.com/doc/garbage-collector-performance-issues-1044.html#x@y
mailto:bob@example.com http://example.com:8080/path/@user
file:///opt/atlassian/confluence/lib/x.jar
Members {size:3, ver:3} [ Member [10.0.0.1]:5801 - 6c1f0a5e-1111-2222-3333-444455556666 this ]
confluence.cluster.name=prod confluence.cluster.peers=10.0.0.1,10.0.0.2
license: Apache License 2.0
public key: ssh-ed25519 is accepted
primaryKey=id foreignKey=space_id cacheKey=page-4711
Map<Token, Integer> counts = new HashMap<>();
if (password == null || token != null) {
password != null
Basic authentication is enabled, Digest algorithm SHA-256 selected
Basic settings and Bearer of news
cookie processing: enabled
authentication: LDAP
authorization: enabled
the FUNC(abcdefghijk) call and ENC(x)
com.example.Foo::token
Timezone Asia/Kolkata, region asia-northeast1-a
# num instances bytes class: 12: 4711 113064 com.example.Token
a user: unknown was here
eyJhbGc is no token by itself
hint: pass the option and by-pass the cache: done
compass: north
sun.misc.Unsafe.park(Native Method)
password.expiry.days=30
password.min.length = 12
token.timeout=3600000
secret.rotation.hours: 720
credentials.cache.size=5000
apikey.header.name=X-API-Key
bind timeout 30, login timeout 10 password attempts 3
the password is wrong, the token was refused
password policy: at least 12 characters
mysql-connector-j-8.0.33.jar /usr/bin/mysql -u root -h db confluence
redis-cli -h cache -p 6379 ping
ldapsearch -x -H ldap://dc.example.com -b dc=example
grant identified subjects only
bypass: 10 requests
login bob from 10.0.0.1
List<Token>
disk-anti-affinity task-projection-1 risk-service
https://confluence.example.com/login.action?os_destination=%2Fpages%3FpageId%3D123%26x%3D1
password for bob: authentication failed after 3 attempts
token for user at 2026-11-28T10:15:30.123Z: expired
passwords[index] = entries[i]
queue[token-worker-3]: 17 waiting
http-nio-8090-exec-12 (token)
waiting for the password of account service-2
error code: E1234X5678 retry code 17
thread pool-3-thread-7 is the token refresher
org.example.Cipher2.init4x(Password)
cache key is 4711, primary key is id_1
license key for confluence: not set
0x00007f8a1c0aaab0 JavaThread "C2 CompilerThread0" daemon [_thread_blocked, id=4711, stack(0x00007f8a,0x00007f8b)]
`, "\n"), "\n")

func TestInnocent(t *testing.T) {
	if len(innocent) < 60 {
		t.Fatalf("only %d lines", len(innocent))
	}
	for _, line := range innocent {
		if got := scrub(t, nil, Text, line); got != line {
			t.Errorf("changed\n%s\nto\n%s", line, got)
		}
	}
	all := strings.Join(innocent, "\n")
	if got := scrub(t, nil, Text, all); got != all {
		t.Error("changed as one text")
	}
}

// Settings about secrets are no secrets, in every kind of document.
func TestInnocentDocuments(t *testing.T) {
	for _, d := range []struct{ kind, text string }{
		{"properties", "password.expiry.days=30\ntoken.timeout=3600000\nsession.timeout=1800\npassword.encoder=bcrypt\npassword.attempts.max=5\n"},
		{"yaml", "password:\n  expiryDays: 30\n  policy: strict\nsecrets:\n- name: regcred\ntokenTimeout: 3600\nmap: {\n  a: 1,\n  b: [x,\n y]\n}\n- value: 5\n- name: DB_PASSWORD\n"},
		{"json", `{"password":{"expiryDays":30,"policy":"strict"},"secrets":[{"name":"regcred"}],"auth":"basic","tokenTimeout":3600,"auths":2}`},
		{"xml", `<Server><Connector port="8443" keystoreFile="/k.jks" keystoreType="JKS"/><password-policy><days>30</days></password-policy></Server>`},
		{"text", "export DB_PASSWORD=\"$(cat /run/secrets/db)\"\nexport NOTE='it is\nfine'\nexport X=1\n<property name=\"hibernate.dialect\">\n  org.x.Dialect\n</property>\n"},
		{"environ", "PASSWORD_EXPIRY_DAYS=30\x00TOKEN_TIMEOUT=3600\x00"},
	} {
		want := strings.Replace(d.text, `"$(cat /run/secrets/db)"`, `"[redacted:password]"`, 1) // a command is not told from a value
		if got := scrub(t, nil, kindNamed(t, d.kind), d.text); got != want {
			t.Errorf("%s:\n got %s\nwant %s", d.kind, got, want)
		}
	}
}

// corpus finds the shared test input next to the module.
func corpus(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			if root := filepath.Join(dir, "..", "shared", "corpus"); dirExists(root) {
				return root
			}
		}
		dir = filepath.Dir(dir)
	}
	t.Skip("no shared corpus next to the module")
	return ""
}

func dirExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Real dumps and logs hold few secrets: at most a line in ten thousand may change.
func TestCorpusPasses(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the corpus")
	}
	lines, changed := 0, 0
	err := filepath.WalkDir(corpus(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".md") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil || bytes.IndexByte(b[:min(len(b), 4096)], 0) >= 0 {
			return err
		}
		out := []byte(scrub(t, nil, Text, string(b)))
		lines += bytes.Count(b, []byte("\n"))
		if !bytes.Equal(out, b) {
			changed += showChanges(t, filepath.Base(path), b, out)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d lines changed", changed, lines)
	if changed*10000 > lines {
		t.Errorf("%d of %d lines changed", changed, lines)
	}
}

func showChanges(t *testing.T, name string, before, after []byte) int {
	old, now := bufio.NewScanner(bytes.NewReader(before)), bufio.NewScanner(bytes.NewReader(after))
	old.Buffer(nil, 1<<24)
	now.Buffer(nil, 1<<24)
	n := 0
	for old.Scan() && now.Scan() {
		if !bytes.Equal(old.Bytes(), now.Bytes()) {
			n++
			t.Logf("%s: %.300s\n  -> %.300s", name, old.Text(), now.Text())
		}
	}
	return n
}
