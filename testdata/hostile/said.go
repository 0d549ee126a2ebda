package hostile

import (
	"encoding/binary"
	"unicode/utf16"
)

// Ids of the types of Said.
const (
	longType, stringType, saidType = 10, 12, 40
)

// Said is a recording whose events hold these texts, each once in every way in which a string is written: in UTF-8, in
// UTF-16 units, and as a constant.
func Said(texts []string) []byte {
	meta := metadata(tree(class(longType, "long"), class(stringType, "java.lang.String"),
		element{"class", []string{"id", "40", "name", "test.Said", "superType", "jdk.jfr.Event"}, []element{field("startTime", longType), field("text", stringType)}}), nil)
	var pool, events []byte
	for i, text := range texts {
		pool = append(varint(pool, i+1), inUTF8(text)...)
		for _, value := range [][]byte{inUTF8(text), inUnits(text), varint([]byte{2}, i+1)} {
			events = append(events, event(append(varint(varint(nil, saidType), 1), value...))...)
		}
	}
	const head = 68
	checkpoint := constants(stringType, len(texts), pool)
	b := jfrHeader(int64(head+len(meta)+len(checkpoint)+len(events)), head)
	binary.BigEndian.PutUint64(b[16:], uint64(head+len(meta)))
	return append(append(append(b, meta...), checkpoint...), events...)
}

func inUTF8(s string) []byte { return append(varint([]byte{3}, len(s)), s...) }

func inUnits(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := varint([]byte{4}, len(units))
	for _, u := range units {
		b = varint(b, int(u))
	}
	return b
}
