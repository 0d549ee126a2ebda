package redact

// Rule describes what one kind of replacement stands for.
type Rule struct {
	Name    string // in the marker that replaces a secret, so it is never changed
	Doc     string
	Example string                                // a line in which the rule finds something
	words   []string                              // in lower case: one of them is in every line that the rule can match
	find    func(line []byte, report func(found)) // nil: found over several lines, or with another rule
	with    string                                // the rule whose find finds this too
}

// rules is the whole list, in the order in which they are tried.
var rules = []Rule{
	{
		Name: "password", find: keyed,
		Doc:     "value of a key that ends in password, passwd, pwd, passphrase, storepass, pin, ...: key=value, key: value, JSON, YAML, XML, .properties, -Dkey=value",
		Example: `-Djavax.net.ssl.keyStorePassword=hunter2x`,
		words: []string{"pass", "pwd", "pw=", "pw:", "pw\"", "pw ", "pswd", "psswrd", "kennwort", "clear-text", "cleartext", "licen",
			"sessionid", "session_id", "session-id", "sessid", "rememberme", "pin=", "pin:", "pin\"", "pin ", "pin'", "pin>", "pin)", "pin]", "psk", "otp",
			"contrasen", "pasahitza", "senha", "heslo", "haslo", "wachtwoord", "losenord", "adgangskode", "salasana", "parola", "parol", "sifre", "jelszo",
			"sandi", "khau", "lozinka", "geslo", "lykilord", "slaptazodis", "adgangsord", "fjalekalim", "clave",
			"kodeord", "losen", "zugangscode", "toegangscode", "losungswort", "contrasinal", "nenosiri", "laluan", "parole", "codice d", "codigo de",
			"code d'", "cle d'", "chiave d", "palavra", "palabra de", "chave de", "kod dost", "klucz dost"},
	},
	{
		Name: "secret", with: "password",
		Doc:     "value of a key that ends in secret",
		Example: `confluence.cluster.authentication.secret=6f1ed002`,
		words:   []string{"secret", "geheim", "segredo", "secrete", "mnemonic", "seed", "hmac=", "hmac:", "hmac\"", "sonar.login"},
	},
	{
		Name: "token", with: "password",
		Doc:     "value of a key that ends in token",
		Example: `GET /x?token=a1b2c3d4e5 HTTP/1.1`,
		words:   []string{"token", "keybase", "pat=", "pat:", "auth=", "auth:", "auth\"", "auth ", "authstring", "authcode", "auth_", "community", "samlre", "samlart", "signaturevalue", "_code", "code_verifier", "codeverifier", "devicecode", "authorizationcode", "oauthcode"},
	},
	{
		Name: "api-key", with: "password",
		Doc:     "value of a key that ends in api key, access key, private key, signing key, ...",
		Example: `AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG`,
		words: []string{"key=", "key:", "key\"", "key'", "key\\", "key ", "key\t", "key>", "key]", "key)", "keyid", "key_id", "key-id",
			"key_base", "apikey", "api_key", "api-key", "api.key", "key.", "key_", "signature"},
	},
	{
		Name: "credential", with: "password",
		Doc:     "value of a key that ends in credential or credentials",
		Example: `java.naming.security.credentials=S3cr3t!`,
		words:   []string{"credential", "creds"},
	},
	{
		Name: "option", with: "password",
		Doc:     "value after an option that names a secret",
		Example: `mysqldump --password hunter2x db`,
	},
	{
		Name: "xml", with: "password",
		Doc:     "content of an XML element or attribute that names a secret, in running text",
		Example: `<property name="hibernate.connection.password">hunter2x</property>`,
	},
	{
		Name: "name-value", with: "password",
		Doc:     "value next to a name that names a secret",
		Example: `{"name":"DB_PASSWORD","value":"hunter2x"}`,
	},
	{
		Name: "command", find: commands,
		Doc: "password in the short options of database and directory clients, in setenv, .netrc, redis.conf and nslcd.conf, " +
			"in calls such as setPassword",
		Example: `ldapsearch -D cn=admin -w hunter2x`,
		words: []string{"pass:", "iwconfig", "chpasswd", "| passwd", "| sudo", "|passwd", "|sudo", "-stdin", "-passin stdin", "-fd 0", "setenv ", "requirepass", "masterauth", "bindpw", "rootpw", "login ", "%3d", "password(",
			"passphrase(", "secret("},
	},
	{
		Name: "named", find: named,
		Doc:     "password next to its user in a query, a list of users or a login; token in the path of a page that takes one",
		Example: `GET /query?u=bob&p=hunter2x HTTP/1.1`,
		words: []string{"&p=", "&pw=", "&pass=", "/reset", "password/", "password-reset/", "passwordreset/", "/invit", "/activat", "/magic", "digest username", "login ", "logon ",
			"connect ", "(\"pass", "('pass", "(\"secret", "('secret", "users=", "users:", "users =", "users\""},
	},
	{
		Name: "program", find: programsInText, words: programWords,
		Doc:     "password among the arguments of a program that is known to take one there (programs.go), user:password after -u and its like",
		Example: `mysql -u root -phunter2x wiki`,
	},
	{
		Name: "user-at-host", find: atHost, words: atWords,
		Doc:     "password in user:password@host without a scheme",
		Example: `sync backup:hunt3r2x@files.example.com`,
	},
	{
		Name: "url-password", find: urlPasswords,
		Doc:     "password in a URL's user part, or a token alone there",
		Example: `https://bob:hunter2x@example.com/`,
		words:   []string{"://", "%3a%2f%2f"},
	},
	{
		Name: "jdbc", find: pattern("jdbc", oracleRE),
		Doc:     "password in an Oracle connect string",
		Example: `jdbc:oracle:thin:scott/tiger1x@db:1521/x`,
		words:   []string{"jdbc:oracle"},
	},
	{
		Name: "authorization", find: authorization,
		Doc:     "what follows the scheme in an Authorization header, Bearer and Basic anywhere",
		Example: `Authorization: Basic Ym9iOmh1bnRlcjI=`,
		words:   []string{"authorization", "bearer", "basic ", "basic:", "basic=", "basic\"", "digest ", "x-auth", "auth=", "auth:", "auth\"", "auth \"", "credentials "},
	},
	{
		Name: "cookie", find: cookies,
		Doc:     "values in Cookie and Set-Cookie headers",
		Example: `Cookie: JSESSIONID=8F0A6B1C2D; a=b`,
		words:   []string{"cookie"},
	},
	{
		Name: "jwt", find: pattern("jwt", jwtRE),
		Doc:     "JSON web token",
		Example: `jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl sent`,
		words:   []string{"eyj"},
	},
	{
		Name: "aws-key", find: pattern("aws-key", awsRE),
		Doc:     "AWS access key id, and the secret key next to it",
		Example: `using AKIAIOSFODNN7EXAMPLE`,
		words:   []string{"akia", "asia", "abia", "acca"},
	},
	{
		Name: "vendor-token", find: vendorTokens, words: shapeWords,
		Doc:     "token that is known by its vendor's prefix or shape (shapes.go, and the rule set of gitleaks in shapes_gitleaks.go)",
		Example: `push with glpat-aBcDeFgHiJkLmNoPqRsT`,
	},
	{
		Name: "signature", find: pattern("signature", sigRE),
		Doc:     "signature of a pre-signed URL",
		Example: `https://x.blob.core.windows.net/a?sv=2020&sig=aBcD%2F123456789`,
		words:   []string{"sig=", "signature="},
	},
	{
		Name: "private-key", find: pattern("private-key", pemLineRE),
		Doc:     "PEM or PuTTY private key, over many lines or in one",
		Example: `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----`,
		words:   []string{"-----begin", "putty-user-key", "$ansible_vault"},
	},
	{
		Name: "sql-password", find: sqlPasswords,
		Doc:     "password in an SQL statement: IDENTIFIED BY, PASSWORD, the values of an INSERT, keys of its functions",
		Example: `ALTER USER bob IDENTIFIED BY 'hunter2x'`,
		words: []string{"identified ", "password '", "password \"", "password(", "password =", "password=", "set password", "values", "value (", "_encrypt(", "_decrypt(",
			"crypt(", "passphrase(", "sp_addlogin", "sp_password", "sp_addlinkedsrvlogin"},
	},
	{
		Name: "protocol", find: protocols,
		Doc:     "password that a client says in a dialogue of SMTP, IMAP, POP3, FTP, NNTP, XMPP or Redis",
		Example: `a1 LOGIN bob hunter2x`,
		words: []string{"auth plain", "auth login", "auth xoauth2", "authenticate ", "sasl ", "mechanism=", " login ", "\"login ", "pass ", "authinfo ", "apop ",
			"identify ", "auth ", "ugfzc3dvcmq6", "\"auth\"", "auth\\r", "auth\r", "setuser ", "requirepass", "masterauth", "primaryauth"},
	},
	{
		Name: "session", find: sessions,
		Doc:     "session id, OAuth code, CAS ticket or SAML message in a URL",
		Example: `GET /callback?code=4x7Kq9ZtR2mW&state=1 HTTP/1.1`,
		words: []string{"sid=", "session=", "session id", "session:", "sessionid", "session_id", "session-id", "session \"", "session [", "sess=", "code=", "state=", "ticket=", "key=", "auth=", "otp=", "assertion=", "nonce=", "?p=", "&p=",
			"pw=", "%3d", "samlre", "samlart"},
	},
	{
		Name: "access-log", find: sessionColumn,
		Doc:     "session id in a column of an access log",
		Example: `10.0.0.1 - - "GET / HTTP/1.1" 200 12 8A6F0B1C2D3E4F5A6B7C8D9E0F1A2B3C`,
		words:   []string{"http/1", "http/2"},
	},
	{
		Name: "password-hash", find: pattern("password-hash", hashREs...),
		Doc:     "hash of a password (crypt, bcrypt, Argon2, PBKDF2, SCRAM, LDAP schemes), value encrypted for Spring Cloud, WebLogic or WebSphere",
		Example: `admin:$apr1$ab3kd8f1$Yw7TtXbd2H0kQ9r1sJ5aZ.`,
		words: []string{"$1$", "$2$", "$2a$", "$2b$", "$2x$", "$2y$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$apr1$", "$md5", "$sha1$", "$argon2", "$pbkdf2",
			"$scrypt", "$bcrypt", "{ssha", "{sha", "{smd5", "{md5}", "{crypt}", "{bcrypt}", "{pbkdf2", "{scrypt", "{argon2", "{noop}", "{cipher}",
			"{pkcs5s2}", "{aes", "{3des}", "{des", "{xor}", "pbkdf2_sha", "pbkdf2:sha", "scrypt:", "scram-sha-"},
	},
	{
		Name: "pgpass", find: pattern("pgpass", pgpassRE),
		Doc:     "password in a line of .pgpass",
		Example: `db.example.com:5432:wiki:bob:hunter2x`,
		words:   []string{":5432:", ":5433:", ":6432:", ":*:"},
	},
	{
		Name: "jwk", find: pattern("jwk", jwkRE),
		Doc:     "private member of a JSON web key",
		Example: `{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}`,
		words:   []string{`"d":`, `"d" :`, `"dp":`, `"dq":`, `"p":`, `"q":`, `"qi":`, `"k":`, `"k" :`, `\"d\"`, `\"k\"`, `\"p\"`, `\"q\"`},
	},
	{
		Name: "encrypted-value", find: pattern("encrypted-value", encRE),
		Doc:     "what Jasypt encrypted",
		Example: `key=ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)`,
		words:   []string{"enc("},
	},
	{
		Name: "licence", find: pattern("licence", licenceRE),
		Doc: "Atlassian licence string, value of a licence key",
		Example: `AAABSA0ODAoPeNqNkl1r2zAUhu/9KwS9dibZaZcFBEttQ7wlTpmd7WK7kOVTR8yRgiSH5t9XjrONjTF6e857Pp5XuqmHDm1Zj0iEMF7Gi2V8h1` +
			`ZFhSKMSVAB1yAqeLMU/1bV5gn7CYI0KfYDZ4VmHGimFTDpghTOJ4oYwI4XpBm0sRzTWVR4ZjP6bFLwYOLqBKoQB0mWhkHTcxndxUV48LIWKWY4/zQGdgcr` +
			`OxSezCDLa2s/X02ip`,
		words: []string{"aaab"},
	},
	{
		Name: "kubernetes-secret",
		Doc:  "value below data or stringData of a Kubernetes Secret",
	},
	{
		Name: "username", find: threadUser,
		Doc:     "user in a thread's name",
		Example: `"http-nio-8090-exec-3 url: /x; user: bob" #31 daemon prio=5`,
		words:   []string{"user:", "username:"},
	},
	{
		Name: "known",
		Doc:  "a value known to be secret, wherever it stands and however it is encoded",
	},
}

// ruleNames repeats the names of rules, whose finders need them to know a marker.
var ruleNames []string

func init() {
	for i := range rules {
		ruleNames = append(ruleNames, rules[i].Name)
	}
	keyedRule, protocolRule = ruleIndex("password"), ruleIndex("protocol")
}

// The rules whose secret may begin at the end of a line.
var keyedRule, protocolRule int

func ruleIndex(name string) int {
	for i := range rules {
		if rules[i].Name == name {
			return i
		}
	}
	panic("redact: no rule " + name)
}

const (
	markerStart = "[redacted:"
	markerEnd   = ']'
)

func marker(rule string) string { return markerStart + rule + string(rune(markerEnd)) }

// markerLen returns the length of the marker that b starts with, 0 when it starts with none.
// Only names of rules count: a secret that looks like a marker is not taken for one.
func markerLen(b []byte) int {
	if len(b) <= len(markerStart) || string(b[:len(markerStart)]) != markerStart {
		return 0
	}
	name := b[len(markerStart):]
	for _, rule := range ruleNames {
		n := len(rule)
		if len(name) > n && name[n] == markerEnd && string(name[:n]) == rule {
			return len(markerStart) + n + 1
		}
	}
	return 0
}
