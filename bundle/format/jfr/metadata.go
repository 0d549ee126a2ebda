package jfr

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Bounds of one metadata event. JDK 25 has 250 KB, 300 types and 2,000 fields.
const (
	maxMetadata = 32 << 20
	maxTypes    = 1 << 14
	maxFields   = 1 << 17
	maxDepth    = 16
	maxStrings  = 1 << 20
)

// typeCache keeps the types of the chunk before: the next one of the same JVM mostly has the same metadata.
type typeCache struct {
	bytes []byte // strings and elements of the event
	types *Types
}

// readTypes takes the metadata that the header names, else the newest that can be read.
func (c *Chunk) readTypes() {
	c.types = nil
	var tried []int
	if m := c.Metadata; c.Finished() && m >= HeaderSize && m < int64(c.end) {
		tried = append(tried, int(m))
	}
	if c.metadata >= 0 {
		tried = append(tried, c.metadata)
	}
	for _, at := range tried {
		if c.metadataAt(at) == nil {
			return
		}
	}
	if len(tried) == 0 {
		return
	}
	// Neither was one: some writers have events of type 0.
	for at := HeaderSize; at < c.end; {
		size, id, _ := c.frame(at)
		if id == metadataID && c.metadataAt(at) == nil {
			return
		}
		at += size
	}
}

var errMetadata = errors.New("broken metadata")

// metadataAt reads the metadata event at an offset: start, duration, id, strings, a tree of elements.
func (c *Chunk) metadataAt(at int) error {
	size, id, next := c.frame(at)
	if next < 0 || id != metadataID || size < next-at || at+size > c.end || size > maxMetadata {
		return errMetadata
	}
	d := decoder{b: c.data[:at+size], at: next, raw: !c.Compressed}
	for range 3 {
		d.int64()
	}
	if d.bad {
		return errMetadata
	}
	cache := &c.r.types
	if raw := d.b[d.at:]; cache.types != nil && cache.types.raw == !c.Compressed && bytes.Equal(raw, cache.bytes) {
		c.types = cache.types
		return nil
	}
	raw := bytes.Clone(d.b[d.at:])
	p := metadataParser{decoder: decoder{b: raw, raw: !c.Compressed}, types: &Types{raw: !c.Compressed, byID: map[int64]*Type{}, byName: map[string]*Type{}}}
	if err := p.parse(); err != nil {
		return err
	}
	*cache = typeCache{bytes: raw, types: p.types}
	c.types = p.types
	return nil
}

// metadataParser turns the tree of elements into types:
//
//	root > metadata > class{id,name,superType} > field{name,class,constantPool,dimension} > annotation{class,value}
type metadataParser struct {
	decoder
	strings []string
	types   *Types
	fields  int
	// annotations are resolved when all types are known.
	pending []pendingField
}

type pendingField struct {
	t           *Type
	field       int
	class       int64
	annotations []pendingAnnotation
}

type pendingAnnotation struct {
	class int64
	value string
}

func (p *metadataParser) parse() error {
	n := int(p.int32())
	if n < 0 || n > len(p.b)-p.at || n > maxStrings {
		return errMetadata
	}
	p.strings = make([]string, n)
	for i := range p.strings {
		p.strings[i], _, _ = p.text()
	}
	if err := p.element(0, nil, nil); err != nil {
		return err
	}
	if p.bad {
		return errMetadata
	}
	p.resolve()
	return nil
}

func (p *metadataParser) str() string {
	if i := int(p.int32()); i >= 0 && i < len(p.strings) {
		return p.strings[i]
	}
	p.bad = true
	return ""
}

// element reads one element with what lies in it; t and f are the type and the field around it.
func (p *metadataParser) element(depth int, t *Type, f *pendingField) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: elements nested more than %d deep", errMetadata, maxDepth)
	}
	name := p.str()
	attrs := map[string]string{}
	for range p.count() {
		key := p.str()
		attrs[key] = p.str()
	}
	var err error
	var opened *pendingField
	switch {
	case name == "class" && t == nil:
		t, err = p.class(attrs)
	case name == "field" && t != nil && f == nil:
		opened, err = p.field(t, attrs)
		f = opened
	case name == "annotation" && f != nil:
		f.annotate(attrs)
	}
	for range p.count() {
		if err != nil || p.bad {
			break
		}
		err = p.element(depth+1, t, f)
	}
	if opened != nil {
		p.pending = append(p.pending, *opened)
	}
	return err
}

// count reads a number of things that take a byte at least.
func (p *metadataParser) count() int {
	n := int(p.int32())
	if n < 0 || n > len(p.b)-p.at {
		p.bad = true
		return 0
	}
	return n
}

func (p *metadataParser) class(attrs map[string]string) (*Type, error) {
	id, err := strconv.ParseInt(attrs["id"], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: type %q has id %q", errMetadata, attrs["name"], attrs["id"])
	}
	if len(p.types.all) >= maxTypes {
		return nil, fmt.Errorf("%w: more than %d types", errMetadata, maxTypes)
	}
	t := &Type{types: p.types, ID: id, Name: attrs["name"], Super: attrs["superType"]}
	if p.types.byID[id] == nil {
		p.types.byID[id] = t
		if p.types.byName[t.Name] == nil {
			p.types.byName[t.Name] = t
		}
		p.types.all = append(p.types.all, t)
	}
	return t, nil
}

func (p *metadataParser) field(t *Type, attrs map[string]string) (*pendingField, error) {
	if p.fields++; p.fields > maxFields {
		return nil, fmt.Errorf("%w: more than %d fields", errMetadata, maxFields)
	}
	class, err := strconv.ParseInt(attrs["class"], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: field %s.%s is of class %q", errMetadata, t.Name, attrs["name"], attrs["class"])
	}
	dim := attrs["dimension"]
	t.Fields = append(t.Fields, Field{Name: attrs["name"], Constant: attrs["constantPool"] == "true", Array: dim != "" && dim != "0"})
	return &pendingField{t: t, field: len(t.Fields) - 1, class: class}, nil
}

func (f *pendingField) annotate(attrs map[string]string) {
	const keep = 8
	id, err := strconv.ParseInt(attrs["class"], 10, 64)
	if err != nil || len(f.annotations) == keep {
		return
	}
	value := attrs["value"]
	if value == "" {
		value = attrs["value-0"]
	}
	f.annotations = append(f.annotations, pendingAnnotation{id, value})
}

// resolve gives fields their types and units.
func (p *metadataParser) resolve() {
	for _, t := range p.types.all {
		if k, known := primitives[t.Name]; known && len(t.Fields) == 0 {
			t.kind = k
		}
	}
	for _, f := range p.pending {
		field := &f.t.Fields[f.field]
		field.Type = p.types.byID[f.class]
		for _, a := range f.annotations {
			at := p.types.byID[a.class]
			if at == nil {
				continue
			}
			if u, known := units[[2]string{at.Name, a.value}]; known {
				field.Unit = u
			}
			if at.Name == "jdk.jfr.Unsigned" {
				field.Unsigned = true
			}
		}
	}
}
