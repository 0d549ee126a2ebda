package profile

import (
	"cmp"
	"maps"
	"slices"

	pprof "github.com/google/pprof/profile"
)

// maxLabelValues bounds the values kept of one label, largest first.
const maxLabelValues = 100

// Label is one string label of a profile with its values, largest first.
type Label struct {
	Key    string       `json:"key"`
	Values []LabelValue `json:"values"`
	// Distinct is how many values there are, also those not listed.
	Distinct int `json:"distinct"`
}

// LabelValue is what the samples with one value of a label sum up to. Samples
// without the label have Value "".
type LabelValue struct {
	Value string  `json:"value"`
	Total int64   `json:"total"`
	Pct   float64 `json:"pct"`
}

// Labels sums up the view by each of its string labels, in order of their keys.
func (v View) Labels() []Label {
	keys := map[string]map[string]int64{}
	for _, s := range v.samples {
		for key := range s.Label {
			if keys[key] == nil {
				keys[key] = map[string]int64{}
			}
		}
	}
	total := v.Total()
	for _, s := range v.samples {
		for key, sums := range keys {
			value := labelOf(s, key)
			sums[value] = add(sums[value], abs(s.Value[v.index]))
		}
	}
	var labels []Label
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		l := Label{Key: clean(key), Distinct: len(keys[key])}
		for value, sum := range keys[key] {
			l.Values = append(l.Values, LabelValue{Value: clean(value), Total: sum, Pct: percent(sum, total)})
		}
		slices.SortFunc(l.Values, func(a, b LabelValue) int {
			return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Value, b.Value))
		})
		l.Values = l.Values[:min(len(l.Values), maxLabelValues)]
		labels = append(labels, l)
	}
	return labels
}

func labelOf(s *pprof.Sample, key string) string {
	if values := s.Label[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Focus keeps the samples whose label key has one of the values. The value ""
// stands for samples without that label.
func (v View) Focus(key string, values ...string) View {
	var kept []*pprof.Sample
	for _, s := range v.samples {
		if slices.Contains(values, labelOf(s, key)) {
			kept = append(kept, s)
		}
	}
	v.samples = kept
	return v
}
