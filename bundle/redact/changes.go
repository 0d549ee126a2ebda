package redact

import (
	"bytes"
	"regexp"
)

// changeREs are how a log tells that a secret changed, after its name: changed from OLD to NEW, set to NEW; from OLD to NEW,
// where the verb stands before. The groups are the values.
var changeREs = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^["'\x60)\]]*` + ownerWords + `(?:\s+[a-zà-ž]{2,12}){0,3}?\s+(?:` +
		`changed|reset|set|updated|rotated|replaced|renewed|switched|modified|altered|geändert|geaendert|gesetzt|ersetzt|zurückgesetzt|` +
		`changée?|modifiée?|remplacée?|cambiad[oa]|modificat[oa]|alterad[oa]|gewijzigd|zmieniono|ändrat)\s*:?\s+` +
		`(?:(?:from|von|de|da|od|van)\s+` + quotedOrBare + `\s+)?(?:to|zu|auf|nach|à|en|a|in|para|por|naar|na|with|durch|par|con|->|=>|→)\s+` + quotedOrBare),
	regexp.MustCompile(`(?i)^["'\x60)\]]*` + ownerWords + `\s+(?:from|von|de|da|od|van)\s+` + quotedOrBare + `\s+(?:to|zu|auf|nach|à|en|a|para|por|naar|na|->|=>|→)\s+` + quotedOrBare),
}

const (
	ownerWords   = `(?:\s+(?:for|of|von|für|de)\s+[^\s=:]{1,60}){0,2}`
	quotedOrBare = `(?:"([^"]{1,200})"|'([^']{1,200})'|\x60([^\x60]{1,200})\x60|([^\s"'\x60<>]{1,200}))`
)

// nextRE is the new value after the old one.
var nextRE = regexp.MustCompile(`^["'` + "`" + `\])]*\s*(?:->|=>|-->|→|>>|to|becomes|replaced by|changed to)\s*` + quotedOrBare)

// changes finds the values in what a line says about a change of the secret whose name ends at end.
func changes(line []byte, end int, class *keyClass, report func(found)) {
	for _, re := range changeREs {
		reportChosen(line, end, re, class, report)
	}
}

// changedTo finds the value that replaces the one which ends at end.
func changedTo(line []byte, end int, class *keyClass, report func(found)) {
	reportChosen(line, end, nextRE, class, report)
}

func reportChosen(line []byte, from int, re *regexp.Regexp, class *keyClass, report func(found)) {
	m := re.FindSubmatchIndex(line[from:min(len(line), from+maxKey*4)])
	for g := 2; g+1 < len(m); g += 2 {
		if m[g] < 0 {
			continue
		}
		start, stop := from+m[g], from+m[g+1]
		stop = trimBare(line, start, start+len(bytes.TrimRight(line[start:stop], ".,:;!?")))
		if v := line[start:stop]; looksGenerated(v) || class.strength == sureKey && (looksChosen(v) || isPhrase(v) && line[start-1] != ' ') {
			report(secretAt(start, stop, class.rule, true))
		}
	}
}
