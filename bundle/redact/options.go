package redact

import (
	"bytes"
	"regexp"
)

// optionPairs finds --password X, -storepass X: the option and its value are two words.
func optionPairs(line []byte, report func(found)) {
	for i := 0; i < len(line); i++ {
		if line[i] != '-' || i > 0 && !isSpace(line[i-1]) && line[i-1] != '"' && line[i-1] != '\'' && line[i-1] != '[' && line[i-1] != ',' {
			continue
		}
		start := i
		for i < len(line) && isKeyByte(line[i]) {
			i++
		}
		option := line[start:i]
		if bytes.HasPrefix(option, []byte("-D")) || bytes.HasPrefix(option, []byte("-X")) || !isSecretWord(option) {
			continue
		}
		at := i
		for at < len(line) && (isSpace(line[at]) || line[at] == '"' || line[at] == '\'' || line[at] == ',') && line[at] != '\n' {
			at++
		}
		if at == i || at >= len(line) || line[at] == '-' || line[at] == '|' {
			continue
		}
		v := valueSpan{start: at}
		if q := line[at-1]; q == '"' || q == '\'' {
			if n := bytes.IndexByte(line[at:], q); n >= 0 {
				v.end = at + n
			}
		}
		if v.end == 0 {
			v = bareValue(line, at, keySpan{start, i, true})
		}
		if v.start < v.end && !isPlaceholder(line[v.start:v.end]) {
			report(secretAt(v.start, v.end, "option", true))
			i = v.end - 1
		}
	}
}

func isSecretWord(key []byte) bool {
	c := classify(key)
	return c != nil && c.strength != nameKey
}

// name and value as neighbours, as Kubernetes, Docker and Spring write them.
var nameValueRE = regexp.MustCompile(`(?i)\\*["']?\b(?:name|key|id|property)\\*["']?\s*[:=]\s*\\*["']?([A-Za-z0-9_.-]+)\\*["']?(?:\s*[,;]\s*|\s+)\\*["']?value\\*["']?\s*[:=]\s*\[?(?:\\*["']([^"'\\]*(?:\\.[^"'\\]*)*?)\\*["']|([^\s,;}"'\]]+))`)

func nameValuePairs(line []byte, report func(found)) {
	for _, m := range nameValueRE.FindAllSubmatchIndex(line, -1) {
		if !isSecretWord(line[m[2]:m[3]]) {
			continue
		}
		for _, g := range []int{4, 6} {
			if m[g] >= 0 && !isPlaceholder(line[m[g]:m[g+1]]) {
				report(secretAt(m[g], m[g+1], "name-value", true))
			}
		}
	}
}
