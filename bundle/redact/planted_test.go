package redact

import (
	"slices"
	"strings"
	"testing"
)

// plant is a realistic text; every occurrence of secret must be gone from it.
type plant struct{ kind, text, secret string }

var planted = slices.Concat(plantedPlain, plantedHard)

var plantedPlain = []plant{
	// Confluence, Jira, Tomcat
	{"xml", `<confluence-configuration><properties><property name="hibernate.connection.password">Pl4nt!d-01</property></properties></confluence-configuration>`, "Pl4nt!d-01"},
	{"xml", "<properties>\n<property name=\"atlassian.license.message\">AAABpl4nted02\nx2pl4nted02</property>\n</properties>", "pl4nted02"},
	{"xml", `<key-store name="a"><credential-reference clear-text="Pl4nt!d-cr"/></key-store>`, "Pl4nt!d-cr"},
	{"xml", "<credential-reference\n  clear-text='Pl4nt!d-c2'/>", "Pl4nt!d-c2"},
	{"text", `/subsystem=elytron/key-store=a:add(path=k.jks,credential-reference={clear-text=Pl4nt!d-c3},type=JKS)`, "Pl4nt!d-c3"},
	{"xml", `<p><property name="confluence.cluster.authentication.secret">Pl4nt!d-03</property></p>`, "Pl4nt!d-03"},
	{"xml", `<Context><Resource name="jdbc/x" auth="Container" password="Pl4nt!d&amp;04" username="conf"/></Context>`, "Pl4nt!d"},
	{"xml", "<Connector port=\"8443\"\n  keystoreFile=\"/k.jks\"\n  keystorePass='Pl4nt!d-05'\n/>", "Pl4nt!d-05"},
	{"xml", `<jira-database-config><jdbc-datasource><username>jira</username><password>Pl4nt!d-06</password></jdbc-datasource></jira-database-config>`, "Pl4nt!d-06"},
	{"xml", "<a><password>\n   Pl4nt!d-07\n</password></a>", "Pl4nt!d-07"},
	{"xml", `<properties><entry key="db.password">Pl4nt!d-08</entry></properties>`, "Pl4nt!d-08"},
	{"xml", `<Environment value="Pl4nt!d-09" type="java.lang.String" name="db/password"/>`, "Pl4nt!d-09"},
	{"xml", `<a><!-- <Resource password="Pl4nt!d-10"/> --></a>`, "Pl4nt!d-10"},
	{"xml", `<a><password><![CDATA[Pl4nt!d-11]]></password></a>`, "Pl4nt!d-11"},
	{"xml", `<configuration><property><name>fs.s3a.secret.key</name><value>Pl4nt!d-12</value></property></configuration>`, "Pl4nt!d-12"},
	{"xml", `<web-app><context-param><param-name>apiToken</param-name>  <param-value>Pl4nt!d-13</param-value></context-param></web-app>`, "Pl4nt!d-13"},
	{"xml", `<p><property name="url" value="jdbc:postgresql://db/c?user=c&amp;password=Pl4nt!d-14&amp;ssl=true"/></p>`, "Pl4nt!d-14"},
	{"xml", `<bean><property name="password" value="Pl4nt!d-15"/></bean>`, "Pl4nt!d-15"},
	{"xml", `<users><user username="bob" password="Pl4nt!d-16" roles="admin"/></users>`, "Pl4nt!d-16"},
	{"text", `      <property name="hibernate.connection.password">Pl4nt!d-17</property>`, "Pl4nt!d-17"},
	{"text", `<Resource driverClassName="org.postgresql.Driver" password="Pl4nt!d 18" />`, "Pl4nt!d"},
	// command lines and scripts
	{"text", `java -Xmx4g -Djavax.net.ssl.keyStorePassword=Pl4nt!d-19 -Djavax.net.ssl.trustStore=/x org.apache.catalina.startup.Bootstrap start`, "Pl4nt!d-19"},
	{"text", `export DB_PASSWORD="Pl4nt!d 20"`, "Pl4nt!d"},
	{"text", `CATALINA_OPTS="-Djasypt.encryptor.password=Pl4nt!d-21 ${CATALINA_OPTS}"`, "Pl4nt!d-21"},
	{"text", `export ATL_JDBC_PASSWORD=Pl4nt!d,22`, "Pl4nt!d"},
	{"text", `mysqldump --user=root --password=Pl4nt!d-23 confluence`, "Pl4nt!d-23"},
	{"text", `backup.sh --password Pl4nt!d-24 --target /x`, "Pl4nt!d-24"},
	{"text", `keytool -list -storepass Pl4nt!d-25 -keystore x.jks`, "Pl4nt!d-25"},
	{"text", `agent --token=Pl4nt!d-26 --verbose`, "Pl4nt!d-26"},
	{"text", `java -jar x.jar --spring.datasource.password=Pl4nt!d-27`, "Pl4nt!d-27"},
	{"text", `set CONFLUENCE_SECRET=Pl4nt!d-28`, "Pl4nt!d-28"},
	{"text", `curl -s -u admin:Pl4nt!d-29 http://localhost:8090/rest/api`, "Pl4nt!d-29"},
	{"text", `ARGS: '--api-key' 'Pl4nt!d-30'`, "Pl4nt!d-30"},
	// environments
	{"environ", "PATH=/bin\x00DB_PASSWORD=Pl4nt!d 31 and=more\x00HOME=/root\x00", "Pl4nt!d"},
	{"environ", "JAVA_OPTS=-Xmx1g -Dx.secret=Pl4nt!d-32\nAWS_SECRET_ACCESS_KEY=Pl4nt!d/32\n", "Pl4nt!d"},
	{"environ", "java\x00--password\x00Pl4nt!d-33\x00-jar\x00x.jar\x00", "Pl4nt!d-33"},
	{"text", `AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYPl4nt`, "wJalrXUtnFEMI"},
	{"text", `    DB_PASS: Pl4nt!d-35`, "Pl4nt!d-35"},
	// Spring, Kubernetes
	{"yaml", "spring:\n  datasource:\n    username: app\n    password: Pl4nt!d-36\n    url: jdbc:x\n", "Pl4nt!d-36"},
	{"yaml", "app:\n  secret: |\n    Pl4nt!d-37\n    more Pl4nt!d-37\n  name: x\n", "Pl4nt!d-37"},
	{"yaml", "env:\n- name: DB_PASSWORD\n  value: Pl4nt!d-38\n- name: OTHER\n  value: kept\n", "Pl4nt!d-38"},
	{"yaml", "apiVersion: v1\ndata:\n  anything: UGw0bnQhZC0zOQ==\nkind: Secret\n", "UGw0bnQhZC0zOQ"},
	{"yaml", "tokens:\n  - Pl4nt!d-40\n  - 'Pl4nt!d-40b'\n", "Pl4nt!d-40"},
	{"yaml", "db: {user: x, password: Pl4nt!d-41}\n", "Pl4nt!d-41"},
	{"yaml", "password:\n  Pl4nt!d-42\n", "Pl4nt!d-42"},
	{"yaml", "password: \"Pl4nt!d \\\n  Pl4nt!d-43\"\nx: 1\n", "Pl4nt!d-43"},
	{"yaml", "spring.datasource.password: ${DB_PASSWORD:Pl4nt!d-44}\n", "Pl4nt!d-44"},
	{"json", `{"spec":{"env":[{"name":"DB_PASSWORD","value":"Pl4nt!d-45"}]}}`, "Pl4nt!d-45"},
	{"json", `{"spec":{"env":[{"value":"Pl4nt!d-46","name":"DB_PASSWORD"}]}}`, "Pl4nt!d-46"},
	{"json", `{"a":{"password":"Pl4nt!d\"47","n":1}}`, "Pl4nt!d"},
	{"json", `{"body":"{\"password\":\"Pl4nt!d-48\"}"}`, "Pl4nt!d-48"},
	{"json", `{"spring.datasource.password":{"value":"Pl4nt!d-49","origin":"env"}}`, "Pl4nt!d-49"},
	{"json", `{"tokens":["Pl4nt!d-50","x"],"Env":["DB_PASSWORD=Pl4nt!d-50"]}`, "Pl4nt!d-50"},
	{"json", `{"kind":"Secret","data":{"x":"UGw0bnQhZC01MQ=="}}`, "UGw0bnQhZC01MQ"},
	{"json", `{"password":471147114711}`, "471147114711"},
	// properties
	{"properties", "db.password=Pl4nt!d-52 with space\n", "Pl4nt!d"},
	{"properties", "db.password : Pl4nt!d\\:53\n", "Pl4nt!d"},
	{"properties", "db.password Pl4nt!d-54\n", "Pl4nt!d-54"},
	{"properties", "db.password=abc\\\n   Pl4nt!d-55\nnext=1\n", "Pl4nt!d-55"},
	{"properties", "url=jdbc\\:postgresql\\://u\\:Pl4nt!d-56@h/db\n", "Pl4nt!d-56"},
	{"properties", "#db.password=Pl4nt!d-57\n", "Pl4nt!d-57"},
	{"properties", "jira.crowd.application.password\\=x=Pl4nt!d-58\nx.password=Pl4nt!d-58\n", "Pl4nt!d-58"},
	// logs
	{"text", `2024-01-01 10:00:00,123 INFO [main] Connecting to jdbc:postgresql://conf:Pl4nt!d-59@db:5432/c?user=u&password=Pl4nt!d-59&ssl=true`, "Pl4nt!d-59"},
	{"text", `WARN url=jdbc:sqlserver://h:1433;databaseName=c;user=sa;password=Pl4nt!d-60;encrypt=true`, "Pl4nt!d-60"},
	{"text", `jdbc:oracle:thin:scott/Pl4nt!d-61@//db:1521/x`, "Pl4nt!d-61"},
	{"text", `cloning https://bob:Pl4nt!d/62@git.example.com/x.git`, "Pl4nt!d/62"},
	{"text", `Authorization: Basic Ym9iOlBsNG50IWQtNjM=`, "Ym9iOlBsNG50IWQtNjM"},
	{"text", `{"Authorization":"Bearer Pl4ntd64abcdefghijklmnop"}`, "Pl4ntd64"},
	{"text", `> Authorization: Digest username="Mufasa", realm="x", nonce="Pl4nt65", response="Pl4nt65aa"`, "Pl4nt65"},
	{"text", `Cookie: JSESSIONID=Pl4nt66; seraph.confluence=1234%3APl4nt66; other=Pl4nt66`, "Pl4nt66"},
	{"text", `< Set-Cookie: JSESSIONID=Pl4nt67; Path=/; HttpOnly`, "Pl4nt67"},
	{"text", `10.0.0.1 "GET /login.action?os_username=bob&os_password=Pl4nt%21d-68&x=1 HTTP/1.1" 200`, "Pl4nt%21d-68"},
	{"text", `GET /a;jsessionid=PL4NT69AABBCCDDEEFF0011?x=1`, "PL4NT69"},
	{"text", "-----BEGIN RSA PRIVATE KEY-----\nMIIEPl4nt70\nQUFBPl4nt70\n-----END RSA PRIVATE KEY-----\n", "Pl4nt70"},
	{"text", `key="-----BEGIN PRIVATE KEY-----\nMIIEPl4nt71\n-----END PRIVATE KEY-----\n"`, "Pl4nt71"},
	{"text", `using AKIAPL4NT72EXAMPLE12 / wJalrXUtnMIK7MDENGbPxRfiCYEXAMPLEPL4NT72`, "PL4NT72"},
	{"text", `remote: ghp_Pl4nt73aaaaaaaaaaaaaaaaaaaaaaaaaaaaa rejected`, "Pl4nt73"},
	{"text", `slack xoxb-1234567890-Pl4nt74abcdef`, "Pl4nt74"},
	{"text", `sso eyJhbGciOiJIUzI1NiJ9.eyJQbDRudDc1IjoxfQ.Pl4nt75sig done`, "Pl4nt75"},
	{"text", `CREATE USER conf IDENTIFIED BY 'Pl4nt!d-76'`, "Pl4nt!d-76"},
	{"text", `User{name=bob, password=Pl4nt!d-77, mail=x}`, "Pl4nt!d-77"},
	{"text", `msg={\"password\":\"Pl4nt!d-78\",\"a\":1}`, "Pl4nt!d-78"},
	{"text", `params={os_password=[Pl4nt!d-79], x=[1]}`, "Pl4nt!d-79"},
	{"text", `secret => 'Pl4nt!d-80'`, "Pl4nt!d-80"},
	{"text", `API Key: Pl4nt!d-81`, "Pl4nt!d-81"},
	{"text", `"http-nio-8090-exec-3 url: /pages/x.action; user: pl4nt82" #31 daemon prio=5`, "pl4nt82"},
	{"text", `spring.datasource.password = Pl4nt!d-83`, "Pl4nt!d-83"},
	{"text", `x.password=ENC(Pl4nt84G6N718UuyPE5b)`, "Pl4nt84"},
	{"text", `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Pl4nt85abc==;EndpointSuffix=x`, "Pl4nt85"},
	{"text", `-Dldap.java.naming.security.credentials=Pl4nt!d-86`, "Pl4nt!d-86"},
	{"text", `VM Arguments: jvm_args: -Dhazelcast.group.password=Pl4nt!d-87 -Xss2m`, "Pl4nt!d-87"},
	{"text", `https://x.blob.core.windows.net/a?sv=2020&sig=Pl4nt88%2F123456789`, "Pl4nt88"},
	{"text", `X-Auth-Token: Pl4nt89aabbccdd`, "Pl4nt89"},
	{"text", `redis://:Pl4nt!d-90@cache:6379/0`, "Pl4nt!d-90"},
}

func kindNamed(t testing.TB, name string) Kind {
	t.Helper()
	for i, n := range kindNames {
		if n == name {
			return Kind(i)
		}
	}
	t.Fatalf("no kind %q", name)
	return Text
}

func scrub(t testing.TB, s *Secrets, kind Kind, text string) string {
	t.Helper()
	out, err := New(s).Bytes(kind, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestPlanted(t *testing.T) {
	for _, p := range planted {
		kind := kindNamed(t, p.kind)
		out := scrub(t, nil, kind, p.text)
		if strings.Contains(out, p.secret) {
			t.Errorf("%s: %q survives in\n%s\nof\n%s", p.kind, p.secret, out, p.text)
		}
		if !strings.Contains(out, markerStart) {
			t.Errorf("%s: no marker in %q", p.kind, out)
		}
		if again := scrub(t, nil, kind, out); again != out {
			t.Errorf("%s: scrubbed twice:\n%s\nonce:\n%s", p.kind, again, out)
		}
		if hits, err := New(nil).Check(kind, strings.NewReader(out)); len(hits) > 0 || err != nil {
			t.Errorf("%s: leak check of %q: %v, %v", p.kind, out, hits, err)
		}
		if hits, _ := New(nil).Check(kind, strings.NewReader(p.text)); len(hits) == 0 {
			t.Errorf("%s: leak check does not see %q", p.kind, p.text)
		}
	}
}

// A secret in a document must not take its neighbours with it.
func TestKeepsNeighbours(t *testing.T) {
	tests := []struct{ kind, text, want string }{
		{"xml", `<Resource auth="Container" password="hunter2x" username="conf" maxTotal="60"/>`, `<Resource auth="Container" password="[redacted:password]" username="conf" maxTotal="60"/>`},
		{"yaml", "a:\n  password: hunter2x # note\n  pool: 10\n", "a:\n  password: \"[redacted:password]\" # note\n  pool: 10\n"},
		{"yaml", "env:\n- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: password\n", "env:\n- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: password\n"},
		{"json", `{"password": "hunter2x", "pool": 10}`, `{"password": "[redacted:password]", "pool": 10}`},
		{"properties", "a=1\npassword=hunter2x\nb\\:c = 2\n", "a=1\npassword=[redacted:password]\nb\\:c = 2\n"},
		{"text", `jdbc:postgresql://db/c?user=u&password=hunter2x&ssl=true`, `jdbc:postgresql://db/c?user=u&password=[redacted:password]&ssl=true`},
		{"text", `Authorization: Bearer abcdefghijklmnop0123 next`, `Authorization: Bearer [redacted:authorization] next`},
		{"text", `Set-Cookie: JSESSIONID=ABCDEF; Path=/; HttpOnly`, `Set-Cookie: JSESSIONID=[redacted:cookie]; Path=/; HttpOnly`},
		{"text", `"http-nio-8090-exec-3 url: /x.action; user: bob" #31 daemon prio=5`, `"http-nio-8090-exec-3 url: /x.action; user: [redacted:username]" #31 daemon prio=5`},
		{"text", `User{name=bob, password=hunter2x, mail=x}`, `User{name=bob, password=[redacted:password], mail=x}`},
		{"text", "-----BEGIN PRIVATE KEY-----\nMIIE\nAAAA\n-----END PRIVATE KEY-----\nnext\n", "-----BEGIN PRIVATE KEY-----\n[redacted:private-key]\n-----END PRIVATE KEY-----\nnext\n"},
		{"text", "-----BEGIN PRIVATE KEY-----\nMIIE\n2024-01-01 INFO [main] a log goes on\n", "-----BEGIN PRIVATE KEY-----\n[redacted:private-key]\n2024-01-01 INFO [main] a log goes on\n"},
		{"text", `--set db.password=abcd,ef --set x=1`, `--set db.password=[redacted:password] --set x=1`},
		{"text", `PGPASSWORD=abc;PGUSER=x`, `PGPASSWORD=[redacted:password];PGUSER=x`},
		{"text", `bind failed password=Sec,ret99, retrying`, `bind failed password=[redacted:password], retrying`},
		{"text", `{db.user=x, db.password=, db.pool=10}`, `{db.user=x, db.password=, db.pool=10}`},
		{"text", `url=redis://user:p@ss:w0rd@host:6379`, `url=redis://user:[redacted:url-password]@host:6379`},
		{"text", `token = "abc"`, `token = "[redacted:token]"`},
		{"text", `GITLAB_TOKEN: abcdef`, `GITLAB_TOKEN: [redacted:token]`},
		{"yaml", "a:\n  - password: abc\n    b: 1\n", "a:\n  - password: \"[redacted:password]\"\n    b: 1\n"},
		{"yaml", "args:\n- --password\n- hunter2x\n- --pool\n- '10'\n", "args:\n- --password\n- \"[redacted:password]\"\n- --pool\n- '10'\n"},
		{"json", `{"args":["--password","hunter2x","--x","10"]}`, `{"args":["--password","[redacted:password]","--x","10"]}`},
		{"environ", "XDG_SESSION_ID=c12345\x00JAVA_VERSION=17\x00", "XDG_SESSION_ID=c12345\x00JAVA_VERSION=17\x00"},
		{"environ", "A=1\x00DB_PASSWORD=x y=z q\x00B=2\x00", "A=1\x00DB_PASSWORD=[redacted:password]\x00B=2\x00"},
	}
	for _, tt := range tests {
		if got := scrub(t, nil, kindNamed(t, tt.kind), tt.text); got != tt.want {
			t.Errorf("%s\n got %q\nwant %q", tt.kind, got, tt.want)
		}
	}
}
