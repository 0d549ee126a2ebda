package redact

import (
	"bytes"
	"regexp"
	"strings"
)

const (
	minLearned       = 6    // shorter values occur by chance
	maxLearned       = 4096 // longer ones are files, not secrets; a PEM body is caught by its rule
	minLearnedDigits = 10   // shorter numbers are sizes, times and ids in every log
)

// commonWords are values that people do use as passwords, and that stand in every
// dump and log for other reasons. They are redacted behind a key but not searched for.
var commonWords = wordSet(`
	password passwd passphrase secret secrets changeit changeme change_me default admin administrator root
	manager guest public private example sample testing welcome qwerty letmein 123456 1234567 12345678 123456789
	localhost username database postgres postgresql oracle mysql mariadb sqlserver mssql redis rabbitmq
	confluence atlassian bitbucket bamboo crowd jira jirauser confluenceuser confuser synchrony hazelcast
	tomcat catalina spring hibernate jenkins elastic elasticsearch kafka solr keycloak grafana prometheus
	docker kubernetes service system server client cluster application production staging development
	java openjdk hotspot thread threads runnable waiting parking blocked locked object monitor native daemon
	string integer boolean double number buffer stream socket reader writer worker executor handler request
	response session cookie header bearer token tokens authentication authorization credential credentials
	disabled enabled unknown optional required container internal external redacted hidden masked
	undefined standard regular simple module package import static return public interface`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

var (
	// com.example.Name, java.lang.String: at least two dots-separated parts and a capital in the last.
	classNameRE = regexp.MustCompile(`^[a-z_][a-z0-9_]*(\.[a-z_][A-Za-z0-9_]*)*\.[A-Z][A-Za-z0-9_$]*$`)
	unixPathRE  = regexp.MustCompile(`^/[\w.@ -]+(/[\w.@ -]*)+$`)
	winPathRE   = regexp.MustCompile(`^[A-Za-z]:\\`)
	hostPortRE  = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*:\d{2,5}$`)
)

// worthLearning reports whether a value may be searched for in all evidence.
func worthLearning(v string) bool {
	switch {
	case len(v) < minLearned || len(v) > maxLearned,
		strings.TrimSpace(v) != v || strings.ContainsAny(v, "\r\n\x00"),
		commonWords[strings.ToLower(v)],
		len(v) < minLearnedDigits && strings.Trim(v, "0123456789.+-") == "",
		strings.Contains(v, markerStart),
		isPlaceholder([]byte(v)),
		classNameRE.MatchString(v), unixPathRE.MatchString(v), winPathRE.MatchString(v), hostPortRE.MatchString(v):
		return false
	}
	return true
}

// tooCommon reports whether a value that is not worth learning is one that somebody may have as a password all the same.
func tooCommon(v string) bool {
	return v != "" && len(v) <= maxLearned && !isPlaceholder([]byte(v)) && !strings.Contains(v, markerStart) && !(isNumber([]byte(v)) && len(v) <= 3)
}

// A value that stands in one block of text this often, not after its key, is a word of that text and no secret:
// fewer times for values that consist of words and numbers, for others only when they are short. Longer ones are looked
// for however often they occur.
const (
	oftenWord   = 20
	oftenShort  = 200
	shortSecret = 10 // bytes
)

// isTooOften reports whether so many places of one block speak against a value.
func isTooOften(value string, places int) bool {
	return places >= oftenWord && wordlike([]byte(value)) || places >= oftenShort && len(value) < shortSecret
}

var placeholderRE = regexp.MustCompile(`(?i)^(` + strings.Join([]string{
	`\$\{[^{}:]*\}`, `\$\{[^{}:]*:[-=]?\}`, `\$\{\{.*\}\}`, `\{\{.*\}\}`, `\{\d*\}`, `%[a-z_][a-z0-9_]*%`, `%[sdvq]`, `@[a-z_.-]+@`, `#\{.*\}`,
	`\$\([A-Z_][A-Z0-9_]*\)`, `<[a-z _-]*(hidden|redacted|masked|removed|sensitive|omitted|none|null|empty|unset|sanitized|protected)[a-z _-]*>`,
	`\[(redacted|hidden|masked|protected|filtered|sanitized|secure|removed)\]`, `\(?(null|nil|none|undefined|empty|unset|not set|n/a)\)?`,
	`true|false|yes|no|on|off`, `sanitized by .*`,
}, "|") + `)$`)

// referenceRE is where a secret lies, as casefile's own plans and ledger name it: a variable of the environment, a file.
var referenceRE = regexp.MustCompile(`^(?:env:[A-Z_][A-Z0-9_]*|file:(?:/[\w.@-]+){2,}/?)$`)

var shellVarRE = regexp.MustCompile(`^\$[A-Z_][A-Z0-9_]*$`)

// isPlaceholder reports whether a value stands for a secret without being one:
// nothing, a variable, a mask, a literal of a language, the place where one lies.
func isPlaceholder(v []byte) bool {
	v = bytes.TrimSpace(v)
	if len(bytes.Trim(v, `*.-_x•?"'\,;:()[]{}<>=&|+`)) == 0 {
		return true
	}
	return len(v) <= 200 && (placeholderRE.Match(v) || shellVarRE.Match(v) || referenceRE.Match(v))
}
