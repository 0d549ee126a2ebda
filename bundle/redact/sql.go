package redact

import (
	"bytes"
	"regexp"
)

const sqlString = `N?(?:'((?:[^'\\]|''|\\.)+)'|"((?:[^"\\]|""|\\.)+)")`

var sqlREs = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)(?:\s+values|\s+password)?\s+` + sqlString),
	regexp.MustCompile(`(?i)\bpassword\s*(?:=\s*)?` + sqlString),
	regexp.MustCompile(`(?i)\bpassword\(\s*` + sqlString),
	regexp.MustCompile(`(?i)\bset\s+password\s+(?:for\s+\S+\s*)?=\s*` + sqlString),
	regexp.MustCompile(`(?i)\b(?:pgp_sym_(?:en|de)crypt(?:_bytea)?|aes_(?:en|de)crypt|des_(?:en|de)crypt|(?:en|de)cryptbypassphrase|hmac|encode|decode)\s*\([^()]*(?:\([^()]*\)[^()]*)?,\s*` + sqlString),
	regexp.MustCompile(`(?i)\bcrypt\(\s*` + sqlString),
	regexp.MustCompile(`(?i)\bsp_(?:addlogin|password|addlinkedsrvlogin|grantlogin)\b.*,\s*` + sqlString),
}

// bareIdentifiedRE is Oracle's form without quotes. In prose a plain word follows.
var bareIdentifiedRE = regexp.MustCompile(`(?i)\bidentified\s+by\s+([^\s'";]+)`)

// insertRE is an INSERT with the names of its columns.
var insertRE = regexp.MustCompile(`(?i)\b(?:insert|replace|merge)\b[^()]*\(([^()]+)\)\s*(?:output\s[^()]*|overriding\s[^()]*)?values?\s*`)

func sqlPasswords(line []byte, report func(found)) {
	for _, re := range sqlREs {
		for _, m := range re.FindAllSubmatchIndex(line, -1) {
			for g := 2; g+1 < len(m); g += 2 {
				if m[g] < m[g+1] && !isPlaceholder(line[m[g]:m[g+1]]) && !isSaid(line, m[0], m[g], m[g+1]) {
					report(secretAt(m[g], m[g+1], "sql-password", true))
				}
			}
		}
	}
	for _, m := range bareIdentifiedRE.FindAllSubmatchIndex(line, -1) {
		if v := line[m[2]:m[3]]; !isPlaceholder(v) && (!wordlike(v) || looksChosen(v)) {
			report(secretAt(m[2], m[3], "sql-password", true))
		}
	}
	for _, m := range insertRE.FindAllSubmatchIndex(line, -1) {
		insertValues(line, bytes.Split(line[m[2]:m[3]], []byte{','}), m[1], report)
	}
}

var statementRE = regexp.MustCompile(`(?i)\b(?:alter|create|grant|options|with|encrypted|user|role|login|update|set|insert|where|and)\b`)

// isSaid reports whether a text in quotes is a sentence after the word password, without = or a statement before it.
func isSaid(line []byte, from, start, end int) bool {
	v := line[start:end]
	return bytes.IndexByte(v, ' ') > 0 && !isPhrase(v) && !bytes.ContainsAny(line[from:start], "=(") && !statementRE.Match(line[max(0, start-maxKey):start])
}

// insertValues finds the values of the secret columns in the rows that start at at.
func insertValues(line []byte, columns [][]byte, at int, report func(found)) {
	for at < len(line) && line[at] == '(' {
		at++
		for column := 0; at < len(line); column++ {
			start, end, next := sqlValue(line, at)
			if column < len(columns) && isSecretWord(bytes.Trim(columns[column], " \t\r\n\"'`[]")) && start < end && !isPlaceholder(line[start:end]) {
				report(secretAt(start, end, "sql-password", true))
			}
			at = next
			if at >= len(line) || line[at] != ',' {
				break
			}
			at++
		}
		for at < len(line) && (line[at] == ')' || line[at] == ',' || isSpace(line[at])) {
			at++
		}
	}
}

// sqlValue reads the value at at: its bounds without quotes, and where the comma or bracket after it stands.
func sqlValue(line []byte, at int) (start, end, next int) {
	for at < len(line) && isSpace(line[at]) {
		at++
	}
	if at < len(line) && (line[at] == 'N' || line[at] == 'E') && at+1 < len(line) && line[at+1] == '\'' {
		at++
	}
	if at < len(line) && (line[at] == '\'' || line[at] == '"') {
		quote := line[at]
		start = at + 1
		for end = start; end < len(line); end++ {
			if line[end] == '\\' {
				end++
			} else if line[end] == quote {
				if end+1 == len(line) || line[end+1] != quote {
					break
				}
				end++
			}
		}
		end = min(end, len(line))
		next = min(end+1, len(line))
	} else {
		start = at
		for depth := 0; at < len(line); at++ {
			switch line[at] {
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth < 0 || depth == 0 && line[at] == ',' {
				break
			}
		}
		end, next = trimEnd(line, start, at), at
	}
	for next < len(line) && line[next] != ',' && line[next] != ')' {
		next++
	}
	return start, end, next
}
