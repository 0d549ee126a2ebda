package hsperf

import (
	"bytes"
	"slices"
)

// Rewrite returns the file b, of which s is the snapshot, with other texts: change returns what stands in the
// place of an entry's text. An entry whose text does not fit grows, and the entries after it move; the file stays
// as long as it was where its free space suffices.
func (s *Snapshot) Rewrite(b []byte, change func(e *Entry) string) []byte {
	out := slices.Clone(b[:s.entryOffset])
	at := s.entryOffset
	for i := range s.Entries {
		e := &s.Entries[i]
		length := int(int32(s.Order.Uint32(b[at:])))
		raw := slices.Clone(b[at : at+length])
		at += length
		if e.IsString {
			if text := change(e); text != e.Str {
				raw = s.withText(raw, e, e.Offset-(at-length), text)
			}
		}
		out = append(out, raw...)
	}
	out = append(out, b[at:s.Used]...)
	used := len(out)
	s.Order.PutUint32(out[8:], uint32(used))
	free := b[s.Used:]
	if grown := used - s.Used; grown > 0 && len(bytes.Trim(free, "\x00")) == 0 {
		free = free[min(grown, len(free)):]
	}
	return append(out, free...)
}

// withText is an entry with another text, whose data begins at data.
func (s *Snapshot) withText(raw []byte, e *Entry, data int, text string) []byte {
	const align = 8
	name := int(int32(s.Order.Uint32(raw[4:])))
	room := len(raw) - data
	if data < name {
		room = e.VectorLen
	}
	if len(text) >= room && data > name { // its end, and with it the entry, moves
		length := (data + len(text) + 1 + align - 1) / align * align
		raw = append(raw, make([]byte, max(0, length-len(raw)))...)
		s.Order.PutUint32(raw, uint32(len(raw)))
		room = len(raw) - data
	}
	text = text[:min(len(text), room-1)]
	clear(raw[data : data+room])
	copy(raw[data:], text)
	if len(text) >= e.VectorLen {
		s.Order.PutUint32(raw[8:], uint32(len(text)+1))
	}
	return raw
}
