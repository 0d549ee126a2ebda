package redact

import (
	"regexp"
)

var (
	// sessionRE are parameters of a URL that carry a session or a grant.
	sessionRE = regexp.MustCompile(`(?i)(?:[?&;]|&amp;|%26|%3f)(?:php|asp|j)?(?:sid|session|sessid|sess|code|state|ticket|pgtid|pgtiou|key|auth|otp|assertion|client_assertion|nonce|hash|p|pw|t|k|st)(?:=|%3d)([^&\s"'<>#;]{8,})`)
	// sessionWords after which such an id stands in prose.
	spokenSessionRE = regexp.MustCompile(`(?i)\bsession(?:[ _-]?id)?\s*[:=#]?\s*["'\[(]?([A-Za-z0-9_.!-]{12,})`)
	samlRE          = regexp.MustCompile(`(?i)\bsaml(?:response|request|art)["']?(?:=|%3d|:\s*)["']?([A-Za-z0-9+/=%_-]{8,})`)
)

func sessions(line []byte, report func(found)) {
	for _, re := range []*regexp.Regexp{sessionRE, spokenSessionRE} {
		for _, m := range re.FindAllSubmatchIndex(line, -1) {
			if v := line[m[2]:m[3]]; looksSecret(v) {
				report(secretAt(m[2], m[3], "session", false))
			}
		}
	}
	for _, m := range samlRE.FindAllSubmatchIndex(line, -1) {
		report(secretAt(m[2], m[3], "session", false))
	}
}

const tomcatID = 32 // hexadecimal digits of a session id of Tomcat

// sessionColumn finds the session id that Tomcat's %S writes into an access log. Ids of traces are in small letters.
func sessionColumn(line []byte, report func(found)) {
	for at := 0; at < len(line); at++ {
		start := at
		letters := false
		for at < len(line) && (isDigit(line[at]) || line[at] >= 'A' && line[at] <= 'F') {
			letters = letters || !isDigit(line[at])
			at++
		}
		if at-start != tomcatID || !letters || start > 0 && joins(line[start-1]) || at < len(line) && (isLetter(line[at]) || line[at] == '_' || line[at] == '-') {
			continue
		}
		report(secretAt(start, at, "session", false))
	}
}
