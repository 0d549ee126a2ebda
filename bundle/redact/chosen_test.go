package redact

import (
	"strings"
	"testing"
)

// chosenSites are places in which only a name, and something else than = or :, says that a value of words and digits is a
// secret.
var chosenSites = []struct {
	kind Kind
	text string
}{
	{Text, "password ....... {X}"}, {Text, "password........: {X}"}, {Text, "| password | {X} |"}, {Text, "| db.password | {X} | set |"}, {Text, "10:00 INFO | db.password | {X} | set |"},
	{Text, "password [{X}]"}, {Text, "password <{X}>"}, {Text, "password ({X})"}, {Text, "password -> {X}"}, {Text, "password => {X}, user => bob"}, {Text, "password → {X}"}, {Text, "password\t{X}"}, {Text, "password            {X}"},
	{Text, "the password is {X}"}, {Text, "the password was {X}."}, {Text, "the password is \"{X}\"!"}, {Text, "Passwort lautet {X}"}, {Text, "Passwort ist {X}"}, {Text, "le mot de passe est {X}"}, {Text, "la contraseña es {X}"}, {Text, "a senha é {X}"},
	{Text, "hasło to {X}"}, {Text, "heslo je {X}"}, {Text, "het wachtwoord is {X}"}, {Text, "lösenordet är x, lösenord är {X}"}, {Text, "salasana on {X}"}, {Text, "password equals {X}"}, {Text, "client secret is {X}"}, {Text, "the API key is {X}"},
	{Text, "hibernate.connection.password {X}"}, {Text, "10:00 INFO hibernate.connection.password {X}"}, {Text, `"password -> {X}" #31 daemon prio=5`}, {Text, "passphrase {X}"}, {Text, "using password {X}"}, {Text, `using password "{X}" for bob`},
	{Text, "AUTH {X}"}, {Text, "AUTH default {X}"}, {Text, "C: AUTH {X}"}, {Text, `"redis AUTH {X}" #31 daemon prio=5`}, {Text, "x LOGIN bob {X}"},
	{Text, "GET /cb?code={X}&state=abc HTTP/1.1"}, {Text, "https://h/cb?code={X}"}, {Text, "GET /x?ticket={X} HTTP/1.1"}, {Text, "GET /x?otp={X} HTTP/1.1"},
	{Text, "password changed from old-5678 to {X}"}, {Text, "password changed from {X} to other-5678"}, {Text, "password for bob was changed from '{X}' to 'x'"}, {Text, "changed password from other-5678 to {X}."}, {Text, "set the password to {X}"},
	{Text, "password reset to {X}"}, {Text, "Passwort von bob wurde geändert von alt-1234 auf {X}"}, {Text, "password: other-5678 -> {X}"}, {Text, "password=other-5678 => {X}"}, {Text, "password has been set to {X}"},
	{Text, "password for bob is {X}"}, {Text, "password for bob: {X}"}, {Text, "password for bob -> {X}"}, {Text, "{X} is the password"}, {Text, "use {X} as password"},
	{Text, "psexec.py dom/bob:{X}@10.0.0.1"}, {Text, "dom/bob:{X}@10.0.0.1"}, {Text, "sync bob:{X}@files.example.com"}, {Text, "dsn bob:{X}@tcp(db:3306)/d"}, {Properties, "i.dsn=bob:{X}@tcp(db:3306)/d\n"}, {Properties, "h.auth.basic=bob:{X}\n"}, {YAML, "auth: bob:{X}/x\n"},
	{Text, "10:00 INFO p: &pw {X}\n10:00 INFO db:\n10:00 INFO   password: *pw\n"}, {Text, "INFO dump:\np: &any {X}\ndb:\n  password: *any\n"}, {Text, "p: &a1 \"{X}\"\nx: 1\nsecret: *a1\n"},
	{JSON, `{"auth":"{X}"}`}, {Text, `x {"auth":"{X}"} y`}, {Text, "java -Dhmac={X} Main"}, {Text, "-Dauth={X}"}, {YAML, "auth: {X}\n"}, {Properties, "hmac={X}\n"}, {XML, "<x><auth>{X}</auth></x>"},
	{Text, "Enter password:\n{X}\n"}, {Text, "10:00:01 INFO Enter password:\n10:00:01 INFO {X}\n"}, {Text, "10:00:01,123 INFO [main] c.e.Shell Enter password for bob:\n10:00:02,456 INFO [main] c.e.Shell {X}\n"},
	{Text, "[sudo] password for bob:\n{X}\n"}, {Text, "New passphrase: \n{X}\n"}, {Text, "Passwort:\n{X}\n"},
	{Text, "passwords:\n  - {X}\n  - other\n"}, {Text, "10:00:01 INFO passwords:\n10:00:01 INFO - {X}\n"}, {YAML, "passwords:\n  - {X}\n"}, {Text, "credentials:\n  main: {X}\n"}, {YAML, "credentials:\n  main: {X}\n"}, {JSON, `{"credentials":{"main":"{X}"}}`},
	{Text, "parola d'ordine: {X}"}, {Text, "clave de acceso: {X}"}, {Text, "code d'accès : {X}"}, {Text, "palavra-passe: {X}"}, {Text, "codice di accesso = {X}"}, {Text, "hasło dostępu: {X}"}, {Text, "Zugangscode: {X}"}, {Text, "kodeord: {X}"},
	{Text, "GET /query?u=bob&p={X}&q=1 HTTP/1.1"}, {Text, `headers ("password", "{X}")`}, {Text, "app.users=bob:{X},amy:{X}"}, {Text, "x users: bob:{X}"}, {Text, "login bob/{X}@db"}, {Text, `"connect bob/{X}@db" #31 daemon prio=5`},
	{Text, "binding name=password value=[{X}]"}, {Text, "name: password value: {X}"}, {Text, "$ echo {X} | passwd --stdin bob"}, {Text, "$ echo '{X}' | sudo -S ls"}, {Text, `echo -n "{X}" | docker login -u bob --password-stdin`},
	{Text, "$ rclone obscure {X}"}, {Text, "x --unlock-key {X} y"}, {Properties, "app.cred={X}\n"}, {Properties, "app.pw.primary={X}\n"}, {YAML, "password-secondary: {X}\n"}, {Properties, "product.key={X}\n"},
	{Text, "CREATE USER bob IDENTIFIED BY {X};"}, {Text, "password;{X}"},
}

func TestChosenValues(t *testing.T) {
	for _, site := range chosenSites {
		for _, v := range []string{"words-1234", "thistle-lantern2792", "Summer2026", "OtterMaple42"} {
			if out := scrub(t, nil, site.kind, strings.ReplaceAll(site.text, "{X}", v)); strings.Contains(out, v) {
				t.Errorf("%v: %q is left in %q", site.kind, v, out)
			}
		}
	}
}

// Less sure names are believed when a program made what they name.
func TestGeneratedValues(t *testing.T) {
	const v = "6f7ae8e69ea954778eb1a8336a970b2d"
	for _, text := range []string{"management.license=" + v, "GET /invite/" + v + " HTTP/1.1", "https://h/reset/password/" + v + "/x",
		`Digest username="u", response="` + v + `"`} {
		if out := scrub(t, nil, Text, text); strings.Contains(out, v) {
			t.Errorf("%q", out)
		}
	}
}

// What is written in quotes may be a phrase.
func TestPhrases(t *testing.T) {
	for _, site := range []string{`password="{X}"`, `password: "{X}"`, `password "{X}"`, `password '{X}'`, `the password is "{X}"`, `password -> "{X}"`, `| password | "{X}" |`, `passphrase ... '{X}'`,
		`password changed from "{X}" to "x"`, `{"password":"{X}"}`, `mysql --password "{X}" db`, `set the password to '{X}'`} {
		const phrase = "correct horse battery"
		if out := scrub(t, nil, Text, strings.ReplaceAll(site, "{X}", phrase)); strings.Contains(out, "horse") {
			t.Errorf("%q", out)
		}
	}
}

// prose says nothing secret, however near a name stands.
var prose = strings.Split(strings.Trim(`
the password is correct
app.license=commercial
license: Apache-2.0
salt=8
users: host1:8080,host2:8080
connect node01/10.0.0.1@db
GET /invite/new HTTP/1.1
GET /reset/password/confirm-your-new-address HTTP/1.1
echo done | sudo tee /etc/x
name=password value=[null]
the password is wrong
password is required
password expired
password is "required"
password 'must not be empty'
the password is too short (8)
password [optional]
password (optional)
password -> required
passphrase for key
password is md5
the password is stored as sha256
password as base64
password in utf-8
password is bcrypt-hashed
password hashed with PBKDF2WithHmacSHA256
password expires on 2026-11-28T10:00:00Z
password changed on 2026-11-28
password changed by user42
password changed from the web page to
password changed for account service-2
password of node01.example.com was changed
password from node01.example.com
password from ldap2
password to host-12
password check took 12ms
password policy level-3
password min. 12 characters, max. 64characters
password attempt 3 of 5
password reset link sent to bob42@example.com
password varchar2(64) not null
password | varchar(255) | not null
username, password, address1, phone2
select u.id, u.password, u.address1, u.line2 from users u
INSERT INTO users (id, password, address1) VALUES (?, ?, ?)
binding parameter [2] as [VARCHAR] - [null]
secret "db-credentials-v2" not found
secret db-credentials-v2 not found
credentials from vault-server-01
credential provider: oauth2
authentication with oauth2
auth=oauth2
auth: scram-sha-256
{"auth":"basic"}
{"auth":"oauth2"}
auth = ldap-server-2
AUTH failed
AUTH CRAM-MD5 DIGEST-MD5
AUTH CRAM-MD5
[AUTH] user42 logged in from 10.0.0.1
GET /x?code=404 HTTP/1.1
GET /x?code=error-12 HTTP/1.1
Enter password:
java.lang.IllegalStateException: no console
Password for bob:
at com.example.Console.readPassword(Console.java:12)
passwords:
  - see 12 lines below
credentials:
  type: oauth2
  region: eu-west-1
  store: vault-server-01
the PIN is checked in step-2
pin the thread to core-12
pin version to macos-10.15
token refresher thread-12 is waiting
worker:pool-12@10.0.0.1
seed node-12
"password-sync-12" #99 prio=5
`, "\n"), "\n")

func TestProseStays(t *testing.T) {
	for _, line := range prose {
		if got := scrub(t, nil, Text, line); got != line {
			t.Errorf("changed\n%s\nto\n%s", line, got)
		}
	}
	all := strings.Join(prose, "\n")
	if got := scrub(t, nil, Text, all); got != all {
		t.Errorf("changed as one text: %s", got)
	}
}

// What follows a password on a command line is evidence, and the password is learnt without it.
func TestOptionsAfterPasswordsStay(t *testing.T) {
	for _, line := range []string{"-Ddb.password={X} -Xmx1g", "java -Ddb.password={X} -Xmx1g -jar shop.jar", "run --password={X} prod node7", "INFO password={X} host alpha9 up"} {
		for _, value := range []string{"s3cr3t-Wj9xk2", "words-1234", "Tr@ubador7"} {
			s := NewSecrets()
			out := scrub(t, s, Text, strings.ReplaceAll(line, "{X}", value))
			_, after, _ := strings.Cut(line, "{X}")
			if strings.Contains(out, value) || !strings.HasSuffix(strings.TrimSpace(out), after) || s.Count() != 1 {
				t.Errorf("%q: %q, %d learnt", line, out, s.Count())
			}
		}
	}
}
