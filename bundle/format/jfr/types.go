package jfr

import (
	"iter"
	"slices"
)

// Types are the types of a chunk, by its metadata.
type Types struct {
	all    []*Type
	raw    bool // integers are not compressed
	byID   map[int64]*Type
	byName map[string]*Type
}

// ByID returns a type; nil when there is none. It works on nil.
func (t *Types) ByID(id int64) *Type {
	if t == nil {
		return nil
	}
	return t.byID[id]
}

// All gives the types in the order of the metadata.
func (t *Types) All() iter.Seq[*Type] {
	if t == nil {
		return func(func(*Type) bool) {}
	}
	return slices.Values(t.all)
}

// Type is an event, a structure, or a primitive.
type Type struct {
	ID     int64
	Name   string // "jdk.ExecutionSample", "java.lang.Thread", "long"
	Super  string // "jdk.jfr.Event" for events
	Fields []Field

	types *Types
	kind  kind
	skip  *program // over a value of this type; nil until it is needed
	named bool     // name is made
	name  *Selection
}

// IsEvent tells events from structures and settings.
func (t *Type) IsEvent() bool { return t.Super == "jdk.jfr.Event" }

// Field returns a field by its name.
func (t *Type) Field(name string) (Field, bool) {
	for _, f := range t.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Field is one field of a type.
type Field struct {
	Name string
	Type *Type // nil when the metadata lacks it
	// Constant: the value is the key of a constant of Type.
	Constant bool
	Array    bool
	Unsigned bool
	Unit     Unit
}

// Unit is what a number measures, by the field's annotation.
type Unit uint8

// Units. Numbers of stamps and spans in ticks need the chunk's clock: use Row.Time and Row.Duration.
const (
	NoUnit Unit = iota
	TickStamp
	EpochMillis
	EpochNanos
	TickSpan
	Nanoseconds
	Microseconds
	Milliseconds
	Seconds
	Bytes
)

// units by annotation and its value.
var units = map[[2]string]Unit{
	{"jdk.jfr.Timestamp", "TICKS"}:                    TickStamp,
	{"jdk.jfr.Timestamp", "MILLISECONDS_SINCE_EPOCH"}: EpochMillis,
	{"jdk.jfr.Timestamp", "NANOSECONDS_SINCE_EPOCH"}:  EpochNanos,
	{"jdk.jfr.Timespan", "TICKS"}:                     TickSpan,
	{"jdk.jfr.Timespan", "NANOSECONDS"}:               Nanoseconds,
	{"jdk.jfr.Timespan", "MICROSECONDS"}:              Microseconds,
	{"jdk.jfr.Timespan", "MILLISECONDS"}:              Milliseconds,
	{"jdk.jfr.Timespan", "SECONDS"}:                   Seconds,
	{"jdk.jfr.DataAmount", "BYTES"}:                   Bytes,
}

// kind is how a value without fields is written.
type kind uint8

const (
	kindStruct kind = iota
	kindByte        // one byte, signed
	kindBoolean
	kindChar
	kindShort
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindString
)

// primitives are the types that the metadata names without describing them.
var primitives = map[string]kind{
	"boolean": kindBoolean, "byte": kindByte, "char": kindChar, "short": kindShort, "int": kindInt, "long": kindLong,
	"float": kindFloat, "double": kindDouble, "java.lang.String": kindString,
}
