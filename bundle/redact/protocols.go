package redact

import "regexp"

const packed = `([A-Za-z0-9+/]{6,}={0,2})`

// protocolREs are the lines of a dialogue in which a client says its password. What is in capitals is so in dialogues,
// and not in prose.
var protocolREs = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(?:auth|authenticate|sasl)\s+(?:plain|login|xoauth2|oauthbearer|external|ntlm)\s+` + packed),
	regexp.MustCompile(`(?i)mechanism\s*=\s*["'](?:plain|login|x-oauth2)["'][^>]*>\s*` + packed),
	regexp.MustCompile(`(?:^|[\s>:"])[A-Za-z]{0,4}\d{1,6}\s+(?:LOGIN|login)\s+(?:"[^"]*"|\S+)\s+"?([^\s"]+)`),
	regexp.MustCompile(`(?:^|[\s>:"\]])PASS\s+([^\s"]+)"?\s*$`),
	regexp.MustCompile(`\bAUTHINFO\s+PASS\s+(\S+)`),
	regexp.MustCompile(`\bAPOP\s+\S+\s+(\S+)`),
	regexp.MustCompile(`\bIDENTIFY\s+(?:\S+\s+)?(\S+)\s*$`),
	regexp.MustCompile(`(?i)"auth"\s+(?:"[^"]*"\s+)?"([^"]+)"`),
	regexp.MustCompile(`(?i)\bhello\s+[23]\s+auth\s+\S+\s+(\S+)`),
	regexp.MustCompile(`(?i)(?:\b|\\n)auth(?:\\r\\n|\r\n)\$\d+(?:\\r\\n|\r\n)([^\\\r\n]+)`),
	regexp.MustCompile(`(?i)\bacl\s+setuser\b.*?\s[>#<]([^\s"]+)`),
	regexp.MustCompile(`(?i)\b(?:requirepass|masterauth|primaryauth|sentinel-pass)"?\s+(?:'([^']*)'|"([^"]*)"|(\S+))`),
}

// redisAuthRE is AUTH with a password, or with a user and one. In prose other words follow.
var redisAuthRE = regexp.MustCompile(`(?:^|[\s>:\]])(?:AUTH|auth)\s+"?([^\s"]+)"?(?:\s+"?([^\s"]+))?`)

// authCommandRE is AUTH as the whole of a command, up to the end of the line or the quote around it.
var authCommandRE = regexp.MustCompile(`(?:^|[\s>:"\]])AUTH\s+(?:[\w.@-]+\s+)?([^\s"]+)\s*(?:$|")`)

// loginRE is LOGIN with a user and a password, as the name of a thread may say it without the tag of a command.
var loginRE = regexp.MustCompile(`(?:^|[\s>:"\]])LOGIN\s+"?[^\s"]+"?\s+"?([^\s"]+)`)

func protocols(line []byte, report func(found)) {
	for _, re := range protocolREs {
		for _, m := range re.FindAllSubmatchIndex(line, -1) {
			for g := 2; g+1 < len(m); g += 2 {
				if m[g] < m[g+1] && !isPlaceholder(line[m[g]:m[g+1]]) {
					report(secretAt(m[g], m[g+1], "protocol", true))
				}
			}
		}
	}
	for _, m := range authCommandRE.FindAllSubmatchIndex(line, -1) {
		if looksChosen(line[m[2]:m[3]]) {
			report(secretAt(m[2], m[3], "protocol", true))
		}
	}
	for _, m := range loginRE.FindAllSubmatchIndex(line, -1) {
		if v := line[m[2]:m[3]]; looksGenerated(v) || looksChosen(v) {
			report(secretAt(m[2], m[3], "protocol", true))
		}
	}
	for _, m := range redisAuthRE.FindAllSubmatchIndex(line, -1) {
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 && looksGenerated(line[m[g]:m[g+1]]) {
				report(secretAt(m[g], m[g+1], "protocol", true))
			}
		}
	}
}
