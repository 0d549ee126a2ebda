package budget

import (
	"encoding/json"
	"fmt"
	"io"
)

// Bounds of a JSON document: an object of two bytes becomes a value of hundreds.
const (
	maxObjects  = 250_000
	maxElements = 4_000_000
)

// DecodeJSON reads one JSON document of at most limit bytes into v. One that is
// larger, or has more objects than any that is written in earnest, gives [*Over].
func DecodeJSON(r io.Reader, limit int64, v any) error {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return err
	}
	if int64(len(text)) > limit {
		return &Over{What: "a JSON document of more than " + Size(limit)}
	}
	return Unmarshal(text, v)
}

// Unmarshal is json.Unmarshal for a text whose objects are counted first.
func Unmarshal(text []byte, v any) error {
	objects, elements := 0, 0
	for _, c := range text { // those within strings count too: few are
		switch c {
		case '{', '[':
			objects++
		case ',':
			elements++
		}
	}
	if objects > maxObjects || elements > maxElements {
		return &Over{What: fmt.Sprintf("a JSON document of %d objects and %d elements", objects, elements)}
	}
	return json.Unmarshal(text, v)
}
