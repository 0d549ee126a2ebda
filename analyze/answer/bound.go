package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"casefile/analyze/report"
)

// Limits of an answer.
const (
	MaxBytes = 48 << 10 // of the whole answer
	maxList  = 100      // elements of a list
	maxText  = 800      // characters of a text
)

// Write gives an answer as JSON of at most [MaxBytes]: texts are plain, and lists and texts that are too long end with
// how much more there was.
func Write(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var whole any
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	if err := in.Decode(&whole); err != nil {
		return nil, err
	}
	for list, text := maxList, maxText; ; list, text = max(list/2, 1), max(text/2, 40) {
		out, err := encode(bounded(whole, list, text))
		if err != nil {
			return nil, err
		}
		if len(out) <= MaxBytes {
			return out, nil
		}
		if list == 1 && text == 40 {
			return encode(map[string]any{"left_out": fmt.Sprintf("the answer has %d bytes; ask for a part of it", len(raw))})
		}
	}
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// bounded is a value with lists of at most so many elements, and texts of so many characters.
func bounded(v any, list, text int) any {
	switch v := v.(type) {
	case string:
		return Text(v, text)
	case []any:
		out := make([]any, 0, min(len(v), list))
		for _, e := range v[:min(len(v), list)] {
			out = append(out, bounded(e, list, text))
		}
		if n := len(v) - list; n > 0 {
			out = append(out, fmt.Sprintf("%d more left out", n))
		}
		return out
	case map[string]any:
		out := make(map[string]any, min(len(v), list))
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i == list {
				out["left_out"] = fmt.Sprintf("%d more", len(v)-list)
				break
			}
			out[Text(key, text)] = bounded(v[key], list, text)
		}
		return out
	}
	return v
}

// Text makes a text of a capture safe to give away: no control characters, none that cannot be seen, at most so many
// characters; how many more there were stands at its end.
func Text(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Co) || unicode.Is(unicode.Variation_Selector, r) {
			return utf8.RuneError // text that people do not see, and programs read
		}
		return r
	}, report.Plain(s))
	n := utf8.RuneCountInString(s)
	if n <= most {
		return s
	}
	kept := []rune(s)[:most]
	return fmt.Sprintf("%s… (%d more characters)", string(kept), n-most)
}
