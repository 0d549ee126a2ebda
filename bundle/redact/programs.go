package redact

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// program says where a program takes a secret on its command line.
type program struct {
	names   string // of the executables
	command string // the word that must follow, as in "vault login"; "" for none
	// options are those whose value is secret. How the value stands there:
	//   -p    attached, after = or in the next word
	//   -p_   only attached or after =
	//   -u:   the part after the first colon; likewise %, / and the comma
	//   -l=   the part after the first = of the value
	options string
	operand int // the operand that is secret, from 1; or last, or afterKey
}

const (
	last     = -1
	afterKey = -2 // what follows the name of a secret: config set password X
	batch    = -3 // with -b the third, or with -n the second: htpasswd -b FILE USER X
)

// programs is the table. Long options that name a secret are found by the rule option in any program.
var programs = []program{
	{names: "curl", options: "-u: --user: -U: --proxy-user: --pass --proxy-pass --tlspassword --oauth2-bearer"},
	{names: "wget xh", options: "-a: --auth:"},
	{names: "mysql mysqldump mysqladmin mysqlshow mysqlcheck mysqlimport mysqlpump mysqlsh mysqlbinlog mysqlslap " +
		"mariadb mariadb-dump mariadb-admin mariadb-check mariadb-import mariadb-backup xtrabackup", options: "-p"},
	{names: "psql pg_dump pg_restore pgbench createdb", options: "-p"},
	{names: "mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop", options: "-p"},
	{names: "redis-cli valkey-cli keydb-cli", options: "-a --pass"},
	{names: "zip unzip zipcloak", options: "-P"},
	{names: "7z 7za 7zr rar unrar", options: "-p_ -hp_"},
	{names: "sshpass", options: "-p"},
	{names: "docker podman buildah nerdctl skopeo crane oras", command: "login", options: "-p"},
	{names: "skopeo", options: "--creds: --src-creds: --dest-creds:"},
	{names: "helm", command: "registry", options: "-p"},
	{names: "vault bao", command: "login", options: "", operand: 1},
	{names: "az", command: "login", options: "-p"},
	{names: "kubectl oc k3s microk8s", options: "--from-literal="},
	{names: "oc", command: "login", options: "-p"},
	{names: "argocd cf ibmcloud gh glab rancher", command: "login", options: "-p"},
	{names: "htpasswd mosquitto_passwd", operand: batch},
	{names: "snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptable snmptrap", options: "-c -A -X"},
	{names: "ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd ldapcompare", options: "-w -s"},
	{names: "smbclient rpcclient smbget net winexe", options: "-U% --user%"},
	{names: "rabbitmqctl", command: "add_user", operand: 2},
	{names: "rabbitmqctl", command: "change_password", operand: 2},
	{names: "rabbitmqctl", command: "authenticate_user", operand: 2},
	{names: "rabbitmqadmin cqlsh nodetool jmxterm beeline stardog", options: "-p -pw"},
	{names: "bcp sqlcmd osql isql tsql fisql", options: "-P"},
	{names: "sqlplus sqlldr exp imp expdp impdp rman", options: "userid/", operand: 1},
	{names: "lftp", options: "-u,"},
	{names: "openssl", options: "-k -passin -passout -pass -K"},
	{names: "gpg gpg2", options: "--passphrase"},
	{names: "ssh-keygen", options: "-N -P"},
	{names: "ipmitool impitool ipmi-power", options: "-P -p"},
	{names: "mosquitto_pub mosquitto_sub mosquitto_rr", options: "-P"},
	{names: "mc", command: "alias", operand: 5},
	{names: "net", command: "use", operand: 3},
	{names: "net", command: "user", operand: 2},
	{names: "aws", command: "configure", operand: afterKey},
	{names: "npm yarn pnpm git pip composer poetry pulumi gcloud", command: "config", operand: afterKey},
	{names: "nuget", command: "setapikey", operand: 1},
	{names: "keytool", options: "-new -storepass -keypass -srcstorepass -deststorepass -srckeypass -destkeypass"},
	{names: "iscsiadm", options: "-v --value"},
	{names: "etcdctl", options: "--user:"},
	{names: "influx influxd", options: "-password -t"},
	{names: "twine", options: "-p"},
	{names: "usermod useradd chpasswd", options: "-p"},
	{names: "db2", command: "connect", operand: last},
	{names: "xfreerdp rdesktop", options: "/p: -p"},
	{names: "impala-shell hive spark-sql trino presto", options: "-p"},
	{names: "asadmin wlst jboss-cli jboss-cli.sh kcadm.sh kcadm add-user.sh", options: "-p"},
	{names: "mvn", options: "-emp -ep"},
	{names: "ansible ansible-playbook", options: "-k_"},
	{names: "wpa_passphrase", operand: 2},
	{names: "nmcli", operand: afterKey},
	{names: "http https", options: "-a: --auth:"},
	{names: "pk12util modutil signtool", options: "-W -K /p"},
	{names: "knife evil-winrm crackmapexec netexec nxc hydra medusa ncrack", options: "-P -p"},
	{names: "realm adcli", options: "-U%"},
	{names: "psexec psexec64 paexec schtasks", options: "-p /p /rp"},
	{names: "kadmin kadmin.local ldapvi", options: "-w -pw"},
	{names: "swaks sendemail", options: "-ap -xp"},
	{names: "mkpasswd", operand: 1},
	{names: "openssl", command: "passwd", operand: 1},
	{names: "caddy", command: "hash-password", options: "--plaintext -p"},
	{names: "redis-benchmark", options: "-a"},
	{names: "mycli pgcli litecli hdbsql exaplus cypher-shell neo4j-admin couchbase-cli cbbackupmgr cbimport cbq elasticsearch-users", options: "-p"},
	{names: "vsql nzsql mssql-cli", options: "-w -pw -P"},
	{names: "encrypt.sh encrypt.bat", options: "input"}, // Jasypt
	{names: "digest.sh digest.bat", operand: last},      // Tomcat
	{names: "vault.sh elytron-tool.sh", options: "-x --sec-attr -p"},
	{names: "mkstore", operand: last},
	{names: "security", options: "-w"},
	{names: "aws", command: "ssm", options: "--value"},
	{names: "az", command: "keyvault", options: "--value"},
	{names: "gh", command: "secret", options: "-b --body"},
	{names: "chamber", command: "write", operand: 3},
	{names: "rclone", command: "obscure", operand: 1},
	{names: "cf", command: "auth", operand: 2},
}

// userOptions take user:password in whatever program.
const userOptions = "-u: --user: --username: --credentials: --credential: --creds: --auth: --basic-auth: --basicauth: --proxy-user: --userpass: --login:"

var programsByName = func() map[string][]*program {
	byName := map[string][]*program{}
	for i := range programs {
		for name := range strings.FieldsSeq(programs[i].names) {
			byName[name] = append(byName[name], &programs[i])
		}
	}
	return byName
}()

// programWords are the names of programs as they stand before arguments, and the options of every program.
var programWords = func() []string {
	words := []string{"-u ", "-u\"", "-u'", "--user", "--cred", "--auth", "--basic", "--proxy-user", "--login", "chpasswd"}
	for name := range programsByName {
		words = append(words, name+" ", name+",", name+"\"")
	}
	slices.Sort(words)
	return words
}()

// argument is a word of a command line, and where it stands.
type argument struct {
	text  []byte
	start int
}

// argumentSecret is the part of a word that is secret.
type argumentSecret struct{ word, start, end int }

// programArguments finds secrets among the words of a command line.
func programArguments(words []argument) []argumentSecret {
	var list []argumentSecret
	for i := range words {
		list = append(list, optionSecrets(words[i:], userOptions, i)...)
	}
	for i, w := range words {
		for _, p := range programsByName[executable(w.text)] {
			rest := words[i+1:]
			if p.command != "" {
				if len(rest) == 0 || string(rest[0].text) != p.command {
					continue
				}
			}
			for j := range rest {
				list = append(list, optionSecrets(rest[j:], p.options, i+1+j)...)
			}
			list = append(list, p.operandSecret(rest, i+1)...)
		}
	}
	return list
}

func executable(word []byte) string {
	word = word[bytes.LastIndexAny(word, `/\`)+1:]
	return string(bytes.TrimSuffix(word, []byte(".exe")))
}

// optionSecrets looks for one of the options in the first word.
func optionSecrets(words []argument, options string, at int) []argumentSecret {
	word := words[0].text
	if len(word) < 2 {
		return nil
	}
	for option := range strings.FieldsSeq(options) {
		part := byte(0)
		switch c := option[len(option)-1]; c {
		case ':', '%', '/', ',', '=', '_':
			option, part = option[:len(option)-1], c
		}
		long := strings.HasPrefix(option, "--") || len(option) > 3
		start := 0 // of the value in this word
		switch {
		case string(word) == option || !long && bundled(word, option):
			if part == '_' || len(words) < 2 || len(words[1].text) == 0 || words[1].text[0] == '-' {
				continue
			}
			return valuePart(words[1].text, 0, part, at+1)
		case !bytes.HasPrefix(word, []byte(option)):
			continue
		case part == ':' && option[0] == '/' && word[len(option)] == ':':
			start, part = len(option)+1, 0
		case word[len(option)] == '=':
			start = len(option) + 1
		case long || part == ':' && len(words[0].text) == len(option)+1:
			continue
		default:
			start = len(option)
		}
		return valuePart(word, start, part, at)
	}
	return nil
}

// bundled reports whether a word is short options of which the last one is meant: -sSLu.
func bundled(word []byte, option string) bool {
	return len(option) == 2 && len(word) > 2 && len(word) <= 6 && word[0] == '-' && word[len(word)-1] == option[1] && option == "-u" &&
		len(bytes.Trim(word[1:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) == 0
}

// valuePart narrows the value that starts at start to what is secret in it.
func valuePart(word []byte, start int, part byte, at int) []argumentSecret {
	end := len(word)
	for start < end && (word[start] == '"' || word[start] == '\'') {
		start++
	}
	for end > start && (word[end-1] == '"' || word[end-1] == '\'') {
		end--
	}
	if part != 0 && part != '_' {
		n := bytes.IndexByte(word[start:end], part)
		if n < 0 || n == 0 && part != '=' || bytes.HasPrefix(word[start+n+1:end], []byte("//")) {
			return nil
		}
		start += n + 1
	}
	value := word[start:end]
	if len(value) == 0 || isPlaceholder(value) || isNumber(value) && len(value) <= 5 || value[0] == '$' && part != 0 || isPlainSetting(value) {
		return nil
	}
	return []argumentSecret{{at, start, end}}
}

// isPlainSetting reports whether an option's value is a file, a URL or a setting, which some programs take there.
func isPlainSetting(v []byte) bool {
	return bytes.HasPrefix(v, []byte("/")) && unixPathRE.Match(v) || bytes.Contains(v, []byte("://")) || bytes.HasPrefix(v, []byte("env:")) || bytes.HasPrefix(v, []byte("file:"))
}

// operandSecret finds the operand that is secret.
func (p *program) operandSecret(rest []argument, at int) []argumentSecret {
	if p.operand == 0 {
		return nil
	}
	wanted := p.operand
	if wanted == batch {
		wanted = batchOperand(rest)
	}
	n, found := 0, -1
	for i, w := range rest {
		if i == 0 && p.command != "" || len(w.text) == 0 || w.text[0] == '-' {
			continue
		}
		if bytes.ContainsAny(w.text, "|;<>") || bytes.Equal(w.text, []byte("&&")) || bytes.Equal(w.text, []byte("&")) {
			break
		}
		if n++; n == wanted || p.operand == last || p.operand == afterKey && i > 0 && isSecretWord(rest[i-1].text) {
			found = i
		}
		if found >= 0 && p.operand == afterKey {
			break
		}
	}
	if found < 0 || p.operand == last && n < 2 {
		return nil
	}
	word := rest[found].text
	switch {
	case strings.HasPrefix(p.names, "sqlplus"): // user/password@database
		slash := bytes.IndexByte(word, '/')
		if slash <= 0 {
			return nil
		}
		end := len(word)
		if n := bytes.LastIndexByte(word, '@'); n > slash {
			end = n
		}
		return valuePart(word[:end], slash+1, 0, at+found)
	}
	start := bytes.IndexByte(word, '=') + 1 // token=X
	if start > 0 && !isSecretWord(word[:start-1]) {
		return nil
	}
	return valuePart(word, start, 0, at+found)
}

// batchOperand is which operand is the password, 0 where it is asked for.
func batchOperand(rest []argument) int {
	given, operand := false, 3
	for _, w := range rest {
		if len(w.text) < 2 || w.text[0] != '-' {
			break
		}
		given = given || bytes.IndexByte(w.text, 'b') > 0
		if bytes.IndexByte(w.text, 'n') > 0 {
			operand = 2
		}
	}
	if !given {
		return 0
	}
	return operand
}

// shellWords cuts a line into the words a shell would see. A word that is quoted as a whole is given without its quotes.
func shellWords(line []byte) []argument {
	var words []argument
	for at := 0; at < len(line); {
		if c := line[at]; isSpace(c) || c == '[' || c == ',' || c == '(' {
			at++
			continue
		}
		start := at
		for at < len(line) && !isSpace(line[at]) && !(line[at] == ',' && (at+1 == len(line) || isSpace(line[at+1]) || line[at+1] == '"' || line[at+1] == '\'')) {
			if q := line[at]; q == '"' || q == '\'' {
				n := bytes.IndexByte(line[at+1:], q)
				if n < 0 || n > maxField {
					if at == start {
						start++
					}
					at++
					continue
				}
				if at == start && bytes.IndexByte(line[at+1:at+1+n], ' ') >= 0 { // a command line in quotes
					start++
					at++
					continue
				}
				at += n + 1
			}
			at++
		}
		word := line[start:min(at, len(line))]
		if n := len(word); n > 1 && (word[0] == '"' || word[0] == '\'') && word[n-1] == word[0] {
			word, start = word[1:n-1], start+1
		}
		for len(word) > 0 && (word[len(word)-1] == '"' || word[len(word)-1] == ']' || word[len(word)-1] == ')') && !balanced(word) {
			word = word[:len(word)-1]
		}
		words = append(words, argument{word, start})
	}
	return words
}

func balanced(word []byte) bool {
	switch word[len(word)-1] {
	case ']':
		return bytes.IndexByte(word, '[') >= 0
	case ')':
		return bytes.IndexByte(word, '(') >= 0
	}
	return bytes.Count(word, []byte{'"'})%2 == 0
}

// programsInText finds the secrets of command lines that stand in a text.
func programsInText(line []byte, report func(found)) {
	words := shellWords(line)
	for _, s := range programArguments(words) {
		from := words[s.word].start
		value := line[from+s.start : from+s.end]
		report(secretAt(from+s.start, from+s.end, "program", !bytes.ContainsAny(value, "$`")))
	}
}

// atWords are the at sign and the first letter of a host. Frames have a version after it, objects mostly a digit.
var atWords = func() (words []string) {
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		words = append(words, "@"+string(c))
	}
	return words
}()

var ipv4RE = regexp.MustCompile(`^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`)

// atHost finds the password in user:password@host without a scheme, as scp, rsync and many an own tool take it.
func atHost(line []byte, report func(found)) {
	for at := 1; at < len(line); at++ {
		if line[at] != '@' || at+1 == len(line) || !isLetter(line[at+1]) && !ipv4RE.Match(line[at+1:min(len(line), at+17)]) {
			continue
		}
		end := at + 1
		for end < len(line) && (isKeyByte(line[end])) {
			end++
		}
		host := line[at+1 : end]
		start := at
		for start > 0 && at-start < maxKey && !isSpace(line[start-1]) && bytes.IndexByte([]byte(`"'<>,;()[]/=`), line[start-1]) < 0 {
			start--
		}
		colon := bytes.IndexByte(line[start:at], ':')
		if colon <= 0 || isHash(host) || !bytes.Contains(host, []byte(".")) && !bytes.Equal(host, []byte("localhost")) && len(host) < 2 {
			continue
		}
		password := line[start+colon+1 : at]
		if isPlaceholder(password) || bytes.IndexByte(password, ':') >= 0 || wordlike(password) && !(looksChosen(password) && (isAddress(host) || dialRE.Match(line[at:]))) {
			continue
		}
		report(secretAt(start+colon+1, at, "user-at-host", true))
	}
}

// dialRE is a host as drivers of Go write it: user:X@tcp(db:3306)/d.
var dialRE = regexp.MustCompile(`^@(?:tcp|udp|unix)\d?\(`)

// isAddress reports whether a host has a domain, or is the address of one.
func isAddress(host []byte) bool { return bytes.IndexByte(host, '.') > 0 }

// isHash reports whether what follows an @ is the hash code of an object or the digest of an image.
func isHash(b []byte) bool {
	return len(bytes.Trim(b, "0123456789abcdef")) == 0 || bytes.HasPrefix(b, []byte("sha256")) || bytes.HasPrefix(b, []byte("sha512"))
}
