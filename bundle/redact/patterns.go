package redact

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"regexp"
)

// In these expressions the groups are what is replaced.
var (
	oracleRE  = regexp.MustCompile(`(?i)jdbc:oracle:[a-z0-9]+:[^/\s"'@]+/(?:"([^"\s]+)"|([^@\s"']+))@`)
	jwtRE     = regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{5,}\.(?:[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)+|(?:\.[A-Za-z0-9_-]{5,}){2,}))`)
	awsRE     = regexp.MustCompile(`\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b(?:[\s"':,;=|/]{1,4}([A-Za-z0-9/+=]{40})\b)?`)
	sigRE     = regexp.MustCompile(`[?&;](?:sig=([A-Za-z0-9%+/=_-]{16,})|Signature=([A-Za-z0-9%+/=_-]{6,}))`)
	pemLineRE = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END|$)`)
	sqlRE     = regexp.MustCompile(`(?i)\b(?:identified\s+(?:with\s+\S+\s+)?(?:by|as)(?:\s+values|\s+password)?\s+|password\s+|password\()(?:'((?:[^'\\]|''|\\.)+)'|"((?:[^"\\]|""|\\.)+)")`)
	encRE     = regexp.MustCompile(`\bENC\(([A-Za-z0-9+/=_-]{8,})\)`)
	licenceRE = regexp.MustCompile(`\b(AAAB[A-Za-z0-9+/=\\]{96,})`)

	schemeRE = regexp.MustCompile(`(?i)\b(?:proxy-)?authorization(?:\\*["'])?\]?\s*(?:[:=]|=>)\s*[\\"'\[]*\s*(basic|bearer|digest|negotiate|ntlm|token|apikey|hmac|aws4-hmac-sha256|splunk|ssws|oauth|hawk|key)\s+([^\s"'\]<>\\][^\r\n]*)`)
	bareRE   = regexp.MustCompile(`(?i)\b(?:proxy-)?authorization(?:\\*["'])?\]?\s*[:=]\s*[\\"'\[]*\s*([A-Za-z0-9+/=._~-]{16,})`)
	bearerRE = regexp.MustCompile(`(?i)\bbearer(?:\s+|%20)([A-Za-z0-9._~+/=-]{16,})`)
	basicRE  = regexp.MustCompile(`(?i)\bbasic\s+([A-Za-z0-9+/_-]{6,}={0,2})`)
	curlRE   = regexp.MustCompile(`\bcurl\b.*?\s(?:-u|--user)[ =]?["']?[^\s:"']+:([^\s"']+)`)
	cookieRE = regexp.MustCompile(`(?i)\b(?:set-)?cookie2?(?:\\*["'])?\]?\s*(?:[:=]|=>)\s*[\\"'\[]*`)
	userRE   = regexp.MustCompile(`\buser(?:name)?:\s*([^\s";,\])][^";,\])\r\n]*)`)
	userLog  = regexp.MustCompile(`\burl:\s*\S+\s+user(?:name)?:\s*([^\s";,\])]+)`)
	schemeAt = regexp.MustCompile(`(?i)(?:[a-z][a-z0-9+.-]*)(?:://|%3a%2f%2f)`)
)

// pattern makes a matcher of an expression: all its groups are secrets of that rule.
func pattern(rule string, re *regexp.Regexp) func([]byte, func(found)) {
	return func(line []byte, report func(found)) {
		for _, m := range re.FindAllSubmatchIndex(line, -1) {
			for g := 2; g+1 < len(m); g += 2 {
				if m[g] >= 0 && m[g] < m[g+1] {
					report(secretAt(m[g], m[g+1], rule, rule == "jdbc" || rule == "sql-password"))
				}
			}
		}
	}
}

// maxField bounds how far a URL's user part or one cookie is followed, in bytes: a hostile line must not
// cost the square of its length.
const maxField = 4096

// urlPasswords finds the password in scheme://user:password@host. Passwords hold unescaped slashes and ats
// in practice, so the last at before the host counts.
func urlPasswords(line []byte, report func(found)) {
	for _, m := range schemeAt.FindAllIndex(line, -1) {
		rest := line[m[1]:min(len(line), m[1]+maxField)]
		if n := bytes.IndexAny(rest, " \t\r\n\"'<>`\x00|"); n >= 0 {
			rest = rest[:n]
		}
		if next := bytes.Index(rest, []byte("://")); next >= 0 {
			if cut := bytes.LastIndexAny(rest[:next], ",;"); cut >= 0 {
				rest = rest[:cut]
			}
		}
		user, pass, ok := splitUserInfo(rest)
		if !ok {
			continue
		}
		if pass < 0 { // no colon: https://<token>@host
			if looksRandom(rest[:user]) && user >= 16 {
				report(secretAt(m[1], m[1]+user, "url-password", true))
			}
			continue
		}
		if v := rest[pass:user]; !isPlaceholder(v) {
			report(secretAt(m[1]+pass, m[1]+user, "url-password", true))
		}
	}
}

// splitUserInfo returns the end of the user part (the at) and the start of the password, -1 without one.
func splitUserInfo(rest []byte) (at, pass int, ok bool) {
	authority := rest
	if n := bytes.IndexAny(rest, "/?#"); n >= 0 {
		authority = rest[:n]
	}
	colon := bytes.IndexByte(authority, ':')
	if at = bytes.LastIndexByte(authority, '@'); at >= 0 {
		if colon >= 0 && colon < at {
			return at, colon + 1, at > colon+1
		}
		return at, -1, at > 0
	}
	at = bytes.LastIndexByte(rest, '@')
	if colon < 0 || at < colon || isNumber(authority[colon+1:]) || len(authority) > 0 && authority[0] == '[' || at+1 >= len(rest) {
		return 0, 0, false
	}
	if c := authority[len(authority)-1]; c == ']' || c == ')' { // [host]:port lists
		return 0, 0, false
	}
	return at, colon + 1, true
}

func authorization(line []byte, report func(found)) {
	for _, m := range schemeRE.FindAllSubmatchIndex(line, -1) {
		end := m[5]
		if !bytes.EqualFold(line[m[2]:m[3]], []byte("digest")) && !bytes.EqualFold(line[m[2]:m[3]], []byte("oauth")) && !bytes.HasPrefix(bytes.ToLower(line[m[2]:m[3]]), []byte("aws4")) {
			if n := bytes.IndexAny(line[m[4]:end], " \t\"'\\,]}<>"); n >= 0 {
				end = m[4] + n
			}
		}
		end = trimEnd(line, m[4], end)
		learnBasic(line[m[4]:end], m[4], report)
		report(secretAt(m[4], end, "authorization", false))
	}
	for _, m := range bareRE.FindAllSubmatchIndex(line, -1) {
		if looksRandom(line[m[2]:m[3]]) {
			report(secretAt(m[2], m[3], "authorization", true))
		}
	}
	for _, m := range bearerRE.FindAllSubmatchIndex(line, -1) {
		if looksRandom(line[m[2]:m[3]]) {
			report(secretAt(m[2], m[3], "authorization", false))
		}
	}
	for _, m := range basicRE.FindAllSubmatchIndex(line, -1) {
		if user, _, ok := decodeBasic(line[m[2]:m[3]]); ok && user != "" {
			learnBasic(line[m[2]:m[3]], m[2], report)
			report(secretAt(m[2], m[3], "authorization", false))
		}
	}
	pattern("authorization", curlRE)(line, report)
}

// decodeBasic returns user and password of Basic credentials.
func decodeBasic(b []byte) (user, password string, ok bool) {
	raw, err := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(b, "=")))
	if err != nil {
		return "", "", false
	}
	before, after, ok := bytes.Cut(raw, []byte(":"))
	for _, c := range raw {
		if c < ' ' {
			return "", "", false
		}
	}
	return string(before), string(after), ok
}

// learnBasic teaches the password within Basic credentials; the finding covers no bytes.
func learnBasic(b []byte, at int, report func(found)) {
	if _, password, ok := decodeBasic(b); ok && password != "" {
		report(found{start: at, end: at, learn: true, value: password})
	}
}

var cookieAttributes = wordSet("path domain expires max-age samesite version secure httponly comment priority partitioned")

// cookies finds the values of the pairs in Cookie and Set-Cookie headers; names and attributes stay.
func cookies(line []byte, report func(found)) {
	done := 0
	for _, m := range cookieRE.FindAllIndex(line, -1) {
		if m[0] < done {
			continue
		}
		for at := m[1]; at < len(line); {
			end := min(len(line), at+maxField)
			if n := bytes.IndexAny(line[at:end], ";\"'\\\r\n]"); n >= 0 {
				end = at + n
			}
			eq := bytes.IndexByte(line[at:min(end, at+maxKey)], '=')
			if eq < 0 && !cookieAttributes[string(bytes.ToLower(bytes.TrimSpace(line[at:end])))] {
				break
			}
			if eq >= 0 {
				name := bytes.ToLower(bytes.TrimSpace(line[at : at+eq]))
				if len(name) == 0 || bytes.ContainsAny(name, " \t:") {
					break
				}
				if start := at + eq + 1; !cookieAttributes[string(name)] && start < end {
					report(secretAt(start, end, "cookie", false))
					done = end
				}
			}
			if end >= len(line) || line[end] != ';' {
				break
			}
			at = end + 1
		}
	}
}

// threadUser finds the user that Atlassian products write into the names of request threads.
func threadUser(line []byte, report func(found)) {
	name := line
	if len(line) > 0 && line[0] == '"' {
		if n := bytes.LastIndexByte(line, '"'); n > 0 {
			name = line[:n]
		}
		pattern("username", userRE)(name, report)
		return
	}
	pattern("username", userLog)(line, report)
}

// decodedURL returns the form of a URL's password that other texts hold.
func decodedURL(v string) string {
	if d, err := url.PathUnescape(v); err == nil {
		return d
	}
	return v
}
