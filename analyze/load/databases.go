package load

import (
	"io"

	"casefile/analyze/database"
	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/sessions"
)

// readDatabase reads what a node was told by a database server: its sessions at a dump, or what its statements took.
func (b *builder) readDatabase(n *nodeParts, e bundle.Entry, rest string, body io.Reader) error {
	switch {
	case entries.Sessions.Match(rest):
		snap, err := sessions.Read(body)
		if err == nil {
			b.c.Databases = append(b.c.Databases, &database.Look{Source: e.Path, Node: n.Name, Snapshot: snap})
		}
		return err
	case entries.Statements.Match(rest):
		took, err := sessions.ReadStatements(body)
		if err == nil {
			b.c.Statements = append(b.c.Statements, &database.Counted{Source: e.Path, Statements: took})
		}
		return err
	}
	return nil
}
