package redact

import "sync"

// group is a set of rule families; a trigger word asks for some of them.
type group uint16

const (
	groupKey group = 1 << iota
	groupURL
	groupHeader
	groupToken
	groupPEM
	groupUser
	groupSQL
	groupEncrypted
	groupLicence
	groupCommand
)

// triggers are the words, in lower case, without which no rule can match: a line that holds none of
// them is passed on without a closer look. That is nearly every line of a dump or log.
var triggers = []struct {
	group group
	words []string
}{
	{groupKey, []string{
		"pass", "pwd", "pw=", "pw:", "pw\"", "pw ", "pswd", "psswrd", "kennwort", "secret", "token", "credential", "creds",
		"key=", "key:", "key\"", "key'", "key\\", "key ", "key\t", "key>", "key]", "keyid", "key_id", "key-id", "keybase", "key_base",
		"apikey", "api_key", "api-key", "api.key", "key.", "key_", "licen", "signature", "sessionid", "session_id", "session-id", "sessid", "rememberme", "clear-text", "cleartext",
	}},
	{groupURL, []string{"://", "jdbc:oracle", "%3a%2f%2f"}},
	{groupHeader, []string{"authorization", "cookie", "bearer", "basic ", "digest ", "x-auth", "curl "}},
	{groupToken, []string{
		"eyj", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "xox", "atatt3", "atctt3", "hooks.slack",
		"_live_", "_test_", "aiza", "npm_", "hf_", "sig=", "dop_v1_", "sg.", "hvs.", "hvb.", "age-secret-key",
		"sk-ant-", "sk-proj-", "sk-svcacct-", "pypi-", "glsa_", "nrak-", "shpat_", "shpss_", "shpca_", "shppa_", "dckr_pat_", "signature=",
	}},
	{groupPEM, []string{"-----begin", "putty-user-key"}},
	{groupUser, []string{"user:", "username:"}},
	{groupSQL, []string{"identified ", "password '", "password \"", "password("}},
	{groupCommand, []string{"sqlplus ", "ldapsearch ", "ldapmodify ", "ldapadd ", "ldapdelete ", "ldapwhoami ", "mysql", "mariadb", "sshpass ", "sqlcmd ", "redis-cli ",
		"pass:", "setenv ", "requirepass", "masterauth", "bindpw", "rootpw", "login ", "%3d", "password(", "passphrase(", "secret("}},
	{groupEncrypted, []string{"enc("}},
	{groupLicence, []string{"aaab"}},
}

// automaton is an Aho-Corasick machine over lower-cased bytes: one table look-up a byte.
type automaton struct {
	class   [256]uint8
	classes int
	next    []uint16 // by state*classes+class; the high bit marks a state where a word ends
	groups  []group  // by state
}

const accepting = 0x8000

var triggerWords = sync.OnceValue(func() *automaton {
	a := &automaton{classes: 1}
	for _, t := range triggers {
		for _, w := range t.words {
			a.addClasses(w)
		}
	}
	a.build()
	return a
})

func (a *automaton) addClasses(word string) {
	for i := range len(word) {
		c := word[i]
		if a.class[c] != 0 {
			continue
		}
		a.class[c] = uint8(a.classes)
		if isLetter(c) {
			a.class[c&^0x20] = uint8(a.classes)
		}
		a.classes++
	}
}

func (a *automaton) newState() uint16 {
	a.groups = append(a.groups, 0)
	a.next = append(a.next, make([]uint16, a.classes)...)
	return uint16(len(a.groups) - 1)
}

// build makes the trie of all words, then fills its gaps breadth first with what the longest
// proper suffix would do.
func (a *automaton) build() {
	a.newState()
	for _, t := range triggers {
		for _, w := range t.words {
			state := uint16(0)
			for i := range len(w) {
				at := int(state)*a.classes + int(a.class[w[i]])
				if a.next[at] == 0 {
					to := a.newState()
					a.next[at] = to
				}
				state = a.next[at]
			}
			a.groups[state] |= t.group
		}
	}
	fail := make([]uint16, len(a.groups))
	var queue []uint16
	for c := range a.classes {
		if to := a.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		a.groups[state] |= a.groups[fail[state]]
		for c := range a.classes {
			at, back := int(state)*a.classes+c, int(fail[state])*a.classes+c
			if to := a.next[at]; to != 0 {
				fail[to] = a.next[back]
				queue = append(queue, to)
			} else {
				a.next[at] = a.next[back]
			}
		}
	}
	for i, to := range a.next {
		if a.groups[to] != 0 {
			a.next[i] |= accepting
		}
	}
}

// find returns the end of the first trigger word at or after from, and its groups; -1 when there is none.
func (a *automaton) find(b []byte, from int) (int, group) {
	state := 0
	classes, next := a.classes, a.next
	for i := from; i < len(b); i++ {
		to := next[state*classes+int(a.class[b[i]])]
		if to&accepting != 0 {
			return i + 1, a.groups[to&^accepting]
		}
		state = int(to)
	}
	return -1, 0
}

// all returns the groups of all trigger words in b.
func (a *automaton) all(b []byte) group {
	var g group
	state := 0
	for _, c := range b {
		to := a.next[state*a.classes+int(a.class[c])]
		g |= a.groups[to&^accepting]
		state = int(to &^ accepting)
	}
	return g
}
