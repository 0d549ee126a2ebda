package signatures

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// pattern is a regular expression with a text that every match of it holds: a line that lacks the text, as nearly
// all do, costs a tenth.
type pattern struct {
	*regexp.Regexp
	needle []byte
}

func compile(texts []string) ([]pattern, error) {
	var out []pattern
	for _, text := range texts {
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", text, err)
		}
		tree, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", text, err)
		}
		out = append(out, pattern{re, []byte(needle(tree))})
	}
	return out, nil
}

func (p pattern) match(line []byte) bool {
	return bytes.Contains(line, p.needle) && p.Match(line)
}

// needle is the longest text without choices that a match must hold; "" when there is none.
func needle(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return needle(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needle(re.Sub[0])
		}
	case syntax.OpConcat:
		longest := ""
		for _, sub := range re.Sub {
			if n := needle(sub); len(n) > len(longest) {
				longest = n
			}
		}
		return longest
	}
	return ""
}
