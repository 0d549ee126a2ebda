package jfr

import (
	"encoding/binary"
	"slices"
	"strings"

	format "casefile/bundle/format/jfr"
)

// FrameTypes are the kinds of frames that writers tell apart; 0 is not told.
var FrameTypes = []string{"", "Interpreted", "JIT compiled", "Inlined", "Native", "C++", "Kernel", "C1 compiled"}

// symbols turns the constants of chunks into tables of the recording. What a chunk calls by a key is looked up once a chunk.
type symbols struct {
	rec *Recording
	lim Limits

	// by content, over all chunks
	functions map[Function]int32
	stackIDs  map[string]int32
	threadIDs map[Thread]int32
	textIDs   map[string]int32
	spanIDs   map[Span]int32
	frames    int

	// by key, in this chunk
	c          *format.Chunk
	methods    keyMap
	stacks     keyMap
	threads    keyMap
	words      map[*format.Type]*keyMap
	lastType   *format.Type // whose words are lastWords
	lastWords  *keyMap
	frameTypes keyMap
	raws       map[string]int32 // texts by their bytes in the chunk

	traceSel, frameSel, methodSel, threadSel *format.Selection
	row, frame, methodRow                    format.Row
	key                                      []byte
	buf                                      []Frame
}

func newSymbols(rec *Recording, lim Limits) *symbols {
	rec.Threads, rec.Stacks, rec.Texts, rec.Spans = []Thread{{}}, []Stack{{}}, []string{""}, []Span{{}}
	return &symbols{
		rec: rec, lim: lim, functions: map[Function]int32{}, stackIDs: map[string]int32{"": 0}, threadIDs: map[Thread]int32{{}: 0},
		textIDs: map[string]int32{"": 0}, spanIDs: map[Span]int32{{}: 0}, raws: map[string]int32{},
	}
}

// begin forgets the keys of the chunk before.
func (s *symbols) begin(c *format.Chunk) {
	s.c = c
	for _, m := range []*keyMap{&s.methods, &s.stacks, &s.threads, &s.frameTypes} {
		m.reset()
	}
	s.words, s.lastType = map[*format.Type]*keyMap{}, nil
	clear(s.raws)
	s.traceSel = c.TypeByName("jdk.types.StackTrace").Select("truncated", "frames")
	s.frameSel = c.TypeByName("jdk.types.StackFrame").Select("method", "lineNumber", "type")
	s.methodSel = c.TypeByName("jdk.types.Method").Select("type", "name")
	s.threadSel = c.TypeByName("java.lang.Thread").Select("javaName", "osName", "osThreadId", "javaThreadId")
}

// stack gives the index of a stack by its key; 0 when there is none.
func (s *symbols) stack(key int64) int32 {
	if id, known := s.stacks.get(key); known {
		return id
	}
	id := int32(0)
	if s.c.Constant(s.traceSel, key, &s.row) {
		id = s.internStack(s.readFrames(), s.row.Bool(0))
	}
	s.stacks.put(key, id)
	return id
}

// readFrames reads the stack in row into buf.
func (s *symbols) readFrames() (frames []Frame) {
	s.buf = s.buf[:0]
	items := s.row.Array(1)
	for items.Next(s.frameSel, &s.frame) {
		if len(s.buf) == s.lim.StackDepth {
			s.rec.Lost["frames of deep stacks"] += int64(items.Len - len(s.buf))
			break
		}
		s.buf = append(s.buf, Frame{Function: -1, Line: int32(s.frame.Int(1)), Type: s.frameType()})
		s.buf[len(s.buf)-1].Function = s.method(s.frame.Int(0))
	}
	return s.buf
}

func (s *symbols) frameType() uint8 {
	f := s.frameSel.Field(2)
	if f == nil || !f.Constant {
		return 0
	}
	key := s.frame.Int(2)
	t, known := s.frameTypes.get(key)
	if !known {
		t = int32(max(0, slices.Index(FrameTypes, s.c.Word(f.Type, key))))
		s.frameTypes.put(key, t)
	}
	return uint8(t)
}

func (s *symbols) internStack(frames []Frame, truncated bool) int32 {
	s.key = s.key[:0]
	for _, f := range frames {
		s.key = binary.LittleEndian.AppendUint32(s.key, uint32(f.Function))
		s.key = binary.LittleEndian.AppendUint32(s.key, uint32(f.Line))
		s.key = append(s.key, f.Type)
	}
	if truncated && len(frames) > 0 {
		s.key = append(s.key, 1)
	}
	if id, known := s.stackIDs[string(s.key)]; known {
		return id
	}
	if len(s.rec.Stacks) >= s.lim.Stacks || s.frames+len(frames) > s.lim.Frames {
		s.rec.Lost["stacks"]++
		return 0
	}
	id := int32(len(s.rec.Stacks))
	s.stackIDs[string(s.key)] = id
	s.frames += len(frames)
	s.rec.Stacks = append(s.rec.Stacks, Stack{Frames: append([]Frame(nil), frames...), Truncated: truncated})
	return id
}

// unknownFunction stands for one whose name is not there, or has no room.
var unknownFunction = Function{Method: "[unknown]"}

// method gives the index of a function by the method's key.
func (s *symbols) method(key int64) int32 {
	if id, known := s.methods.get(key); known {
		return id
	}
	f := unknownFunction
	if row := &s.methodRow; s.c.Constant(s.methodSel, key, row) {
		f = Function{Class: limited(dotted(row.Word(0))), Method: limited(row.Word(1))}
	}
	id, known := s.functions[f]
	if !known && len(s.rec.Functions) >= s.lim.Functions {
		s.rec.Lost["functions"]++
		f = unknownFunction
		id, known = s.functions[f]
	}
	if !known {
		id = int32(len(s.rec.Functions))
		s.functions[f] = id
		s.rec.Functions = append(s.rec.Functions, f)
	}
	s.methods.put(key, id)
	return id
}

// dotted turns the internal name of a class into that of the language: "java/lang/String", "[I", "[Ljava/lang/String;".
func dotted(name string) string {
	dims := len(name) - len(strings.TrimLeft(name, "["))
	if dims > 0 && dims < len(name) {
		item := name[dims:]
		if full, ok := arrays[item[0]]; ok && len(item) == 1 {
			item = full
		} else if item[0] == 'L' {
			item = strings.TrimSuffix(item[1:], ";")
		}
		name = item + strings.Repeat("[]", dims)
	}
	// Hidden classes have a slash of their own: "a/B$$Lambda/0x0123".
	if at := strings.LastIndex(name, "/0x"); at > 0 {
		return strings.ReplaceAll(name[:at], "/", ".") + name[at:]
	}
	return strings.ReplaceAll(name, "/", ".")
}

var arrays = map[byte]string{'B': "byte", 'C': "char", 'D': "double", 'F': "float", 'I': "int", 'J': "long", 'S': "short", 'Z': "boolean"}

// thread gives the index of a thread by its key.
func (s *symbols) thread(key int64) int32 {
	if id, known := s.threads.get(key); known {
		return id
	}
	id := int32(0)
	var row format.Row
	if s.c.Constant(s.threadSel, key, &row) {
		id = s.internThread(Thread{Name: row.Text(0), OSID: row.Int(2), JavaID: row.Int(3)}, &row)
	}
	s.threads.put(key, id)
	return id
}

func (s *symbols) internThread(t Thread, row *format.Row) int32 {
	if t.Name == "" {
		t.Name = row.Text(1)
	}
	if t.Name == "" && t.JavaID > 0 {
		t.Name = "virtual thread"
	}
	if id, known := s.threadIDs[t]; known {
		return id
	}
	if len(s.rec.Threads) >= s.lim.Threads {
		// Virtual threads come by the million: from here on by name only.
		t.JavaID, t.OSID = 0, 0
		if id, known := s.threadIDs[t]; known {
			return id
		}
		if len(s.rec.Threads) >= 2*s.lim.Threads {
			s.rec.Lost["threads"]++
			return 0
		}
	}
	id := int32(len(s.rec.Threads))
	s.threadIDs[t] = id
	s.rec.Threads = append(s.rec.Threads, t)
	return id
}

// text gives the index of a text.
func (s *symbols) text(text string) int32 {
	if id, known := s.textIDs[text]; known {
		return id
	}
	if len(s.rec.Texts) >= s.lim.Texts {
		s.rec.Lost["texts"]++
		return 0
	}
	id := int32(len(s.rec.Texts))
	s.textIDs[text] = id
	s.rec.Texts = append(s.rec.Texts, text)
	return id
}

// word gives the index of the text that a field has or refers to. Class names get dots.
func (s *symbols) word(row *format.Row, field int) int32 {
	f := row.Selection.Field(field)
	if f == nil {
		return 0
	}
	if !f.Constant {
		raw := row.RawText(field)
		id, known := s.raws[string(raw)]
		if !known {
			id = s.text(limited(row.Text(field)))
			s.keepRaw(raw, id)
		}
		return id
	}
	if f.Type == nil {
		return 0
	}
	words, key := s.wordsOf(f.Type), row.Int(field)
	id, known := words.get(key)
	if !known {
		word := row.Word(field)
		if f.Type.Name == "java.lang.Class" {
			word = dotted(word)
		}
		id = s.text(limited(word))
		words.put(key, id)
	}
	return id
}

// keepRaw remembers the text of bytes in the chunk. One that had no room is asked for again, so that it counts each time.
func (s *symbols) keepRaw(raw []byte, id int32) {
	const longest, most = 512, 1 << 16
	if id > 0 && len(raw) <= longest && len(s.raws) < most {
		s.raws[string(raw)] = id
	}
}

func (s *symbols) wordsOf(t *format.Type) *keyMap {
	if t != s.lastType {
		m := s.words[t]
		if m == nil {
			m = &keyMap{}
			s.words[t] = m
		}
		s.lastType, s.lastWords = t, m
	}
	return s.lastWords
}

// limited bounds a text that is kept.
func limited(text string) string {
	const longest = 1024
	if len(text) > longest {
		return text[:longest]
	}
	return text
}

// span gives the index of a tracer's context.
func (s *symbols) span(sp Span) int32 {
	if id, known := s.spanIDs[sp]; known {
		return id
	}
	if len(s.rec.Spans) >= s.lim.Stacks {
		s.rec.Lost["spans"]++
		return 0
	}
	id := int32(len(s.rec.Spans))
	s.spanIDs[sp] = id
	s.rec.Spans = append(s.rec.Spans, sp)
	return id
}
