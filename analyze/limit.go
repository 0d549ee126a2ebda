package analyze

import (
	"errors"
	"fmt"
	"time"

	"casefile/analyze/say"
)

// Limit is a figure from which on rules speak up: one row with its unit, what it measures, and where it comes from.
// Rules
// that use it list it in their Limits.
type Limit[T LimitValue] struct {
	Value T
	row   LimitRow
}

// LimitValue is what a limit may be of.
type LimitValue interface{ ~int | ~int64 | ~float64 }

// LimitRow is a limit in words.
type LimitRow struct {
	What   string // "threads blocked at one lock in one dump"
	Value  any
	Unit   string // "1" for shares; empty for a time, which has its own
	Source string
}

// NewLimit makes a limit. A share has the unit "1"; a time.Duration needs none.
func NewLimit[T LimitValue](value T, unit, what, source string) *Limit[T] {
	return &Limit[T]{Value: value, row: LimitRow{What: what, Unit: unit, Source: source}}
}

// Row gives the limit as it is printed.
func (l *Limit[T]) Row() LimitRow {
	row := l.row
	row.Value = l.Value
	return row
}

// Text writes the value with its unit.
func (r LimitRow) Text() string {
	var v float64
	switch x := r.Value.(type) {
	case time.Duration:
		return say.Took(x)
	case int:
		v = float64(x)
	case int64:
		v = float64(x)
	case float64:
		v = x
	}
	switch r.Unit {
	case "1":
		return say.Percent(v)
	case "bytes":
		return say.Bytes(v)
	case "bytes/s":
		return say.Bytes(v) + "/s"
	}
	return say.Number(v) + " " + r.Unit
}

// Threshold is a limit of any type.
type Threshold interface{ Row() LimitRow }

// check reports what a row lacks.
func (r LimitRow) check() error {
	_, timed := r.Value.(time.Duration)
	if r.What == "" || r.Source == "" || r.Unit == "" && !timed {
		return fmt.Errorf("limit %v %s %q lacks what it is of, its unit or its source", r.Value, r.Unit, r.What)
	}
	return nil
}

func checkLimits(r *Rule) error {
	var errs []error
	for _, l := range r.Limits {
		if err := l.Row().check(); err != nil {
			errs = append(errs, fmt.Errorf("rule %q: %w", r.ID, err))
		}
	}
	return errors.Join(errs...)
}
