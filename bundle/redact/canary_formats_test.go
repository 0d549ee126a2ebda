package redact

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/jfr"
	"casefile/testdata/hostile"

	"github.com/google/pprof/profile"
)

// stringFormats are files that keep strings: each makes one with these texts, and reads the texts of one.
var stringFormats = []struct {
	kind  Kind
	write func(texts []string) []byte
	read  func(t *testing.T, b []byte) []string
}{
	{Pprof, func(texts []string) []byte {
		p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}}, Comments: texts}
		for _, text := range texts {
			p.Sample = append(p.Sample, &profile.Sample{Value: []int64{1}, Label: map[string][]string{"said": {text}}})
		}
		var b bytes.Buffer
		_ = p.Write(&b)
		return b.Bytes()
	}, func(t *testing.T, b []byte) []string {
		p, err := profile.ParseData(b)
		if err != nil {
			t.Fatal(err)
		}
		texts := slices.Clone(p.Comments)
		for _, s := range p.Sample {
			texts = append(texts, s.Label["said"]...)
		}
		return texts
	}},
	{JFR, hostile.Said, func(t *testing.T, b []byte) []string {
		c, err := jfr.NewReader(bytes.NewReader(b), jfr.Limits{}).Next()
		if err != nil || c.Cut != nil || c.LostConstants > 0 {
			t.Fatalf("%v, %+v", err, c)
		}
		var texts []string
		said := c.TypeByName("test.Said")
		if broken := c.Read(func(row *jfr.Row) { texts = append(texts, row.Text(0)) }, said.Select("text")); broken != 0 {
			t.Fatalf("%d events are broken", broken)
		}
		return texts
	}},
}

// Secrets in the strings of a profile or a recording are found wherever they would be found in a line of a log, and the
// file stays readable, with as many strings.
func TestCanariesInFormats(t *testing.T) {
	for _, f := range stringFormats {
		t.Run(f.kind.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			texts, forms := lineCanaries(r)
			in := f.write(texts)
			before := f.read(t, in)
			if !slices.Contains(before, texts[0]) {
				t.Fatalf("%q is not in what was written", texts[0])
			}
			out, err := New(nil).Bytes(f.kind, in)
			if err != nil {
				t.Fatal(err)
			}
			after := f.read(t, out)
			if len(after) != len(before) {
				t.Errorf("%d strings became %d", len(before), len(after))
			}
			all := strings.Join(after, "\n")
			for _, form := range forms {
				if strings.Contains(all, form) {
					t.Errorf("%q is left", form)
				}
			}
			t.Logf("%d strings, %d canaries", len(after), len(forms))
		})
	}
}

// hsperfdata has room for a text a file.
func TestCanariesInCounters(t *testing.T) {
	texts, forms := lineCanaries(rand.New(rand.NewPCG(7, 8)))
	for _, text := range texts {
		if len(text) > 250 {
			continue
		}
		in := hsperfFile("sun.rt.javaCommand", text)
		out, err := New(nil).Bytes(Hsperf, in)
		if err != nil || len(out) != len(in) {
			t.Fatalf("%d bytes of %d, %v", len(out), len(in), err)
		}
		s, err := hsperf.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := s.Str("sun.rt.javaCommand")
		if !ok {
			t.Fatalf("the counter is gone for %q", text)
		}
		for _, form := range forms {
			if strings.Contains(got, form) {
				t.Errorf("%q is left in %q", form, got)
			}
		}
	}
}

// lineCanaries are the canaries that stand in one line.
func lineCanaries(r *rand.Rand) (texts, forms []string) {
	for _, subject := range canarySites {
		if subject.kind != Text {
			continue
		}
		for _, site := range subject.texts {
			text, hidden := fill(site, canary(r), r)
			if !strings.ContainsAny(text, "\n\x00") {
				texts, forms = append(texts, text), append(forms, hidden...)
			}
		}
	}
	return texts, forms
}
