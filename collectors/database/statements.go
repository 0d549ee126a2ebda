package database

import (
	"cmp"
	"context"
	"slices"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/sessions"
)

// reading is the statistics of all statements at one moment.
type reading struct {
	at     time.Time
	source string
	// resets is when, or how often, the statistics were set to zero; empty: the server does not say.
	resets string
	rows   map[statementKey]figures
}

type statementKey struct{ digest, user, database string }

type figures struct {
	calls, rows, examined, blocks int64
	total, lock                   float64 // milliseconds
}

func (f figures) minus(o figures) figures {
	return figures{f.calls - o.calls, f.rows - o.rows, f.examined - o.examined, f.blocks - o.blocks, f.total - o.total, f.lock - o.lock}
}

func (f figures) plus(o figures) figures {
	return f.minus(figures{-o.calls, -o.rows, -o.examined, -o.blocks, -o.total, -o.lock})
}

func (r *reading) add(k statementKey, f figures) { r.rows[k] = r.rows[k].plus(f) }

// maxFigures is how many statements are read.
const maxFigures = 10_000

// absent is why a server has no statistics of statements, and what makes it have them.
type absent struct{ reason, fix string }

func (a absent) Error() string        { return a.reason }
func (a absent) Cause() entries.Cause { return entries.NotThere }

// difference gives what ran between two readings, most time first; the texts are not in it yet.
func difference(from, to *reading) *sessions.Statements {
	out := &sessions.Statements{Started: from.at.UTC(), Ended: to.at.UTC(), Source: to.source, Reset: from.resets != to.resets}
	for k, f := range to.rows {
		since := f.minus(from.rows[k])
		if since.calls < 0 || since.total < 0 {
			since, out.Reset = f, true
		}
		if since.calls == 0 {
			continue
		}
		out.Statements = append(out.Statements, sessions.Statement{Digest: k.digest, User: k.user, Database: k.database, Calls: since.calls,
			TotalMS: since.total, MeanMS: since.total / float64(since.calls), Rows: since.rows, Examined: since.examined,
			LockMS: since.lock, BlocksRead: since.blocks})
	}
	slices.SortFunc(out.Statements, func(a, b sessions.Statement) int {
		return cmp.Or(cmp.Compare(b.TotalMS, a.TotalMS), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.User, b.User), cmp.Compare(a.Database, b.Database))
	})
	if n := len(out.Statements); n > sessions.MaxStatements {
		out.Statements, out.LeftOut = out.Statements[:sessions.MaxStatements], n-sessions.MaxStatements
	}
	return out
}

// withTexts fills in the texts, and takes out what the looks themselves ran.
func withTexts(ctx context.Context, a asker, s *sessions.Statements) error {
	var digests []string
	for _, one := range s.Statements {
		if !slices.Contains(digests, one.Digest) {
			digests = append(digests, one.Digest)
		}
	}
	if len(digests) == 0 {
		return nil
	}
	texts, err := a.texts(ctx, digests)
	if err != nil {
		return err
	}
	s.Statements = slices.DeleteFunc(s.Statements, func(one sessions.Statement) bool { return texts[one.Digest].own })
	for i := range s.Statements {
		t := texts[s.Statements[i].Digest]
		s.Statements[i].Text, s.Statements[i].Cut = t.normalised, t.cut
	}
	return nil
}
