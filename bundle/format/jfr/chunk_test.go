package jfr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// chunkWriter writes a chunk by hand, to the format's description and not by the reader's code.
type chunkWriter struct {
	buf         []byte
	raw         bool
	checkpoints []int
	metadata    int
}

func newChunk(raw bool) *chunkWriter { return &chunkWriter{buf: make([]byte, HeaderSize), raw: raw} }

func (w *chunkWriter) int(b []byte, v int64, width int) []byte {
	if w.raw {
		var full [8]byte
		binary.BigEndian.PutUint64(full[:], uint64(v))
		return append(b, full[8-width:]...)
	}
	u := uint64(v)
	if width == 4 {
		u = uint64(uint32(v))
	}
	for i := 0; i < 8; i++ {
		if u < 0x80 {
			return append(b, byte(u))
		}
		b = append(b, byte(u)|0x80)
		u >>= 7
	}
	return append(b, byte(u))
}

func (w *chunkWriter) utf8(b []byte, s string) []byte {
	return append(w.int(append(b, 3), int64(len(s)), 4), s...)
}

// event appends an event; its size counts its own bytes.
func (w *chunkWriter) event(id int64, body []byte) int {
	at := len(w.buf)
	head := w.int(nil, id, 8)
	size := 4 + len(head) + len(body)
	if w.raw {
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(size))
	} else { // padded to four bytes, as HotSpot does
		w.buf = append(w.buf, byte(size)|0x80, byte(size>>7)|0x80, byte(size>>14)|0x80, byte(size>>21))
	}
	w.buf = append(append(w.buf, head...), body...)
	return at
}

// element is one node of the metadata.
type element struct {
	name     string
	attrs    []string // key, value, ...
	children []element
}

func class(id, name, super string, fields ...element) element {
	return element{"class", []string{"id", id, "name", name, "superType", super}, fields}
}

func field(name, class string, more ...string) element {
	return element{name: "field", attrs: append([]string{"name", name, "class", class}, more...)}
}

func (w *chunkWriter) meta(classes ...element) {
	var table []string
	index := map[string]int{}
	id := func(s string) int64 {
		if _, ok := index[s]; !ok {
			index[s] = len(table)
			table = append(table, s)
		}
		return int64(index[s])
	}
	var tree []byte
	var walk func(e element)
	walk = func(e element) {
		tree = w.int(tree, id(e.name), 4)
		tree = w.int(tree, int64(len(e.attrs)/2), 4)
		for _, a := range e.attrs {
			tree = w.int(tree, id(a), 4)
		}
		tree = w.int(tree, int64(len(e.children)), 4)
		for _, c := range e.children {
			walk(c)
		}
	}
	walk(element{"root", nil, []element{{"metadata", nil, classes}, {"region", []string{"locale", "en"}, nil}}})
	body := w.int(w.int(w.int(nil, 0, 8), 0, 8), 1, 8)
	body = w.int(body, int64(len(table)), 4)
	for _, s := range table {
		body = w.utf8(body, s)
	}
	w.metadata = w.event(0, append(body, tree...))
}

// pool is constants of one type: their values are written already.
type pool struct {
	id     int64
	keys   []int64
	values [][]byte
}

func (w *chunkWriter) checkpoint(pools ...pool) {
	delta := int64(0)
	if n := len(w.checkpoints); n > 0 {
		delta = int64(w.checkpoints[n-1] - len(w.buf))
	}
	body := w.int(w.int(w.int(nil, 0, 8), 0, 8), delta, 8)
	body = w.int(append(body, 1), int64(len(pools)), 4)
	for _, p := range pools {
		body = w.int(w.int(body, p.id, 8), int64(len(p.keys)), 4)
		for i, k := range p.keys {
			body = append(w.int(body, k, 8), p.values[i]...)
		}
	}
	w.checkpoints = append(w.checkpoints, w.event(1, body))
}

const startNanos = 1_700_000_000_000_000_000

// bytes ends the chunk in a state: 0 finished.
func (w *chunkWriter) bytes(state byte) []byte {
	b, be := w.buf, binary.BigEndian
	copy(b, magic)
	be.PutUint16(b[4:], 2)
	be.PutUint16(b[6:], 1)
	be.PutUint64(b[8:], uint64(len(b)))
	if n := len(w.checkpoints); n > 0 {
		be.PutUint64(b[16:], uint64(w.checkpoints[n-1]))
	}
	be.PutUint64(b[24:], uint64(w.metadata))
	be.PutUint64(b[32:], startNanos)
	be.PutUint64(b[40:], 5e9)
	be.PutUint64(b[48:], 1000)
	be.PutUint64(b[56:], 2e9)
	b[64] = state
	if !w.raw {
		b[67] = 1
	}
	return b
}

// Types of the sample: an event with all that a field can be.
var sampleTypes = []element{
	class("1", "byte", ""), class("2", "boolean", ""), class("3", "char", ""), class("4", "short", ""), class("5", "int", ""), class("6", "long", ""),
	class("7", "float", ""), class("8", "double", ""), class("9", "java.lang.String", ""),
	class("20", "jdk.jfr.Timestamp", "java.lang.annotation.Annotation", field("value", "9")),
	class("21", "jdk.jfr.Timespan", "java.lang.annotation.Annotation", field("value", "9")),
	class("30", "test.Symbol", "", field("string", "9")),
	class("31", "test.Class", "", field("modifiers", "5"), field("name", "30", "constantPool", "true")),
	class("32", "test.Range", "", field("from", "6"), field("to", "6")),
	class("40", "test.ChunkHeader", "", field("payload", "1", "dimension", "1")),
	class("33", "test.Item", "", field("class", "31", "constantPool", "true"), field("line", "5")),
	class("100", "test.All", "jdk.jfr.Event",
		element{"field", []string{"name", "startTime", "class", "6"}, []element{{"annotation", []string{"class", "20", "value", "TICKS"}, nil}}},
		element{"field", []string{"name", "duration", "class", "6"}, []element{{"annotation", []string{"class", "21", "value", "TICKS"}, nil}}},
		field("b", "1"), field("z", "2"), field("c", "3"), field("s", "4"), field("i", "5"), field("l", "6"), field("f", "7"), field("d", "8"),
		field("text", "9"), field("range", "32"), field("class", "31", "constantPool", "true"), field("items", "33", "dimension", "1"), field("last", "5")),
	class("9000000000", "test.Far", "jdk.jfr.Event", field("startTime", "6"), field("value", "6")),
}

var texts = []struct{ encoding, want string }{
	{"null", ""}, {"empty", ""}, {"pool", "from the pool"}, {"utf8", "süß"}, {"chars", "a𝄞b"}, {"latin1", "Größe"},
}

func (w *chunkWriter) text(encoding string) []byte {
	switch encoding {
	case "null":
		return []byte{0}
	case "empty":
		return []byte{1}
	case "pool":
		return w.int([]byte{2}, 77, 8)
	case "utf8":
		return w.utf8(nil, "süß")
	case "chars":
		units := utf16.Encode([]rune("a𝄞b"))
		b := w.int([]byte{4}, int64(len(units)), 4)
		for _, u := range units {
			b = w.int(b, int64(u), 2)
		}
		return b
	}
	return append(w.int([]byte{5}, 5, 4), 'G', 'r', 0xf6, 0xdf, 'e')
}

// all writes one event of test.All whose numbers are n.
func (w *chunkWriter) all(n int64, encoding string) {
	b := w.int(w.int(nil, 1000+2*n, 8), 4*n, 8)
	b = append(b, byte(-n), byte(n&1))
	b = w.int(w.int(w.int(w.int(b, n, 2), -n, 2), -n, 4), -n, 8)
	b = append(b, 0x3f, 0xc0, 0, 0)             // 1.5
	b = append(b, 0x40, 0x04, 0, 0, 0, 0, 0, 0) // 2.5
	b = append(b, w.text(encoding)...)
	b = w.int(w.int(b, n, 8), n+1, 8)
	b = w.int(b, 5, 8)
	b = w.int(b, 3, 4)
	for i := range int64(3) {
		b = w.int(w.int(b, 5+i%2, 8), 10+i, 4)
	}
	w.event(100, w.int(b, 12345, 4))
}

func (w *chunkWriter) constants() {
	symbol := func(s string) []byte { return w.utf8(nil, s) }
	ref := func(key int64) []byte { return w.int(w.int(nil, 17, 4), key, 8) }
	w.checkpoint(pool{9, []int64{77}, [][]byte{w.utf8(nil, "from the pool")}}, pool{30, []int64{1, 2}, [][]byte{symbol("a/B"), symbol("c/D")}})
	// The same key again: the first value counts.
	w.checkpoint(pool{30, []int64{1}, [][]byte{symbol("later")}}, pool{31, []int64{5, 6}, [][]byte{ref(1), ref(2)}})
}

func sampleChunk(raw bool) []byte { return sampleWriter(raw).bytes(0) }

func sampleWriter(raw bool) *chunkWriter {
	w := newChunk(raw)
	for i, tt := range texts {
		w.all(int64(i+1), tt.encoding)
	}
	w.event(9_000_000_000, w.int(w.int(nil, 1000, 8), -1, 8))
	w.event(4711, []byte{1, 2, 3}) // of a type that nothing describes
	w.constants()
	w.meta(sampleTypes...)
	// HotSpot's copy of the header is no chunk.
	w.checkpoint(pool{40, []int64{1}, [][]byte{append(w.int(nil, HeaderSize, 4), newChunk(raw).bytes(1)...)}})
	return w
}

func TestEveryKindOfField(t *testing.T) {
	for _, raw := range []bool{false, true} {
		r := NewReader(bytes.NewReader(sampleChunk(raw)), Limits{})
		c, err := r.Next()
		if err != nil || c.Cut != nil || c.LostConstants > 0 {
			t.Fatalf("raw %v: %v, %v", raw, err, c)
		}
		typ := c.TypeByName("test.All")
		s := typ.Select("startTime", "duration", "b", "z", "c", "s", "i", "l", "f", "d", "text", "range.to", "class", "items", "last", "missing")
		items := c.TypeByName("test.Item").Select("line", "class")
		if s.Has(15) || !s.Has(11) {
			t.Error("Has is wrong")
		}
		n := int64(0)
		broken := c.Read(func(row *Row) {
			n++
			if !row.Time(0).Equal(time.Unix(0, startNanos+n)) || row.Duration(1) != time.Duration(2*n) {
				t.Errorf("raw %v: time %v, duration %v", raw, row.Time(0), row.Duration(1))
			}
			got := []int64{row.Int(2), row.Int(3), row.Int(4), row.Int(5), row.Int(6), row.Int(7), row.Int(11), row.Int(14)}
			for i, want := range []int64{-n, n & 1, n, -n, -n, -n, n + 1, 12345} {
				if got[i] != want {
					t.Errorf("raw %v: number %d is %d, want %d", raw, i, got[i], want)
				}
			}
			if row.Float(8) != 1.5 || row.Float(9) != 2.5 || row.Float(7) != float64(-n) {
				t.Errorf("raw %v: %v %v", raw, row.Float(8), row.Float(9))
			}
			if row.Text(10) != texts[n-1].want || row.Word(10) != texts[n-1].want {
				t.Errorf("raw %v: %s text %q, want %q", raw, texts[n-1].encoding, row.Text(10), texts[n-1].want)
			}
			if row.Int(10) != 0 || !row.Time(10).IsZero() || row.Int(13) != 0 {
				t.Errorf("raw %v: a string is the number %d and the time %v, an array %d", raw, row.Int(10), row.Time(10), row.Int(13))
			}
			if text := row.RawText(10); !bytes.Equal(text, newText(raw, texts[n-1].encoding)) || row.RawText(2) != nil || row.RawText(12) != nil {
				t.Errorf("raw %v: %s text stands as % x", raw, texts[n-1].encoding, text)
			}
			if row.Word(12) != "a/B" {
				t.Errorf("class %q", row.Word(12))
			}
			var item Row
			var seen []string
			list := row.Array(13)
			for list.Next(items, &item) {
				seen = append(seen, item.Word(1)+":"+string(rune('a'+item.Int(0)-10)))
			}
			if strings.Join(seen, " ") != "a/B:a c/D:b a/B:c" || list.Len != 3 {
				t.Errorf("items %v", seen)
			}
		}, s)
		if n != int64(len(texts)) || broken != 0 || c.Count(typ) != n {
			t.Errorf("raw %v: %d events, %d broken", raw, n, broken)
		}
		far := c.TypeByName("test.Far")
		c.Read(func(row *Row) {
			if row.Int(0) != -1 {
				t.Errorf("far value %d", row.Int(0))
			}
		}, far.Select("value"))
		if c.Count(far) != 1 {
			t.Error("the event with a large id is lost")
		}
	}
}

func newText(raw bool, encoding string) []byte { return newChunk(raw).text(encoding) }

func TestUnknownTypesAreCounted(t *testing.T) {
	got, _, err := readAll(sampleChunk(false))
	if err != nil || got["unknown"] != 1 || got["test.All"] != 6 || got["jdk.Checkpoint"] != 3 || got["jdk.Metadata"] != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

// A chunk cut at any byte gives the events that are whole, and says so; what follows it is read.
func TestCutAnywhere(t *testing.T) {
	whole := sampleChunk(false)
	for cut := HeaderSize + 1; cut < len(whole); cut++ {
		if bytes.HasSuffix(whole[:cut], []byte{1, HeaderSize}) {
			continue // what follows passes for the chunk's own copy
		}
		got, chunks, err := readAll(whole[:cut])
		if err != nil || len(chunks) != 1 || chunks[0].Cut == nil {
			t.Fatalf("cut at %d: %v, %d chunks", cut, err, len(chunks))
		}
		if n := chunks[0].Bytes(); n > cut || chunks[0].Cut.Offset != int64(n) {
			t.Errorf("cut at %d: read to %d, says %d", cut, n, chunks[0].Cut.Offset)
		}
		two, chunks, err := readAll(append(bytes.Clone(whole[:cut]), whole...))
		if err != nil || len(chunks) != 2 || chunks[1].Cut != nil {
			t.Fatalf("cut at %d, then a whole one: %v, %d chunks", cut, err, len(chunks))
		}
		// Without its metadata the first chunk's events have no name.
		if all := two["test.All"] - 6; all != got["test.All"] {
			t.Errorf("cut at %d: %d events, alone %d", cut, all, got["test.All"])
		}
	}
}

// An open chunk has what was written, beyond what its header knows of.
func TestOpenChunk(t *testing.T) {
	w := newChunk(false)
	w.all(1, "utf8")
	w.constants()
	w.meta(sampleTypes...)
	flushed := len(w.buf)
	w.all(2, "pool")
	b := w.bytes(3)
	binary.BigEndian.PutUint64(b[8:], uint64(flushed))
	for _, more := range []int{0, 1, 7} { // part of an event that was being written
		text := ""
		r := NewReader(bytes.NewReader(append(bytes.Clone(b), b[HeaderSize:HeaderSize+more]...)), Limits{})
		c, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		c.Read(func(row *Row) { text += row.Text(0) + ";" }, c.TypeByName("test.All").Select("text"))
		if text != "süß;from the pool;" || c.Cut == nil || !c.Cut.Open {
			t.Errorf("%d bytes more: %q, %v", more, text, c.Cut)
		}
	}
	got, chunks, err := readAll(append(bytes.Clone(b), sampleChunk(true)...))
	if err != nil || len(chunks) != 2 || got["test.All"] != 8 {
		t.Errorf("open, then finished: %v, %d chunks, %v", got, len(chunks), err)
	}
}

func TestJustOpenedChunk(t *testing.T) {
	opened := newChunk(false).bytes(1)
	binary.BigEndian.PutUint64(opened[8:], 0)
	got, chunks, err := readAll(append(sampleChunk(false), opened...))
	if err != nil || len(chunks) != 2 || chunks[1].Bytes() != HeaderSize || got["test.All"] != 6 {
		t.Errorf("%d chunks, %v, %v", len(chunks), got, err)
	}
}

func TestGarbageBetweenChunks(t *testing.T) {
	in := append(sampleChunk(false), bytes.Repeat([]byte("garbage FLR\x00"), 10_000)...)
	r := NewReader(bytes.NewReader(append(in, sampleChunk(true)...)), Limits{})
	n := 0
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || c.Cut != nil {
			t.Fatal(err, c.Cut)
		}
		n++
	}
	if n != 2 || r.Skipped != 120_000 {
		t.Errorf("%d chunks, %d bytes skipped", n, r.Skipped)
	}
}

func TestErrors(t *testing.T) {
	old := sampleChunk(false)
	old[5] = 1
	for _, tt := range []struct {
		name string
		in   []byte
		want error
	}{
		{"empty", nil, io.EOF},
		{"text", []byte("hello"), ErrNotJFR},
		{"long text", bytes.Repeat([]byte("hello "), 100), ErrNotJFR},
		{"format 1", old, ErrVersion},
	} {
		if _, err := NewReader(bytes.NewReader(tt.in), Limits{}).Next(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	broken := io.MultiReader(bytes.NewReader(sampleChunk(false)), failing{})
	r := NewReader(broken, Limits{})
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); !errors.Is(err, errFailing) {
		t.Errorf("the source's error is lost: %v", err)
	}
}

var errFailing = errors.New("disk gone")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFailing }

// Metadata that cannot be followed costs the types concerned, not the chunk.
func TestHostileMetadata(t *testing.T) {
	nest := func(w *chunkWriter) { // each structure twice within the next
		types := []element{class("5", "int", ""), class("100", "test.E", "jdk.jfr.Event", field("x", "240"), field("last", "5")), class("101", "test.Good", "jdk.jfr.Event", field("i", "5"))}
		types = append(types, class("200", "s", "", field("a", "5")))
		for i := 201; i <= 240; i++ {
			prev := string([]byte{'2', '0' + byte((i-1-200)/10), '0' + byte((i-1-200)%10)})
			types = append(types, class(string([]byte{'2', '0' + byte((i-200)/10), '0' + byte((i-200)%10)}), "s"+prev, "", field("a", prev), field("b", prev)))
		}
		w.meta(types...)
	}
	self := func(w *chunkWriter) {
		w.meta(class("5", "int", ""), class("100", "test.E", "jdk.jfr.Event", field("x", "100"), field("last", "5")), class("101", "test.Good", "jdk.jfr.Event", field("i", "5")))
	}
	lacking := func(w *chunkWriter) {
		w.meta(class("5", "int", ""), class("100", "test.E", "jdk.jfr.Event", field("x", "999"), field("last", "5")), class("101", "test.Good", "jdk.jfr.Event", field("i", "5")))
	}
	for name, meta := range map[string]func(*chunkWriter){"nested": nest, "contains itself": self, "lacks a type": lacking} {
		w := newChunk(false)
		w.event(100, []byte{1, 2, 3})
		w.event(101, []byte{42})
		meta(w)
		c, err := NewReader(bytes.NewReader(w.bytes(0)), Limits{}).Next()
		if err != nil || c.Types() == nil {
			t.Fatalf("%s: %v", name, err)
		}
		bad := c.Read(func(*Row) { t.Errorf("%s: a type that cannot be followed was read", name) }, c.TypeByName("test.E").Select("last"))
		good := int64(0)
		c.Read(func(r *Row) { good = r.Int(0) }, c.TypeByName("test.Good").Select("i"))
		if bad != 1 || good != 42 {
			t.Errorf("%s: %d broken, good %d", name, bad, good)
		}
	}
}

func TestChunkOverTheLimit(t *testing.T) {
	in := append(sampleChunk(false), sampleChunk(false)...)
	r := NewReader(bytes.NewReader(in), Limits{ChunkBytes: 150})
	n := 0
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n++; c.Cut == nil || c.Bytes() > 150 || !strings.Contains(c.Cut.Reason, "limit of 150") && !strings.Contains(c.Cut.Reason, "are left") {
			t.Errorf("cut %v", c.Cut)
		}
	}
	if n != 2 {
		t.Errorf("%d chunks", n)
	}
}

// Reading events allocates nothing for each of them.
func TestReadDoesNotAllocate(t *testing.T) {
	w := newChunk(false)
	for range 1000 {
		w.all(1, "null")
	}
	w.meta(sampleTypes...)
	c, err := NewReader(bytes.NewReader(w.bytes(0)), Limits{}).Next()
	if err != nil {
		t.Fatal(err)
	}
	s := c.TypeByName("test.All").Select("startTime", "l", "range.to", "class")
	var sum int64
	if n := testing.AllocsPerRun(10, func() { c.Read(func(r *Row) { sum += r.Int(1) }, s) }); n > 20 {
		t.Errorf("%v allocations for 1,000 events", n)
	}
}
