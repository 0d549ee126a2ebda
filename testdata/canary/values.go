package canary

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
)

// shapes are how values look, and how sure a place must be for them to be known as secrets.
var shapes = []struct {
	needs sure
	make  func(*rand.Rand) string
}{
	{made, generated},
	{made, generated},
	{made, func(r *rand.Rand) string {
		return generated(r) + generated(r) + generated(r) + generated(r) + generated(r) + generated(r)
	}},
	{made, func(r *rand.Rand) string {
		return generated(r)[:6] + "#" + generated(r)[:5] + "!" + generated(r)[:4] + "~x"
	}},
	{chosen, func(r *rand.Rand) string { return vocable(r) + "-" + strconv.Itoa(1000+r.IntN(9000)) }},
	{chosen, func(r *rand.Rand) string {
		return strings.ToUpper(vocable(r)[:1]) + vocable(r)[1:] + vocable(r) + strconv.Itoa(10+r.IntN(90))
	}},
	{chosen, func(r *rand.Rand) string { return vocable(r) + "_" + vocable(r) + strconv.Itoa(100+r.IntN(900)) }},
	{chosen, func(r *rand.Rand) string { return "Größe" + vocable(r) + strconv.Itoa(1000+r.IntN(9000)) }},
	{anything, func(r *rand.Rand) string { return vocable(r) + " " + vocable(r) + " " + vocable(r) }},
	{anything, func(r *rand.Rand) string {
		return vocable(r) + "&" + generated(r)[:5] + "<" + vocable(r) + "\"" + generated(r)[:6]
	}},
	{anything, func(r *rand.Rand) string { return generated(r) + "\n" + generated(r) }},
}

// generated is what a program makes: letters of both cases and digits.
func generated(r *rand.Rand) string {
	const all = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := []byte{all[r.IntN(49)], all[49+r.IntN(8)]}
	for range 9 {
		b = append(b, all[r.IntN(len(all))])
	}
	return string(append(b, '9', all[r.IntN(49)]))
}

func vocable(r *rand.Rand) string {
	list := strings.Fields("walrus teapot glacier cinder marble puffin sonnet tundra gannet quiver saffron bramble kestrel juniper mosaic pebble")
	return list[r.IntN(len(list))]
}

// quoting is how a value is written at a place.
type quoting int

const (
	bare      quoting = iota // up to the next blank
	raw                      // as it is: ends at NUL
	restLine                 // up to the end of the line
	inQuotes                 // between " that are not escaped: no " within
	inJSON                   // with the escapes of JSON
	inXML                    // with the entities of XML
	inURL                    // a parameter of a URL
	indented                 // lines of their own, indented by two
	inSingles                // of YAML
	plain                    // of YAML
)

var quoters = map[quoting]func(string) (string, bool){
	bare: func(v string) (string, bool) { return v, !strings.ContainsAny(v, " \n\"<&") },
	raw:  func(v string) (string, bool) { return v, true },
	restLine: func(v string) (string, bool) {
		return v, !strings.ContainsAny(v, "\n\\#!")
	},
	inQuotes: func(v string) (string, bool) { return v, !strings.ContainsAny(v, "\n\"") },
	inJSON: func(v string) (string, bool) {
		b, err := json.Marshal(v)
		return string(b[1 : len(b)-1]), err == nil
	},
	inXML: func(v string) (string, bool) {
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(v), true
	},
	inURL: func(v string) (string, bool) {
		return strings.NewReplacer("&", "%26", "<", "%3C", `"`, "%22", " ", "+", "#", "%23", "!", "%21").Replace(v), !strings.Contains(v, "\n")
	},
	indented:  func(v string) (string, bool) { return strings.ReplaceAll(v, "\n", "\n  "), true },
	inSingles: func(v string) (string, bool) { return strings.ReplaceAll(v, "'", "''"), !strings.Contains(v, "\n") },
	plain:     func(v string) (string, bool) { return v, !strings.ContainsAny(v, "\n\"#&!") },
}
