package redact

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// canarySites are ways in which secrets are written, by subject. {X} is the secret, {G} one that only a
// program makes, {b64:TEXT} the base64 of a text.
var canarySites = []struct {
	subject string
	kind    Kind
	texts   []string
}{
	{"arguments of programs", Text, []string{
		"curl -u bob:{X} https://h/x", "curl -ubob:{X} https://h/x", "curl --user 'bob:{X}' https://h", "curl -U p:{X} -x h https://h", "curl --proxy-user p:{X} h",
		"curl -sSLu bob:{X} h", "wget --user bob --password {X} h", "wget --http-user=bob --http-passwd={X} h",
		"mysql -u root -p{X} db", "mysql -u root -p {X}", "mysqldump -p'{X}' db", "mariadb-dump -uroot -p{X} db", "/usr/bin/mysqladmin -h h -p{X} ping",
		"psql -h h -p {X} -U u db", "mongo h/db -u admin -p {X}", "mongosh -u admin -p{X}", "mongodump -u=admin -p={X}",
		"redis-cli -a {X} ping", "redis-cli -h h --pass {X}", "redis-cli --user u -a {X}", "zip -P {X} a.zip f", "unzip -P{X} a.zip", "7z x -p{X} a.7z", "sshpass -p {X} ssh h", "sshpass -p{X} scp a h:",
		"docker login -u bob -p {X} r.example.com", "docker login --username bob --password {X}", "podman login -p {X} r", "helm registry login r -u u -p {X}", "helm repo add x https://h --username u --password {X}",
		"vault login {X}", "vault login -method=userpass username=bob password={X}", "vault login token={X}", "az login --service-principal -u id -p {X} --tenant t",
		"kubectl create secret generic db --from-literal=user=bob --from-literal=value={X}", "kubectl create secret generic db --from-literal=k={X} -n x", "kubectl create secret docker-registry r --docker-password={X}",
		"kubectl create secret generic db --from-literal k={X}", "oc login -u bob -p {X} https://h", "oc login --token={X}", "htpasswd -b /etc/htpasswd bob {X}", "htpasswd -nbB bob {X}", "htpasswd -b /etc/htpasswd bob {X} && systemctl reload httpd", "htpasswd -b f bob {X} & wait", "snmpwalk -v2c -c {X} h", "snmpget -v3 -u u -A {X} -X x h",
		"ldapsearch -x -D cn=admin -w {X} -b dc=x", "ldapmodify -w{X} -f x", "smbclient //h/s -U bob%{X}", "mount -t cifs -o username=u,password={X} //h/s /m", "rabbitmqctl add_user bob {X}", "rabbitmqctl change_password bob {X}",
		"cqlsh h -u u -p {X}", "bcp t out f -U u -P {X}", "sqlcmd -U sa -P{X}", "isql -U u -P {X}", "sqlplus bob/{X}@db", "expdp bob/{X} full=y", "exp system/{X}@h file=x", "ftp: lftp -u bob,{X} h", "svn co --username u --password {X} h",
		"keytool -list -storepass {X} -keypass x", "openssl enc -aes-256-cbc -k {X}", "openssl rsa -passin pass:{X}", "gpg --batch --passphrase {X} f", "ssh-keygen -t rsa -N {X} -f k", "ipmitool -H h -U u -P {X} power status",
		"mosquitto_pub -h h -u u -P {X} -t t", "asadmin --user u --password {X}", "mc alias set s https://h AKEY {X}", "aws configure set aws_secret_access_key {X}", "etcdctl --user root:{X} get /", "influx -username u -password {X}", "net use z: \\\\h\\s {X} /user:bob",
		"twine upload -u u -p {X} d/*", "argocd login h --username u --password {X}", "echo bob:{X} | chpasswd", "usermod -p {X} bob", "db2 connect to x user u using {X}", "nmap --script x --script-args smbuser=u,smbpass={X}",
		"kinit --password {X}", "beeline -u jdbc:hive2://h -n u -p {X}", "clickhouse-client --password {X}", "rsync --password {X} a b", "java -jar x.jar -u bob:{X}", "java -jar x.jar --user bob:{X} run", "java -jar x.jar --user=bob:{X}",
		"java -jar x.jar --credentials bob:{X}", "java -jar sync.jar bob:{X}@db.internal", "sync backup:{X}@files.example.com /data", "java -Dx.pin={X} Main", "-Dcard.pin={X}", "-Dapp.passkey={X}", "-Dwifi.psk={X}", "-Dapp.pat={X}", "-Dsnmp.community={X}",
		"http -a bob:{X} GET h", "pk12util -i x -W {X}", "knife bootstrap -P {X} h", "realm join -U bob%{X} d", "psexec \\\\h -u bob -p {X} cmd", "kadmin -p a -w {X} -q x", "swaks --to a -ap {X}", "mosquitto_passwd -b f bob {X}", "mkpasswd {X}", "openssl passwd -6 {X}", "caddy hash-password --plaintext {X}",
		"redis-benchmark -a {X} -q", "mycli -u a -p{X} d", "cypher-shell -u a -p {X}", "vsql -U a -w {X}", "encrypt.sh input={X} password=x", "digest.sh -a SHA {X}", "elytron-tool.sh credential-store -x {X}", "mkstore -wrl /w -createCredential db u {X}", "security add-generic-password -a a -w {X}",
		"aws ssm put-parameter --name n --value {X}", "az keyvault secret set --name n --value {X}", "gh secret set N --body {X}", "chamber write svc key {X}", "cf auth bob {X}", "iwconfig wlan0 key s:{X}", "-Dsonar.login={X}",
	}},
	{"arguments of processes", Environ, []string{
		"java\x00-jar\x00x.jar\x00-u\x00bob:{X}\x00", "java\x00--user\x00bob:{X}\x00", "java\x00-jar\x00x\x00--user=bob:{X}\x00", "curl\x00-u\x00bob:{X}\x00http://h\x00", "mysql\x00-uroot\x00-p{X}\x00db\x00", "/usr/bin/mongo\x00-p\x00{X}\x00",
		"redis-cli\x00-a\x00{X}\x00", "sshpass\x00-p\x00{X}\x00ssh\x00h\x00", "docker\x00login\x00-u\x00b\x00-p\x00{X}\x00", "htpasswd\x00-b\x00f\x00bob\x00{X}\x00", "ldapsearch\x00-w\x00{X}\x00", "kubectl\x00create\x00secret\x00generic\x00x\x00--from-literal=a={X}\x00",
		"zip\x00-P\x00{X}\x00a\x00", "snmpwalk\x00-c\x00{X}\x00h\x00", "vault\x00login\x00{X}\x00", "java\x00-Dx.password=first\n{X}\x00-cp\x00x\x00", "java\x00-Dx.pin={X}\x00Main\x00", "java\x00x\x00bob:{X}@db.internal\x00", "java\x00Main\x00--password\x00first line\n{X}\x00-x\x00",
		"DB_PASSWORD=first\n{X}\x00A=b\x00", "A=1\x00DATABASE_URL=postgres://u:{X}@h/db\x00", "APP_CONFIG={\"db\":{\"password\":\"{X}\"}}\x00", "JAVA_TOOL_OPTIONS=-Dx=1 -Dapi.token={X} -Dy=2\x00", "PGPASSWORD={X}\x00", "REDISCLI_AUTH={X}\x00", "MYSQL_PWD={X}\x00", "VAULT_TOKEN={X}\x00", "NPM_AUTH=\x00X_AUTH={X}\x00",
		"OAUTH={\"client\":{\"id\":\"a\",\"secret\":\"{X}\"}}\x00",
	}},
	{"XML", XML, []string{
		"<!DOCTYPE x [\n<!ENTITY dbpass \"{X}\">\n]>\n<x><password>&dbpass;</password></x>", "<!DOCTYPE x [\n<!ENTITY p1 \"{X}\">\n<!ENTITY p2 'y'>]>\n<x><password>&p1;</password></x>", "<!DOCTYPE x [<!ENTITY p1 '{X}'>]>\n<x><r password=\"&p1;\"/></x>",
		`<beans><bean id="ds"><constructor-arg name="password" value="{X}"/></bean></beans>`, `<beans><bean id="ds"><constructor-arg name="password"><value>{X}</value></constructor-arg></bean></beans>`, `<beans><bean id="dbPassword" class="java.lang.String"><constructor-arg value="{X}"/></bean></beans>`,
		`<beans><bean id="dbPassword" class="java.lang.String"><constructor-arg><value>{X}</value></constructor-arg></bean></beans>`, `<map><entry key="password" value="{X}"/></map>`, `<map><entry><key><value>password</value></key><value>{X}</value></entry></map>`, `<map><entry key="api.token"><value>{X}</value></entry></map>`,
		`<map><entry><string>password</string><string>{X}</string></entry></map>`, `<dict><key>password</key><string>{X}</string></dict>`, `<credentials><main><value>{X}</value></main></credentials>`, `<password><plain>{X}</plain></password>`, `<credentials><credential><username>u</username><secret>{X}</secret></credential></credentials>`,
		`<secret><value><text>{X}</text></value></secret>`, `<server><id>r</id><username>u</username><password>{X}</password></server>`, `<a><param name="secret">{X}</param></a>`, `<c:password xmlns:c="x">{X}</c:password>`, `<a><init-param><param-name>clientSecret</param-name><param-value>{X}</param-value></init-param></a>`,
		`<web><resource-ref><name>password</name><desc>x</desc><value>{X}</value></resource-ref></web>`, `<a b="jdbc:mysql://u:{X}@h/d"/>`, `<tomcat-users><user name="a" password="{X}" roles="r"/></tomcat-users>`, `<a><setting password="{X}" /></a>`, `<a pin="{X}"/>`, `<a><contraseña>{X}</contraseña></a>`, `<x><auth>{b64:bob:{X}}</auth></x>`,
		`<samlp:Response><ds:SignatureValue>{X}</ds:SignatureValue></samlp:Response>`, `<a><property key="x.secret">{X}</property></a>`, `<a><set property="password" value="{X}"/></a>`, `<a><?php $password = "{X}"; ?></a>`, `<a><password xsi:type="x"><![CDATA[{X}]]></password></a>`,
	}},
	{"YAML", YAML, []string{
		"base: &pw {X}\ndb:\n  password: *pw\n", "db:\n  password: &pw {X}\nx: *pw\n", "? password\n: {X}\n", "? \"db password\"\n: {X}\n", "db:\n  ? password\n  : {X}\n", "credentials:\n  main: {X}\n", "passwords:\n  admin: {X}\n", "secrets:\n  db: {X}\n  other: x\n",
		"password: |-\n  {X}\n", "password: >+\n  {X}\n\nx: 1\n", "passwords:\n- {X}\n", "passwords: [{X}, b]\n", "\"db.password\": '{X}'\n", "db: {password: \"{X}\", user: u}\n", "db: {user: u,\n  password: {X}}\n", "- name: DB_PASSWORD\n  value: |\n    {X}\n", "- {name: API_TOKEN, value: {X}}\n", "password: !vault |\n  {X}\n",
		"apiVersion: v1\nkind: Secret\ndata:\n  any: {b64:{X}}\n", "kind: Secret\nstringData:\n  any: {X}\n", "apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  data:\n    any: {b64:{X}}\n", "kind: Secret\nstringData:\n  config.yaml: |\n    a: {X}\n", "token:\n  value: {X}\n", "tokens:\n  ci: {X}\n  cd: {X}\n", "x:\n  - password\n  - {X}\n",
		"auth: {b64:bob:{X}}\n", "command: [\"mysql\", \"-p{X}\"]\n", "args:\n- -u\n- bob:{X}\n", "args: [\"--password\", \"{X}\"]\n", "env:\n  DB_PWD: {X}\n", "password: \"\\\n  {X}\"\n", "пароль: {X}\n", "url: amqp://u:{X}@h/v\n", "secret: {cipher}{X}\n", "secret: '{cipher}{X}'\n", "any: '{cipher}{X}'\n",
	}},
	{"JSON", JSON, []string{
		`["password","{X}"]`, `{"params":[["password","{X}"],["user","bob"]]}`, `{"headers":[["X-Api-Key","{X}"]]}`, `{"headers":[{"key":"X-Api-Key","value":"{X}"}]}`, `{"password":["{X}"]}`, `{"credentials":{"main":"{X}"}}`, `{"passwords":{"admin":"{X}"}}`, `{"secrets":[{"name":"x","value":"{X}"}]}`,
		`{'password': '{X}'}`, `{"password": "{X}",}`, "{\"a\":1, // c\n\"password\": \"{X}\"}", `{password: "{X}"}`, `{"db":{"password":"{X}"`, "{\"password\":\n\"{X}\"", `{"name":"DB_PASSWORD","value":"{X}"`, `[{"name":"api_token","type":"s","value":"{X}"},]`, "{\"passwords\": [\n\"{X}\",\n",
		`{"auths":{"r":{"auth":"{b64:bob:{X}}"}}}`, `{"auths":{"r":{"identitytoken":"{X}"}}}`, `{"kty":"RSA","n":"abc","e":"AQAB","d":"{X}"}`, `{"keys":[{"kty":"oct","k":"{X}"}]}`, `{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"{X}"}`, `{"kty":"RSA","p":"{X}","q":"a"}`, `{"kind":"Secret","data":{"any":"{b64:{X}}"}}`, `{"kind":"List","items":[{"kind":"Secret","stringData":{"a":"{X}"}}]}`,
		`{"x":"{\"password\":\"{X}\"}"}`, `{"x":"{\"y\":\"{\\\"token\\\":\\\"{X}\\\"}\"}"}`, `{"args":["-u","bob:{X}"]}`, `{"args":["mysql","-p{X}"]}`, `{"cmd":"mysql -u r -p{X}"}`, `{"Password":{"Value":"{X}"}}`, `{"code_verifier":"{X}"}`, `{"refresh_token":"{X}"}`, `{"pin":"{X}"}`, `{"contrase\u00f1a":"{X}"}`, `{"private_key":"{X}"}`,
	}},
	{"properties", Properties, []string{
		"db.password={X}\n", "db.password: {X}\n", "db.pin={X}\n", "spring.cloud.x={cipher}{X}\n", "a=user\\:bob pass\\:{X}\n", "auth={b64:bob:{X}}\n", "jdbc=jdbc:oracle:thin:u/{X}@h:1:x\n", "пароль={X}\n", "kontrase\\u00f1a=x\ncontrase\\u00f1a={X}\n", "senha={X}\n", "has\\u0142o={X}\n", "cmd=mysql -p{X} db\n", "opts=-u bob:{X}\n",
		"secret.0={X}\nsecret.1={X}\n", "http.auth=bob:{X}\n", "api.basic=bob:{X}\n", "sasl.jaas.config=org.x.PlainLoginModule required username=\"u\" \\\n  password=\"{X}\";\n", "x.credentials=u:{X}\n", "wallet.seed={X}\n", "p\\u0061ssword={X}\n", "db.passphrase = {X}\n", "key.store.pass={X}\n", "x=https://h/?sid={X}\n",
	}},
	{"credential files", Text, []string{
		"db.example.com:5432:wiki:bob:{X}\n", "*:*:*:bob:{X}\n", "localhost:*:*:postgres:{X}\n", "bob:$apr1$abcdefgh${X}\n", "bob:{SHA}{X}=\n", "bob:$2y$05${X}{X}{X}{X}\n", "root:$6$saltsalt${X}{X}{X}{X}:19000:0:99999:7:::\n", "root:$y$j9T$abc${X}{X}\n", "u:$argon2id$v=19$m=1,t=2,p=1$abcd${X}\n", "admin:{bcrypt}$2a$10${X}{X}{X}{X}\n",
		"userPassword: {SSHA}{X}\n", "x {SSHA}{X}== y\n", "{cipher}{X}{X}\n", "hash {PKCS5S2}{X}{X}\n", "a {AES}{X}{X}=\n", "p {noop}{X}\n", "machine h login bob password {X}\n", "machine h\n  login bob\n  password {X}\n", "$ANSIBLE_VAULT;1.1;AES256\n61626364{HEX}\n", "pbkdf2_sha256$260000$abcd${X}{X}=\n", "SCRAM-SHA-256$4096:{X}{X}$a:b\n", "//r.npmjs.org/:_authToken={X}\n", "_auth={b64:bob:{X}}\n", "https://bob:{X}@git.example.com\n",
		"[client]\npassword={X}\n", "tomcat {xor}{X}{X}=\n",
	}},
	{"SQL", Text, []string{
		"CREATE USER bob IDENTIFIED BY '{X}'", "CREATE USER bob IDENTIFIED BY {X};", `ALTER USER bob IDENTIFIED BY "{X}" ACCOUNT UNLOCK`, "SET PASSWORD FOR bob = '{X}'", "SET PASSWORD = '{X}'", "SET PASSWORD FOR 'bob'@'h' = PASSWORD('{X}')", "ALTER ROLE bob WITH ENCRYPTED PASSWORD '{X}'", "CREATE LOGIN bob WITH PASSWORD = N'{X}'", "CREATE LOGIN bob WITH PASSWORD=N'{X}', DEFAULT_DATABASE=x",
		"INSERT INTO users (name, password) VALUES ('bob', '{X}')", "INSERT INTO users (id, name, api_token, x) VALUES (1, 'bob', '{X}', 3)", "insert into t(password,a) values('{X}','b')", "INSERT INTO users (name, password) VALUES ('a', 'b'), ('c', '{X}')", "UPDATE users SET password='{X}' WHERE id=1", "UPDATE users SET a=1, passwd = '{X}'", "SELECT pgp_sym_encrypt('data', '{X}')", "SELECT AES_DECRYPT(x, '{X}') FROM t", "SELECT crypt('{X}', gen_salt('bf'))", "GRANT ALL ON *.* TO 'u'@'h' IDENTIFIED BY '{X}'", "WHERE password = '{X}' AND x = 1", "ALTER USER bob PASSWORD '{X}'", "CREATE DATABASE LINK l CONNECT TO u IDENTIFIED BY {X} USING 'x'",
		"CHANGE MASTER TO MASTER_USER='u', MASTER_PASSWORD='{X}'", "2026-01-01 10:00:00 LOG:  statement: ALTER USER bob WITH PASSWORD '{X}';", "EXEC sp_addlogin 'bob', '{X}'", "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password '{X}')",
	}},
	{"protocols", Text, []string{
		"C: AUTH PLAIN {b64:\x00bob\x00{X}}", "> AUTH LOGIN {b64:{X}}", "DEBUG SMTP: AUTH LOGIN\nS: 334 UGFzc3dvcmQ6\nC: {b64:{X}}\n", "a1 LOGIN bob {X}", "A001 LOGIN \"bob\" \"{X}\"", "C: a2 AUTHENTICATE PLAIN {b64:\x00bob\x00{X}}", "--> PASS {X}", "USER bob\r\nPASS {X}\r\n", "ftp> PASS {X}", "2026-01-01 ftp: sending: PASS {X}", "redis> AUTH {X}", "AUTH default {X}", "1339518083.107412 [0 127.0.0.1:6379] \"AUTH\" \"{X}\"", "HELLO 3 AUTH default {X} SETNAME x", "CONFIG SET requirepass {X}", "ACL SETUSER bob on >{X} ~* +@all", "config set masterauth \"{X}\"", "*2\\r\\n$4\\r\\nAUTH\\r\\n$12\\r\\n{X}\\r\\n",
		"AUTHINFO PASS {X}", "C: APOP bob {X}", "PRIVMSG NickServ :IDENTIFY {X}", "ldap bind dn=cn=admin password={X}", "XMPP <auth mechanism='PLAIN'>{b64:\x00bob\x00{X}}</auth>", "SASL PLAIN {b64:\x00bob\x00{X}}",
	}},
	{"headers, URLs and columns", Text, []string{
		"Authorization: Basic {b64:bob:{X}}", "Authorization: Bearer {X}", "Proxy-Authorization: Basic {b64:bob:{X}}", "authorization=[Bearer {X}]", "WWW-Auth: {b64:bob:{X}}", "X-Auth: {X}", "X-Api-Key: {X}", "Cookie: a={X}; b=c", "Set-Cookie: sid={X}; Path=/", "GET /x;jsessionid={X}.node1?a=1 HTTP/1.1", "GET /x?sid={X}&a=1 HTTP/1.1", "GET /x?PHPSESSID={X} HTTP/1.1", "GET /x?session={X} HTTP/1.1", "GET /cb?code={X}&state=abc HTTP/1.1", "https://h/cb?state=x&code={X}", "GET /cas?ticket=ST-1-{X}{X}-cas HTTP/1.1", "ticket ST-12-{X}{X}-cas01 validated", "TGT-3-{X}{X}-h granted", "POST /acs SAMLResponse={b64:<samlp {X}>}&RelayState=x", "SAMLRequest={b64:<samlp {X}>}", "\"samlResponse\": \"{b64:<samlp {X}>}\"",
		"10.0.0.1 - bob [28/Nov/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 5 {SID}", "10.0.0.1 bob {SID} \"GET / HTTP/1.1\" 200", "10.0.0.1 - - [x] \"GET /x HTTP/1.1\" 200 12 \"-\" \"curl\" {SID}.node1", "session id: {G}", "sessionId={X}", "GET /x?access_token={X} HTTP/1.1", "GET /x?api_key={X}", "GET /x?key={G}&a HTTP/1.1", "GET /reset?t=1&resetToken={X} HTTP/1.1", "GET /x?pin={X} HTTP/1.1", "GET /?u=bob&p={X}&password={X} HTTP/1.1", "GET /x?os_password={X}%20 HTTP/1.1", "?X-Amz-Signature={X}&X-Amz-Credential=a", "GET /x?auth={X} HTTP/1.1", "id_token={X}", "device_code={X}", "GET /download?sig={X}{X} HTTP/1.1", "code_verifier={X}", "{\"kty\":\"RSA\",\"d\":\"{X}{X}\"}", "\"d\": \"{X}{X}{X}\",", "auth: {b64:bob:{X}}", "\"auth\":\"{b64:bob:{X}}\"", "credentials {b64:bob:{X}} used for basic",
	}},
	{"words and signs", Text, []string{
		"contraseña: {X}", "contrasena={X}", "senha={X}", "Senha: {X}", "heslo: {X}", "hasło={X}", "haslo: {X}", "пароль: {X}", "Пароль={X}", "密码: {X}", "密碼={X}", "密码：{X}", "パスワード: {X}", "パスワード：{X}", "비밀번호: {X}", "암호={X}", "wachtwoord={X}", "lösenord: {X}", "adgangskode={X}", "salasana: {X}", "parola: {X}", "şifre={X}", "jelszó: {X}", "mot de passe : {X}", "mot_de_passe={X}", "Passwort: {X}", "Kennwort={X}", "passord: {X}", "kata sandi: {X}", "mật khẩu: {X}", "सांकेतिक शब्द: x password: {X}", "סיסמה: {X}", "كلمة المرور: {X}", "κωδικός: {X}", "geheimnis={X}", "secreto: {X}", "clave={X}", "parol: {X}", "lozinka={X}", "geslo: {X}",
		"ｐａｓｓｗｏｒｄ＝{X}", "ｐａｓｓｗｏｒｄ：{X}", "password：{X}", "\x1b[32mpassword\x1b[0m: {X}", "\x1b[1mpassword\x1b[0m=\x1b[33m{X}\x1b[0m", "password\x1b[0m = {X}", "pass\u200bword: {X}", "password\u200b: {X}", "password:\u00a0{X}", "password\u00a0: {X}", "password:\u200b{X}", "\ufeffpassword={X}", "pass\u00adword={X}", "password ........ {X}", "password\t{X}", "db.password\t\t{X}", "password ..: {X}", "| password | {X} |", "| db.password   | {X} | x |", "password            {X}", "password -> {X}", "password => {X}", "password ==> {X}", "password → {X}", "password ⇒ {X}", "password » {X}", "password | {X}", "password := {X}", "password ~ {X}", "password to '{X}'", "password is {X}", "the password is: {X}", "using password {X}", "password \"{X}\"", "password '{X}'", "password ({X})", "password <{X}>", "password [{X}]", "password={X}", "PASSWORD = {X}", "p a s s w o r d: x password: {X}",
		"password-------> {X}", "password ---- {X}", "│ password │ {X} │", "password;{X}", "\"password\",\"{X}\"", "password,{X}",
	}},
	{"names that stand apart from their value", Text, []string{
		"password[0]={X}", "passwords[0].value: {X}", "config['db.password'] = {X}", "secrets[main]={X}", "tokens[\"ci\"]: {G}", "spring.x.password[1]={X}", "$cfg['a']['password'] = '{X}';",
		"ann / {G} (password)", "{G} (token)", "\"{G}\" [password]", "login ann {G} <secret>", "{X} is the password", "use {X} as password", "he gave {X} as the passphrase.", "ann, {G} (API key)",
		"secret key is {X}", "the API key is {X}", "access key was {X}", "secret key is: {X}", "pin code: {X}", "the encryption key \"{G}\"", "private key -> {X}", "pass phrase is {X}",
		"passphrase for key: {X}", "Enter passphrase for key '/root/.ssh/id_rsa': {X}", "password for bob: {X}", "password of user bob is {X}", "token for https://h:8080/x: {G}", "secret for client web = {X}",
		"API key for the mail service: {X}", "Password for 'https://bob@h': {X}", "password for bob -> {X}", "password of bob: \"{X}\"", "the password for db1 was {X}.", "new password for bob: {X}",
	}},
	{"several lines of a log", Text, []string{
		"2026-11-28 09:00:01 INFO [main] config: password: |\n2026-11-28 09:00:01 INFO [main] config:   {X}\n2026-11-28 09:00:01 INFO [main] config: user: x\n", "INFO dump:\n  password: |\n    {X}\n  user: x\n", "INFO dump:\n  passwords:\n    - {X}\n    - {X}\n  user: x\n", "10:00:01 INFO   passwords:\n10:00:01 INFO   - {X}\n10:00:01 INFO   - {X}\n10:00:01 INFO   x: y\n", "  password: >-\n    {X}\n", "password:\n  {X}\n", "\"password\":\n  \"{X}\"\n",
		"2026-11-28 09:00:01,001 INFO [main] -----BEGIN RSA PRIVATE KEY-----\n2026-11-28 09:00:01,001 INFO [main] MIIEpAIBAAKCAQEA{G}{G}{G}{G}\n2026-11-28 09:00:01,002 INFO [main] {G}{G}{G}{G}{G}\n2026-11-28 09:00:01,003 INFO [main] {G}=\n2026-11-28 09:00:01,003 INFO [main] -----END RSA PRIVATE KEY-----\n", "pod/a 1 | -----BEGIN PRIVATE KEY-----\npod/a 1 | {G}{G}{G}{G}{G}\npod/a 1 | {G}\npod/a 1 | -----END PRIVATE KEY-----\n", "<13>1 h app: -----BEGIN OPENSSH PRIVATE KEY-----\n<13>1 h app: {G}{G}{G}{G}{G}\n<13>1 h app: -----END OPENSSH PRIVATE KEY-----\n", "> -----BEGIN EC PRIVATE KEY-----\n> {G}{G}{G}\n> {G}==\n> -----END EC PRIVATE KEY-----\n",
		"INFO   <password>\nINFO     {X}\nINFO   </password>\n", "kind: Secret\ndata:\n  any: {b64:{X}}\n", "10:00 I kind: Secret\n10:00 I data:\n10:00 I   any: {b64:{X}}\n", "export DB_PASSWORD=\\\n  {X}\n", "{\n  \"name\": \"DB_PASSWORD\",\n  \"value\": \"{X}\"\n}\n", "- name: DB_PASSWORD\n  value: {X}\n", "10:00 I - name: DB_PASSWORD\n10:00 I   value: {X}\n", "<name>db.password</name>\n<value>{X}</value>\n",
		"INFO config {\"params\":[[\"password\",\"{X}\"]]}\n", "INFO x {\"kind\":\"Secret\",\"data\":{\"any\":\"{b64:{X}}\"}} y\n", "INFO {\"credentials\":{\"main\":\"{X}\"}}\n", "  - password\n  - {X}\n",
	}},
	{"thread names", Text, []string{
		`"poller password={X}" #31 daemon prio=5`, `"poller bob:{X}@db.internal" #31`, `"worker mysql -u r -p{X} db" #31`, `"worker -u bob:{X}" #31`, `"login AUTH {X}" #31`, `"conn {cipher}{X}{X}" #1`, `"exec GET /x?code={X}&a=1" #31`, `"пароль={X}" #1`, `"url: /x?session={X}; user: bob" #31`, `"pin={X}" #12`,
	}},
}

// canary makes a secret that no rule knows by its look.
func canary(r *rand.Rand) string {
	const letters, digits, all = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := []byte{letters[r.IntN(len(letters))], digits[r.IntN(len(digits))]}
	for range 10 {
		b = append(b, all[r.IntN(len(all))])
	}
	return string(b) + string(letters[r.IntN(len(letters))])
}

// chosenCanary makes a secret as people choose it.
func chosenCanary(r *rand.Rand) string {
	words := strings.Fields("otter maple brook copper lantern velvet saddle thistle walnut cobalt harbor meadow")
	word := func() string { return words[r.IntN(len(words))] }
	number := strconv.Itoa(1000 + r.IntN(9000))
	switch r.IntN(4) {
	case 0:
		return word() + "-" + number
	case 1:
		return word() + number
	case 2:
		return upperFirst(word()) + upperFirst(word()) + number
	}
	return word() + "-" + word() + number
}

// canaryShapes are how secrets look.
var canaryShapes = []struct {
	name string
	make func(*rand.Rand) string
}{{"generated", canary}, {"chosen", chosenCanary}}

// fill puts the secret into a site, and returns what must not be left of it.
func fill(site, secret string, r *rand.Rand) (text string, forms []string) {
	if strings.Contains(site, "{G}") {
		secret = canary(r)
		site = strings.ReplaceAll(site, "{G}", "{X}")
	}
	forms = []string{secret}
	text = strings.ReplaceAll(site, "{X}", secret)
	hex := strings.ToUpper(fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()))
	for _, mark := range []string{"{SID}", "{HEX}"} {
		if strings.Contains(text, mark) {
			text, forms = strings.ReplaceAll(text, mark, hex), []string{hex}
		}
	}
	for {
		start := strings.Index(text, "{b64:")
		if start < 0 {
			return text, forms
		}
		end := start + strings.IndexByte(text[start:], '}')
		packed := base64.StdEncoding.EncodeToString([]byte(text[start+len("{b64:") : end]))
		text = text[:start] + packed + text[end+1:]
		forms = append(forms, strings.TrimRight(packed, "="))
	}
}

// TestCanaries holds that no secret is left at any site.
func TestCanaries(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	total, left := 0, 0
	for _, subject := range canarySites {
		missed := 0
		for _, site := range subject.texts {
			for _, shape := range canaryShapes {
				total++
				text, forms := fill(site, shape.make(r), r)
				out := scrub(t, nil, subject.kind, text)
				for _, form := range forms {
					if strings.Contains(out, form) {
						missed++
						t.Errorf("%s: %q is left in %q", subject.subject, form, out)
						break
					}
				}
			}
		}
		left += missed
		t.Logf("%-28s %4d canaries, %d left", subject.subject, len(canaryShapes)*len(subject.texts), missed)
	}
	t.Logf("%d canaries, %d left", total, left)
}
