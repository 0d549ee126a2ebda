package jfr

import (
	"math/bits"
	"math/rand/v2"
)

// pools index the constants of a chunk: where the value of each key is.
type pools struct {
	byType map[int64]*table
	words  map[wordKey]string
	seed   uint64
}

type wordKey struct {
	t   *Type
	key int64
}

// index walks all checkpoints once. Of a key that is there twice the first counts, as for the JDK.
func (c *Chunk) index() {
	if c.poolsReady {
		return
	}
	c.poolsReady = true
	if c.pools == nil {
		c.pools = &pools{byType: map[int64]*table{}, seed: rand.Uint64() | 1}
	}
	c.pools.words = map[wordKey]string{}
	for _, t := range c.pools.byType {
		t.reset()
	}
	if c.types == nil {
		c.LostConstants += len(c.checkpoints)
		return
	}
	room := c.r.lim.Constants
	for _, at := range c.checkpoints {
		c.checkpoint(int(at), &room)
	}
}

func (c *Chunk) checkpoint(at int, room *int) {
	size, _, next := c.frame(at)
	d := decoder{b: c.data[:at+size], at: next, raw: !c.Compressed}
	for range 3 { // start, duration, distance
		d.int64()
	}
	d.byte()
	for n := d.int32(); n > 0; n-- {
		id, count := d.int64(), int(d.int32())
		t := c.types.ByID(id)
		if d.bad || t == nil || t.skipping().bad || !c.pool(&d, t, count, room) {
			c.LostConstants++
			return
		}
	}
	if d.bad {
		c.LostConstants++
	}
}

// pool indexes the constants of one type.
func (c *Chunk) pool(d *decoder, t *Type, count int, room *int) bool {
	if count < 0 || count > len(d.b)-d.at { // a key takes a byte
		return false
	}
	tab := c.pools.byType[t.ID]
	if tab == nil {
		tab = &table{seed: c.pools.seed}
		c.pools.byType[t.ID] = tab
	}
	skip := t.skipping()
	for i := range count {
		key := d.int64()
		if d.bad || *room == 0 {
			c.LostConstants += count - i - 1
			return false
		}
		*room--
		tab.put(key, int32(d.at))
		if d.at = skip.run(d.b, d.at, len(d.b), d.raw, nil); d.at < 0 {
			d.at = len(d.b)
			return false
		}
	}
	return true
}

// Constant reads the constant of a key into row, in the form of s: the type of s says from which pool. false: there is none.
func (c *Chunk) Constant(s *Selection, key int64, row *Row) bool {
	if s == nil {
		return false
	}
	c.index()
	row.c = c
	tab := c.pools.byType[s.Type.ID]
	if tab == nil {
		return false
	}
	at := tab.get(key)
	return at > 0 && row.load(s, int(at), len(c.data))
}

// Constants is how many constants of a type there are.
func (c *Chunk) Constants(t *Type) int {
	c.index()
	if t == nil || c.pools.byType[t.ID] == nil {
		return 0
	}
	return c.pools.byType[t.ID].used
}

// Bounds of what Word returns, in bytes, and of how many words are kept.
const (
	maxWord  = 64 << 10
	maxWords = 1 << 18
)

// Word is the text of a constant: of a string itself, or of the structure's field "name", or of its first string.
// Empty when there is none.
func (c *Chunk) Word(t *Type, key int64) string {
	if t == nil {
		return ""
	}
	c.index()
	return c.word(t, key, 0)
}

func (c *Chunk) word(t *Type, key int64, depth int) string {
	const deepest = 4
	if depth > deepest {
		return ""
	}
	id := wordKey{t, key}
	if w, known := c.pools.words[id]; known {
		return w
	}
	tab := c.pools.byType[t.ID]
	if tab == nil {
		return ""
	}
	at := int(tab.get(key))
	if at <= 0 {
		return ""
	}
	w := ""
	if t.kind == kindString {
		w = c.textDeep(at, depth)
	} else {
		w = c.nameOf(t, at, depth)
	}
	if len(w) > maxWord {
		w = w[:maxWord]
	}
	if len(c.pools.words) < maxWords { // what is not kept is read again
		c.pools.words[id] = w
	}
	return w
}

// nameOf is the text in a structure.
func (c *Chunk) nameOf(t *Type, at, depth int) string {
	s := t.naming()
	row := Row{c: c}
	if s == nil || !row.load(s, at, len(c.data)) {
		return ""
	}
	if f := s.fields[0]; f.Constant {
		return c.word(f.Type, row.Int(0), depth+1)
	}
	return c.textDeep(textAt(row.place(0)), depth)
}

// naming selects the field that names a constant: "name", else the first string. nil: none.
func (t *Type) naming() *Selection {
	if t.named {
		return t.name
	}
	t.named = true
	field := ""
	for _, f := range t.Fields {
		switch text := !f.Constant && f.Type.kindOr() == kindString; {
		case f.Array || f.Type == nil || !text && !(f.Constant && f.Name == "name"):
		case f.Name == "name" || field == "":
			field = f.Name
		}
	}
	if field != "" {
		if s := t.Select(field); s.fields[0] != nil {
			t.name = s
		}
	}
	return t.name
}

func (c *Chunk) textDeep(at, depth int) string {
	d := decoder{b: c.data, at: at, raw: !c.Compressed}
	s, ref, encoding := d.text()
	if encoding != stringPool || d.bad {
		return s
	}
	c.index()
	if t := c.types.byName["java.lang.String"]; t != nil {
		return c.word(t, ref, depth+1)
	}
	return ""
}

// table maps keys to offsets, which are never 0, by open addressing.
type table struct {
	keys []int64
	at   []int32
	used int
	seed uint64 // odd, random: keys of an attacker do not meet in one place
}

func (t *table) reset() {
	t.used = 0
	clear(t.at)
}

func (t *table) slot(key int64) int {
	shift := 64 - bits.TrailingZeros(uint(len(t.keys)))
	mixed := (uint64(key) ^ t.seed>>7) * t.seed
	mixed ^= mixed >> 29
	i := int(mixed * t.seed >> shift)
	for t.at[i] != 0 && t.keys[i] != key {
		i = (i + 1) & (len(t.keys) - 1)
	}
	return i
}

func (t *table) get(key int64) int32 {
	if t.used == 0 {
		return 0
	}
	return t.at[t.slot(key)]
}

func (t *table) put(key int64, at int32) {
	if 2*t.used >= len(t.keys) {
		t.grow()
	}
	if i := t.slot(key); t.at[i] == 0 {
		t.keys[i], t.at[i] = key, at
		t.used++
	}
}

func (t *table) grow() {
	old := *t
	size := max(64, 2*len(old.keys))
	t.keys, t.at = make([]int64, size), make([]int32, size)
	for i, at := range old.at {
		if at != 0 {
			j := t.slot(old.keys[i])
			t.keys[j], t.at[j] = old.keys[i], at
		}
	}
}
