package redact

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"regexp"

	"casefile/bundle/redact/names"
)

// In these expressions the groups are what is replaced.
var (
	oracleRE  = regexp.MustCompile(`(?i)jdbc:oracle:[a-z0-9]+:[^/\s"'@]+/(?:"([^"\s]+)"|([^@\s"']+))@`)
	jwtRE     = regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{5,}\.(?:[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)+|(?:\.[A-Za-z0-9_-]{5,}){2,}))`)
	awsRE     = regexp.MustCompile(`\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b(?:[\s"':,;=|/]{1,4}([A-Za-z0-9/+=]{40})\b)?`)
	sigRE     = regexp.MustCompile(`[?&;](?:sig=([A-Za-z0-9%+/=_-]{16,})|Signature=([A-Za-z0-9%+/=_-]{6,}))`)
	pemLineRE = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END|$)`)
	pgpassRE  = regexp.MustCompile(`(?:^|\s)[^:\s#]+:(?:\d{2,5}|\*):[^:\s]+:[^:\s]+:(\S+)\s*$`)
	jwkRE     = regexp.MustCompile(`\\?"(?:d|dp|dq|p|q|qi|k)\\?"\s*:\s*\\?"([A-Za-z0-9_-]{12,})\\?"`)
	packedRE  = regexp.MustCompile(`(?i)\b_?(?:[\w-]*auth|basic|credentials?|token)\\?["']?[\s:=\[]{1,4}\\?["']?([A-Za-z0-9+/]{8,}={0,2})`)
	encRE     = regexp.MustCompile(`\bENC\(([A-Za-z0-9+/=_-]{8,})\)`)
	licenceRE = regexp.MustCompile(`\b(AAAB[A-Za-z0-9+/=\\]{96,})`)

	schemeRE = regexp.MustCompile(`(?i)\b(?:proxy-)?authorization(?:\\*["'])?\]?\s*(?:[:=]|=>)\s*[\\"'\[]*\s*(basic|bearer|digest|negotiate|ntlm|token|apikey|hmac|aws4-hmac-sha256|splunk|ssws|oauth|hawk|key)\s+([^\s"'\]<>\\][^\r\n]*)`)
	bareRE   = regexp.MustCompile(`(?i)\b(?:proxy-)?authorization(?:\\*["'])?\]?\s*[:=]\s*[\\"'\[]*\s*([A-Za-z0-9+/=._~-]{16,})`)
	bearerRE = regexp.MustCompile(`(?i)\bbearer(?:\s+|%20)([A-Za-z0-9._~+/=-]{16,})`)
	basicRE  = regexp.MustCompile(`(?i)\bbasic\s+([A-Za-z0-9+/_-]{6,}={0,2})`)
	cookieRE = regexp.MustCompile(`(?i)\b(?:set-)?cookie2?(?:\\*["'])?\]?\s*(?:[:=]|=>)\s*[\\"'\[]*`)
	userRE   = regexp.MustCompile(`\buser(?:name)?:\s*([^\s";,\])][^";,\])\r\n]*)`)
	userLog  = regexp.MustCompile(`\burl:\s*\S+\s+user(?:name)?:\s*([^\s";,\])]+)`)
)

// learnable are the rules by pattern whose finds are passwords, which stand elsewhere too.
var learnable = wordSet("jdbc pgpass")

// pattern makes a finder of expressions: all their groups are secrets of that rule.
func pattern(rule string, list ...*regexp.Regexp) func([]byte, func(found)) {
	return func(line []byte, report func(found)) {
		for _, re := range list {
			for _, m := range re.FindAllSubmatchIndex(line, -1) {
				for g := 2; g+1 < len(m); g += 2 {
					if m[g] >= 0 && m[g] < m[g+1] {
						report(secretAt(m[g], m[g+1], rule, learnable[rule]))
					}
				}
			}
		}
	}
}

// hashREs know hashes by their scheme. A dollar in the name of a class has a letter before it.
var hashREs = []*regexp.Regexp{
	regexp.MustCompile(`(?:^|[^\w$.])(?:\{\w+\})?\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1|apr1|argon2(?:id|i|d)|pbkdf2(?:-\w+)?|scrypt|bcrypt-sha256)\$([^\s:"'<>;]{8,})`),
	regexp.MustCompile(`(?i)\{(?:s?sha\d*|smd5|md5|crypt|bcrypt|pbkdf2[\w-]*|scrypt\w*|argon2\w*|noop|cipher|pkcs5s2|aes\w*|3des|des\w*|xor)\}([^\s"'<>,;{}]{4,})`),
	regexp.MustCompile(`(?i)\b(?:pbkdf2[_:]sha\d+|scrypt)[$:]\d+[$:]?([^\s"'<>,;]{8,})`),
	regexp.MustCompile(`\bSCRAM-SHA-\d+\$\d+:([^\s"'<>,;]{8,})`),
}

// maxField bounds how far a URL's user part or one cookie is followed, in bytes: a hostile line must not
// cost the square of its length.
const maxField = 4096

// urlPasswords finds the password in scheme://user:password@host. Passwords hold unescaped slashes and ats
// in practice, so the last at before the host counts.
func urlPasswords(line []byte, report func(found)) {
	if bytes.IndexByte(line, '@') < 0 {
		return
	}
	for start := range authorities(line) {
		rest := line[start:min(len(line), start+maxField)]
		if n := bytes.IndexFunc(rest, endsURL); n >= 0 {
			rest = rest[:n]
		}
		if bytes.IndexByte(rest, '@') < 0 {
			continue
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
				report(secretAt(start, start+user, "url-password", true))
			}
			continue
		}
		if v := rest[pass:user]; !isPlaceholder(v) {
			report(secretAt(start+pass, start+user, "url-password", true))
		}
	}
}

var urlSigns = [][]byte{[]byte("://"), []byte("%3a%2f%2f"), []byte("%3A%2F%2F")}

func endsURL(r rune) bool {
	return r <= ' ' || r == '"' || r == '\'' || r == '<' || r == '>' || r == '`' || r == '|'
}

// authorities gives where the authorities of URLs start: after ://, also in URL encoding.
func authorities(line []byte) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		signs := urlSigns
		if bytes.IndexByte(line, '%') < 0 {
			signs = signs[:1]
		}
		for _, sign := range signs {
			for at := 0; ; {
				n := bytes.Index(line[at:], sign)
				if n < 0 {
					break
				}
				at += n + len(sign)
				if at > len(sign) && (isLetter(line[at-len(sign)-1]) || isDigit(line[at-len(sign)-1])) && !yield(at) {
					return
				}
			}
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
	for _, m := range packedRE.FindAllSubmatchIndex(line, -1) {
		if isBasic(line[m[2]:m[3]]) {
			learnBasic(line[m[2]:m[3]], m[2], report)
			report(secretAt(m[2], m[3], "authorization", false))
		}
	}
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

// isBasic reports whether a text is the base64 of user:password, where no scheme says so.
func isBasic(b []byte) bool {
	user, password, ok := decodeBasic(b)
	return ok && userNameRE.MatchString(user) && len(password) > 0 && isPrintable(password)
}

var userNameRE = regexp.MustCompile(`^[A-Za-z][\w.@+-]*$`)

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
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
func threadUser(line []byte, all func(found)) {
	name := line
	report := func(f found) {
		if v := line[f.start:f.end]; !names.IsPseudonym(string(v)) && !isPlaceholder(v) {
			all(f)
		}
	}
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
