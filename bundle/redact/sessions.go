package redact

import (
	"bytes"
	"regexp"
)

var (
	// sessionRE are parameters of a URL that carry a session or a grant.
	sessionRE = regexp.MustCompile(`(?i)(?:[?&;]|&amp;|%26|%3f)(?:php|asp|j)?(?:sid|session|sessid|sess|code|state|ticket|pgtid|pgtiou|key|auth|otp|assertion|client_assertion|nonce|p|pw)(?:=|%3d)([^&\s"'<>#;]{8,})`)
	// grantRE are those among them that carry nothing else.
	grantRE = regexp.MustCompile(`(?i)(?:[?&;]|&amp;|%26|%3f)(?:sid|session|sessid|sess|code|ticket|pgtid|pgtiou|auth|otp|assertion|client_assertion|pw)(?:=|%3d)([^&\s"'<>#;]{6,})`)
	// sessionWords after which such an id stands in prose.
	spokenSessionRE = regexp.MustCompile(`(?i)\bsession(?:[ _-]?id)?\s*[:=#]?\s*["'\[(]?([A-Za-z0-9_.!-]{12,})`)
	samlRE          = regexp.MustCompile(`(?i)\bsaml(?:response|request|art)["']?(?:=|%3d|:\s*)["']?([A-Za-z0-9+/=%_-]{8,})`)
)

func sessions(line []byte, report func(found)) {
	for _, re := range []*regexp.Regexp{sessionRE, spokenSessionRE} {
		for _, m := range re.FindAllSubmatchIndex(line, -1) {
			if v := line[m[2]:m[3]]; looksGenerated(v) {
				report(secretAt(m[2], m[3], "session", false))
			}
		}
	}
	for _, m := range grantRE.FindAllSubmatchIndex(line, -1) {
		if looksChosen(line[m[2]:m[3]]) {
			report(secretAt(m[2], m[3], "session", false))
		}
	}
	for _, m := range samlRE.FindAllSubmatchIndex(line, -1) {
		report(secretAt(m[2], m[3], "session", false))
	}
}

const tomcatID = 32 // hexadecimal digits of a session id of Tomcat

// sessionColumn finds the session id that Tomcat's %S writes into an access log. Ids of traces are in small letters.
func sessionColumn(line []byte, report func(found)) {
	for at := tomcatID - 1; at < len(line); at += tomcatID { // an id covers one of these places
		if !isCapitalHex(line[at]) {
			continue
		}
		start, end := at, at
		for start > 0 && isCapitalHex(line[start-1]) {
			start--
		}
		for end < len(line) && isCapitalHex(line[end]) {
			end++
		}
		if end-start != tomcatID || len(bytes.Trim(line[start:end], "0123456789")) == 0 || start > 0 && joins(line[start-1]) ||
			end < len(line) && (isLetter(line[end]) || line[end] == '_' || line[end] == '-') {
			continue
		}
		report(secretAt(start, end, "access-log", false))
	}
}

func isCapitalHex(c byte) bool { return isDigit(c) || c >= 'A' && c <= 'F' }
