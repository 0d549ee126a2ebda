package say

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Figure is one measured number of a statement.
type Figure struct {
	// Name tells it from the others of the statement: "request_thread_share".
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	// Unit is "1" of a share, "s" of a time, "bytes", "bytes/s", else what is counted: "threads".
	Unit string `json:"unit"`

	text string
}

// String gives the figure in words, with its unit.
func (f Figure) String() string { return f.text }

// Share is a part of a whole, 0 to 1.
func Share(name string, share float64) Figure { return Figure{name, share, "1", Percent(share)} }

// Time is a length of time; where it is not known, words say so.
func Time(name string, d time.Duration) Figure {
	return Figure{name, d.Seconds(), "s", Seconds(d)}
}

// Size is a number of bytes.
func Size[T int64 | uint64 | float64](name string, n T) Figure {
	return Figure{name, float64(n), "bytes", Bytes(n)}
}

// Flow is a number of bytes a second.
func Flow[T int64 | uint64 | float64](name string, n T) Figure {
	return Figure{name, float64(n), "bytes/s", Bytes(n) + "/s"}
}

// Counted is "1 thread" or "5 threads".
func Counted(name string, n int, what string) Figure {
	return Figure{name, float64(n), what + "s", Count(n, what)}
}

// Amount is a number whose unit the sentence says.
func Amount[T int | int64 | float64](name string, v T, unit string) Figure {
	return Figure{name, float64(v), unit, Number(float64(v))}
}

// Measured is a number with its unit: "1.5 ms", "2.4 CPUs", "1 CPU".
func Measured[T int | int64 | float64](name string, v T, unit string) Figure {
	text, of := Number(float64(v)), unit
	if text == "1" && len(unit) > 1 {
		of = strings.TrimSuffix(unit, "s")
	}
	return Figure{name, float64(v), unit, text + " " + of}
}

// Times is "once", "3 times".
func Times(name string, n int) Figure { return Figure{name, float64(n), "times", HowOften(n)} }

// Phrase is a piece of a sentence that knows its figures, and what it says apart from them.
type Phrase struct {
	text    string
	pattern string
	figures []Figure
}

// As is a name that stands for others alike: "http-nio-8090-exec-5" for "http-nio-<n>-exec-<n>".
func As(text, pattern string) Phrase { return Phrase{text: text, pattern: pattern} }

// Target is a process by its name, "4711-shop".
func Target(name string) Phrase { return As(name, name) }

// Text makes a phrase as fmt.Sprintf does. Figures and phrases among the arguments are kept as what they are.
func Text(format string, args ...any) Phrase {
	var p Phrase
	words, patterns := make([]any, len(args)), make([]any, len(args))
	for i, a := range args {
		words[i], patterns[i] = a, a
		switch a := a.(type) {
		case Figure:
			words[i], patterns[i] = a.text, "#"
			if !math.IsNaN(a.Value) && !math.IsInf(a.Value, 0) { // JSON has no such numbers
				p.figures = append(p.figures, a)
			}
		case Phrase:
			words[i], patterns[i] = a.text, a.pattern
			p.figures = append(p.figures, a.figures...)
		}
	}
	p.text, p.pattern = fmt.Sprintf(format, words...), fmt.Sprintf(format, patterns...)
	return p
}

// String gives the words.
func (p Phrase) String() string { return p.text }

// Pattern is what the phrase says without its figures: two phrases that say the same of different numbers share it.
func (p Phrase) Pattern() string { return p.pattern }

// Figures are those of the phrase, in order.
func (p Phrase) Figures() []Figure { return slices.Clone(p.figures) }

// Empty reports whether the phrase has no words.
func (p Phrase) Empty() bool { return p.text == "" }

// Capital begins with a capital where a word of the sentence comes first, not a thread's name.
func (p Phrase) Capital() Phrase {
	p.text, p.pattern = Sentence(p.text), Sentence(p.pattern)
	return p
}

// Enumerate joins phrases: "a, b and c".
func Enumerate(list []Phrase) Phrase {
	var out Phrase
	for i, p := range list {
		switch {
		case i == 0:
			out = p
		case i == len(list)-1:
			out = Text("%s and %s", out, p)
		default:
			out = Text("%s, %s", out, p)
		}
	}
	return out
}
