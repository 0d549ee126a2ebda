package redact

import (
	"bytes"
	"regexp"
)

// word is one word of a shell: the groups are what stands in quotes, and what stands without.
const word = `(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|([^\s"'|;&<>]+))`

// commandREs are the places in which commands and their configuration take a secret without naming it in a way that the
// other rules read. The groups are the secrets.
var commandREs = []*regexp.Regexp{
	regexp.MustCompile(`\b[\w.-]+:([^\s"']+)["']?\s*\|\s*(?:sudo\s+)?chpasswd`),
	regexp.MustCompile(`\b(?:echo|printf)\s+(?:-\w+\s+)?` + word + `\s*\|\s*(?:sudo\s+-S\b|(?:sudo\s+)?(?:passwd\b|[^|]*(?:--password-stdin|-passin stdin|--passphrase-fd 0)))`),
	regexp.MustCompile(`\biwconfig\s+\S+\s+key\s+s:(\S+)`),
	regexp.MustCompile(`\s["']?pass:([^\s"']+)`),
	regexp.MustCompile(`^\s*(?:requirepass|masterauth|bindpw|rootpw)\s+` + word + `\s*$`),
	regexp.MustCompile(`^\s*(?:(?:machine\s+\S+|default)\s+)?login\s+\S+\s+password\s+` + word),
	regexp.MustCompile(`(?i)(?:\b|\.)(?:(?:set|with)[a-z]*(?:password|passphrase|secret)|password|passphrase)\(\s*(?:'([^']+)'|"((?:[^"\\]|\\.)+)")\s*\)`),
}

var (
	setenvRE  = regexp.MustCompile(`^\s*setenv\s+([A-Za-z_][A-Za-z0-9_]*)\s+` + word)
	percentRE = regexp.MustCompile(`(?i)([A-Za-z0-9_.-]+)%3D((?:[^%&\s"'<>;]|%(?:[013-9a-f][0-9a-f]|2[0-57-9a-f]))+)`)
)

// commands finds them.
func commands(line []byte, report func(found)) {
	for _, re := range commandREs {
		for _, m := range re.FindAllSubmatchIndex(line, -1) {
			reportGroups(line, m[2:], report)
		}
	}
	for _, re := range []*regexp.Regexp{setenvRE, percentRE} { // key and value
		for _, m := range re.FindAllSubmatchIndex(line, -1) {
			if isSecretWord(line[m[2]:m[3]]) {
				reportGroups(line, m[4:], report)
			}
		}
	}
}

func reportGroups(line []byte, groups []int, report func(found)) {
	for g := 0; g+1 < len(groups); g += 2 {
		if start, end := groups[g], groups[g+1]; start >= 0 && start < end && !isPlaceholder(line[start:end]) {
			report(secretAt(start, end, "command", !bytes.ContainsAny(line[start:end], "$`")))
		}
	}
}
