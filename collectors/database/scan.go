package database

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"casefile/bundle/format/entries"
)

// age is how long ago something was, by the server's clock.
type age struct {
	milliseconds float64
	known        bool
}

// before is the moment that long before another; zero: not known.
func (a age) before(t time.Time) time.Time {
	if !a.known || a.milliseconds > maxAge {
		return time.Time{}
	}
	return t.Add(-time.Duration(max(0, a.milliseconds) * float64(time.Millisecond))).Truncate(time.Millisecond)
}

// maxAge in milliseconds: a year is older than any session.
const maxAge = 366 * 86400e3

// name is a text of a server's that is no statement: of a user, an application, a state.
type name string

// maxName is how much of a name is kept, in bytes: more than any server gives.
const maxName = 512

// scan reads one row of an answer; a number that is NULL is 0.
func scan(row []string, into ...any) error {
	if len(row) != len(into) {
		return entries.Errorf(entries.Unreadable, "the server answered with %d columns for %d", len(row), len(into))
	}
	for i, text := range row {
		if err := scanOne(text, into[i]); err != nil {
			return entries.Errorf(entries.Unreadable, "column %d of the server's answer: %w", i+1, err)
		}
	}
	return nil
}

func scanOne(text string, into any) (err error) {
	switch v := into.(type) {
	case *string:
		*v = text
	case *name:
		*v = name(strings.ToValidUTF8(text[:min(len(text), maxName)], ""))
	case *bool:
		*v = text == "t" || text == "1"
	case *int64:
		if text != "" {
			*v, err = strconv.ParseInt(text, 10, 64)
		}
	case *float64:
		if text != "" {
			*v, err = strconv.ParseFloat(text, 64)
		}
	case *age:
		if v.known = text != ""; v.known {
			v.milliseconds, err = strconv.ParseFloat(text, 64)
		}
	default:
		err = fmt.Errorf("no way to read a %T", into)
	}
	return err
}
