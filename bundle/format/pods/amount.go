package pods

import (
	"math"
	"strconv"
	"strings"
)

// suffixes of quantities (k8s.io/apimachinery/pkg/api/resource): the longer ones first.
var suffixes = []struct {
	text   string
	factor float64
}{
	{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 1 << 40}, {"Pi", 1 << 50}, {"Ei", 1 << 60},
	{"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18},
}

// Amount reads a quantity, "500m" CPUs or "2Gi" bytes; false: it is none, or there is no such.
func Amount(quantity string) (float64, bool) {
	number, factor := quantity, 1.0
	for _, s := range suffixes {
		if rest, has := strings.CutSuffix(quantity, s.text); has {
			number, factor = rest, s.factor
			break
		}
	}
	if strings.ContainsAny(number, "xXpP_iInN") { // Go's own forms of numbers
		return 0, false
	}
	v, err := strconv.ParseFloat(number, 64)
	v *= factor
	return v, err == nil && v >= 0 && !math.IsInf(v, 0)
}
