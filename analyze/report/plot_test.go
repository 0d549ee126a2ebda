package report

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// readVLQ reads numbers as assets/script.js does.
func readVLQ(t *testing.T, text string) (list []int64) {
	t.Helper()
	v, shift := int64(0), 0
	for _, c := range text {
		d := strings.IndexRune(vlqDigits, c)
		if d < 0 {
			t.Fatalf("%q is no digit", c)
		}
		v += int64(d%32) << shift
		if shift += 5; d >= 32 {
			continue
		}
		n := v >> 1
		if v&1 == 1 {
			n = -n
		}
		list, v, shift = append(list, n), 0, 0
	}
	return list
}

// The first numbers are those of ECMA-426's examples of source maps.
func TestVLQ(t *testing.T) {
	for n, want := range map[int64]string{0: "A", 1: "C", -1: "D", 15: "e", 16: "gB", -16: "hB", 511: "+f", 1 << 40: ""} {
		got := string(appendVLQ(nil, n))
		if list := readVLQ(t, got); len(list) != 1 || list[0] != n {
			t.Errorf("%d is written as %q and read as %v", n, got, list)
		}
		if n < 1000 && got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// The values that the page reads are those of the curve, to one part in ten thousand of the largest; what is missing stays missing.
func TestValuesOfCurves(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, x := range []struct {
		name  string
		scale float64
		exact bool
	}{{"bytes", 3e9, false}, {"percent", 100, false}, {"cores", 0.004, false}, {"pauses", 900, true}} {
		c := plotCurve{Name: x.name, exact: x.exact}
		for i := range 200 {
			v := x.scale * (0.5 + 0.4*math.Sin(float64(i)/30) + 0.01*r.Float64())
			if i%50 == 7 {
				v = math.NaN()
			}
			c.Values = append(c.Values, number(v))
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var read struct {
			F float64
			V string
			Y []*float64
		}
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		if (read.F == 0) != x.exact {
			t.Errorf("%s: the unit is %v", x.name, read.F)
		}
		for part := range strings.SplitAfterSeq(read.V, ".") {
			steps, missing := strings.CutSuffix(part, ".")
			for _, n := range readVLQ(t, steps) {
				step := float64(n)
				read.Y = append(read.Y, &step)
			}
			if missing {
				read.Y = append(read.Y, nil)
			}
		}
		level := 0.0
		for i, v := range c.Values {
			step := read.Y[i]
			if missing := math.IsNaN(float64(v)); missing || step == nil {
				if !missing || step != nil {
					t.Fatalf("%s: value %d is %v, want %v", x.name, i, step, v)
				}
				continue
			}
			got := *step
			if read.F > 0 {
				level += got
				got = level * read.F
			}
			if math.Abs(got-float64(v)) > x.scale/1e4 {
				t.Fatalf("%s: value %d is %v, want %v", x.name, i, got, v)
			}
		}
	}
}

var pathWords = regexp.MustCompile(`[A-Za-z]|-?\d+`)

// walked are the points that a path goes to, its lines cut where they pass a whole x.
func walked(t *testing.T, path string) (points map[[2]int]bool, moves int) {
	t.Helper()
	points = map[[2]int]bool{}
	x, y, command := 0, 0, ""
	words := pathWords.FindAllString(path, -1)
	next := func() int {
		n, err := strconv.Atoi(words[0])
		if err != nil {
			t.Fatalf("%q in %s", words[0], path)
		}
		words = words[1:]
		return n
	}
	for len(words) > 0 {
		if strings.ContainsAny(words[0], "MmlhvVHZ") {
			command, words = words[0], words[1:]
		}
		dx, dy := 0, 0
		switch command {
		case "M":
			x, y = next(), next()
			moves++
		case "m":
			x, y = x+next(), y+next()
			moves++
			command = "l" // as SVG has it
		case "l":
			dx, dy = next(), next()
		case "h":
			dx = next()
		case "v":
			dy = next()
		case "V":
			y = next()
			continue
		case "H":
			x = next()
			continue
		}
		for n, i := max(dx, -dx, dy, -dy, 1), 1; i <= n; i++ {
			if dx*i%n == 0 && dy*i%n == 0 {
				points[[2]int{x + dx*i/n, y + dy*i/n}] = true
			}
		}
		x, y = x+dx, y+dy
	}
	return points, moves
}

// A path passes through all of its points, however it is written.
func TestPenDrawsThePoints(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		p := &pen{}
		var want [][2]int
		moves, x := 0, 0
		for i := range 60 {
			x += 1 + r.IntN(3)
			y := []int{0, 5, x, -x, r.IntN(100) - 50}[r.IntN(5)]
			switch {
			case i == 0 || r.IntN(9) == 0:
				p.move(x, y)
				moves++
			default:
				p.line(x, y)
			}
			want = append(want, [2]int{x, y})
		}
		got, lifted := walked(t, p.data())
		for _, at := range want {
			if !got[at] {
				t.Fatalf("%v is missing in %s", at, p.data())
			}
		}
		if lifted != moves {
			t.Fatalf("%d moves, want %d: %s", lifted, moves, p.data())
		}
	}
	p := &pen{}
	p.dot(3, 4)
	p.dot(5, 2)
	if got, moves := walked(t, p.data()); moves != 2 || !got[[2]int{3, 4}] || !got[[2]int{5, 2}] {
		t.Errorf("%v in %s", got, p.data())
	}
}
