package redact

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
)

var (
	xmlQuoted   = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `"`, `&quot;`, `'`, `&apos;`)
	xmlNumbered = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `"`, `&#34;`, `'`, `&#39;`)
	xmlText     = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`)
	xmlAmp      = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`)
	propsEscape = strings.NewReplacer(`\`, `\\`, `:`, `\:`, `=`, `\=`, `#`, `\#`, `!`, `\!`)
	propsColon  = strings.NewReplacer(`\`, `\\`, `:`, `\:`, `=`, `\=`)
)

// variants lists the forms in which a value travels through texts, itself first.
func variants(v string) []string {
	list := []string{
		v,
		url.QueryEscape(v), url.PathEscape(v), strings.ReplaceAll(url.QueryEscape(v), "+", "%20"),
		xmlQuoted.Replace(v), xmlNumbered.Replace(v), xmlText.Replace(v), xmlAmp.Replace(v),
		propsEscape.Replace(v), propsColon.Replace(v),
		jsonEscape(v, true), jsonEscape(v, false), strings.ReplaceAll(jsonEscape(v, false), "/", `\/`),
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		list = append(list, enc.EncodeToString([]byte(v)), enc.EncodeToString([]byte(v+"\n")))
	}
	list = slices.DeleteFunc(list, func(s string) bool { return len(s) < minLearned })
	slices.Sort(list)
	return slices.Compact(list)
}

// binaryVariants adds UTF-16, in which Java keeps and writes strings.
func binaryVariants(v string) []string {
	var le, be []byte
	for _, u := range utf16.Encode([]rune(v)) {
		le = append(le, byte(u), byte(u>>8))
		be = append(be, byte(u>>8), byte(u))
	}
	return append(variants(v), string(le), string(be))
}

func jsonEscape(v string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if enc.Encode(v) != nil {
		return v
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1]
}
