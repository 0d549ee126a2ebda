package load

import (
	"os"
	"strings"

	"casefile/analyze"
)

// below is the folder in which everything lies that the paths name; "": they have none in common.
func below(paths []string) string {
	var common []string
	for i, p := range paths {
		dir := p
		if info, err := os.Stat(p); err != nil || !info.IsDir() {
			dir = p[:max(0, strings.LastIndexAny(p, `/\`))]
		}
		parts := strings.FieldsFunc(dir, slash)
		if i == 0 {
			common = parts
		}
		n := 0
		for n < len(common) && n < len(parts) && common[n] == parts[n] {
			n++
		}
		common = common[:n]
	}
	if len(common) == 0 {
		return ""
	}
	return upTo(paths[0], len(common))
}

func slash(r rune) bool { return r == '/' || r == '\\' }

// upTo is a path up to so many of its parts, as it is written.
func upTo(p string, parts int) string {
	seen, in := 0, false
	for i, r := range p {
		if slash(r) {
			if in && seen == parts {
				return p[:i]
			}
			in = false
			continue
		}
		if !in {
			seen, in = seen+1, true
		}
	}
	return p
}

// shorten names processes, and tells what could not be read, without the folder that all lie in.
func shorten(c *analyze.Case) {
	if c.Below == "" {
		return
	}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			j.Target = c.Short(j.Target)
		}
		for _, s := range n.Services {
			s.Target = c.Short(s.Target)
		}
	}
	for _, list := range [][]string{c.Problems, c.Refused} {
		for i := range list {
			for _, slash := range []string{"/", `\`} {
				list[i] = strings.ReplaceAll(list[i], c.Below+slash, "")
			}
		}
	}
}
