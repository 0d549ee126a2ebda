package redact

// Rule describes what one kind of replacement stands for.
type Rule struct {
	Name    string
	Doc     string
	Example string // a line in which the rule finds something
	group   group
	find    func(line []byte, report func(found)) // nil: found by the matcher of an earlier rule, or over several lines
}

// rules is the whole list, in the order in which they are tried. The name of a rule is in the marker that
// replaces a secret, so names are never changed.
var rules = []Rule{
	{"password", "value of a key that ends in password, passwd, pwd, passphrase, storepass, ...: key=value, key: value, JSON, YAML, XML, .properties, -Dkey=value",
		`-Djavax.net.ssl.keyStorePassword=hunter2x`, groupKey, keyValues},
	{"secret", "value of a key that ends in secret", `confluence.cluster.authentication.secret=6f1ed002`, groupKey, nil},
	{"token", "value of a key that ends in token", `GET /x?token=a1b2c3d4e5 HTTP/1.1`, groupKey, nil},
	{"api-key", "value of a key that ends in api key, access key, private key, signing key, ...", `AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG`, groupKey, nil},
	{"credential", "value of a key that ends in credential or credentials", `java.naming.security.credentials=S3cr3t!`, groupKey, nil},
	{"option", "value behind an option that names a secret", `mysqldump --password hunter2x db`, groupKey, optionPairs},
	{"command", "password in the short options of database and directory clients, in setenv, .netrc, redis.conf and nslcd.conf, in calls such as setPassword", `ldapsearch -D cn=admin -w hunter2x`, groupCommand, commands},
	{"xml", "content of an XML element or attribute that names a secret, in running text", `<property name="hibernate.connection.password">hunter2x</property>`, groupKey, xmlInText},
	{"name-value", "value beside a name that names a secret", `{"name":"DB_PASSWORD","value":"hunter2x"}`, groupKey, nameValuePairs},
	{"url-password", "password in a URL's user part, or a token alone there", `https://bob:hunter2x@example.com/`, groupURL, urlPasswords},
	{"jdbc", "password in an Oracle connect string", `jdbc:oracle:thin:scott/tiger1x@db:1521/x`, groupURL, pattern("jdbc", oracleRE)},
	{"authorization", "what follows the scheme in an Authorization header, Bearer and Basic anywhere", `Authorization: Basic Ym9iOmh1bnRlcjI=`, groupHeader, authorization},
	{"cookie", "values in Cookie and Set-Cookie headers, session ids anywhere", `Cookie: JSESSIONID=8F0A6B1C2D; a=b`, groupHeader, cookies},
	{"jwt", "JSON web token", `jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl sent`, groupToken, pattern("jwt", jwtRE)},
	{"aws-key", "AWS access key id, and the secret key beside it", `using AKIAIOSFODNN7EXAMPLE`, groupToken, pattern("aws-key", awsRE)},
	{"vendor-token", "token with its vendor's prefix: GitHub, GitLab, Slack, Atlassian, Google, Stripe, npm, ...", `push with glpat-aBcDeFgHiJkLmNoPqRsT`, groupToken, pattern("vendor-token", vendorRE)},
	{"signature", "signature of a pre-signed URL", `https://x.blob.core.windows.net/a?sv=2020&sig=aBcD%2F123456789`, groupToken, pattern("signature", sigRE)},
	{"private-key", "PEM or PuTTY private key, over many lines or in one", `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----`, groupPEM, pattern("private-key", pemLineRE)},
	{"sql-password", "quoted password in an SQL statement", `ALTER USER bob IDENTIFIED BY 'hunter2x'`, groupSQL, pattern("sql-password", sqlRE)},
	{"encrypted-value", "what Jasypt encrypted", `key=ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)`, groupEncrypted, pattern("encrypted-value", encRE)},
	{"licence", "Atlassian licence string, value of a licence key", `AAABSA0ODAoPeNqNkl1r2zAUhu/9KwS9dibZaZcFBEttQ7wlTpmd7WK7kOVTR8yRgiSH5t9XjrONjTF6e857Pp5XuqmHDm1Zj0iEMF7Gi2V8h1ZFhSKMSVAB1yAqeLMU/1bV5gn7CYI0KfYDZ4VmHGimFTDpghTOJ4oYwI4XpBm0sRzTWVR4ZjP6bFLwYOLqBKoQB0mWhkHTcxndxUV48LIWKWY4/zQGdgcrOxSezCDLa2s/X02ip`,
		groupLicence, pattern("licence", licenceRE)},
	{"kubernetes-secret", "value below data or stringData of a Kubernetes Secret", "", 0, nil},
	{"username", "user in a thread's name", `"http-nio-8090-exec-3 url: /x; user: bob" #31 daemon prio=5`, groupUser, threadUser},
	{"known", "a value known to be secret, wherever it stands and however it is encoded", "", 0, nil},
}

// Rules returns the list of rules.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// ruleNames repeats the names: the matchers in the table need them to know a marker.
var ruleNames = [...]string{
	"password", "secret", "token", "api-key", "credential", "option", "command", "xml", "name-value", "url-password", "jdbc", "authorization", "cookie", "jwt", "aws-key", "vendor-token", "signature", "private-key", "sql-password", "encrypted-value", "licence", "kubernetes-secret", "username", "known",
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
