package redact

import "regexp"

// namedREs are secrets next to the one that they belong to, or in the path of the page that takes them. The groups are the
// secrets.
var namedREs = []*regexp.Regexp{
	regexp.MustCompile(`(?i)[?&](?:u|user|username|login)=[^&\s"']*&(?:p|pw|pass)=([^&\s"'<>]+)`),
	regexp.MustCompile(`(?i)/(?:reset|reset-?password|password-?reset|password|invite|invitation|activate|activation|magic-?link)/([\w.~-]{20,})`),
	regexp.MustCompile(`(?i)\bdigest\s+username=.*?\bresponse="?([0-9a-f]{32,})`),
	regexp.MustCompile(`(?i)\b(?:login|logon|connect)\s+[\w.-]+/([^\s"'/@]+)@[\w/]`),
	regexp.MustCompile(`\(\s*["'](?i:password|passwd|passphrase|secret)["']\s*,\s*["']([^"']+)["']\s*\)`),
}

var (
	userListRE = regexp.MustCompile(`(?i)\busers["']?\s*[=:]\s*["']?((?:[\w.@-]+:[^\s,:;"']+[,;]?)+)`)
	userPairRE = regexp.MustCompile(`[\w.@-]+:([^\s,:;"']+)`)
)

// named finds them, where they look like what a person or a program chose.
func named(line []byte, report func(found)) {
	for _, re := range namedREs {
		for _, m := range re.FindAllSubmatchIndex(line, -1) {
			reportChosenAt(line, m[2], m[3], report)
		}
	}
	for _, list := range userListRE.FindAllSubmatchIndex(line, -1) {
		for _, m := range userPairRE.FindAllSubmatchIndex(line[list[2]:list[3]], -1) {
			reportChosenAt(line, list[2]+m[2], list[2]+m[3], report)
		}
	}
}

func reportChosenAt(line []byte, start, end int, report func(found)) {
	if v := line[start:end]; !isPlaceholder(v) && (looksChosen(v) || looksGenerated(v) || isLongHex(v)) {
		report(secretAt(start, end, "named", true))
	}
}

var longHexRE = regexp.MustCompile(`^[0-9a-fA-F]{20,}$`)

func isLongHex(v []byte) bool { return longHexRE.Match(v) }
