package waits

import (
	"cmp"
	"slices"
	"strings"

	"casefile/analyze/database"
	"casefile/bundle/format/sessions"
)

// Took is what the server counted of a statement over the capture, and where it says so; false: it counted none.
func (g *Graph) Took(a *Asked) (took sessions.Statement, at Cite, ok bool) {
	digest := ""
	for _, v := range a.At {
		digest = cmp.Or(digest, v.Session.Digest)
	}
	for _, k := range g.Counted {
		if !database.OneServer(k.Server, a.Look.Server) {
			continue
		}
		i := slices.IndexFunc(k.Statements.Statements, func(s sessions.Statement) bool {
			return digest != "" && s.Digest == digest || digest == "" && sameText(s.Text, a.Statement)
		})
		if i >= 0 {
			took = k.Statements.Statements[i]
			return took, Cite{Entry: k.Source, From: took.Line, To: took.Line}, true
		}
	}
	return took, at, false
}

func sameText(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}
