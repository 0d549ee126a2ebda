package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"casefile/analyze"
)

// Styles and scripts as the pages carry them; TestAssetsAreMinified holds assets/min to the sources beside it.
var (
	//go:embed assets/min/style.css
	pageCSS string
	//go:embed assets/min/script.js
	pageJS string
	//go:embed assets/min/stacks.js
	stacksJS string
	//go:embed assets/min/report.js
	reportJS string
	//go:embed assets/uplot/uPlot.iife.min.js
	plotJS string
	//go:embed assets/uplot/uPlot.min.css
	plotCSS string
	//go:embed assets/uplot/LICENSE
	plotLicense string
)

// fenced is a style or script of the page. CDATA keeps the page well-formed as XML; browsers see comments.
func fenced(parts ...string) string { return "/*<![CDATA[*/" + strings.Join(parts, "\n") + "/*]]>*/" }

// What the report has next to the other pages: charts that can be zoomed into.
var (
	reportStyle  = fenced(plotCSS, pageCSS)
	reportScript = fenced("/* uPlot:\n"+plotLicense+"*/", plotJS, pageJS, stacksJS, reportJS)
)

// HTML writes the report: one file that needs nothing from outside and may do
// nothing but what its own style and script, named by their hashes, do.
func HTML(w io.Writer, c *analyze.Case, r *analyze.Result, m Meta) error {
	return writePage(w, newView(c, r, &m).node())
}

var breakAfter = strings.NewReplacer(".", ".<wbr/>", "/", "/<wbr/>", "$", "$<wbr/>", "_", "_<wbr/>")

// breaks lets a long name break where a reader would.
func breaks(s string) template.HTML { return template.HTML(breakAfter.Replace(esc(s))) }

// headBlocks are the policy, style and script of a page.
func headBlocks() template.HTML {
	return headOf(fenced(pageCSS), fenced(pageJS, stacksJS))
}

func reportHead() template.HTML { return headOf(reportStyle, reportScript) }

func headOf(style, script string) template.HTML {
	policy := "default-src 'none'; style-src " + hashOf(style) + "; script-src " + hashOf(script)
	return template.HTML(`<meta http-equiv="Content-Security-Policy" content="` + policy + `; base-uri 'none'; form-action 'none'"/>` +
		"\n<style>" + style + "</style>\n<script>" + script + "</script>")
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// cleanPage replaces in the finished page what clean would; markup has none of it.
func cleanPage(page string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || printable(r) {
			return r
		}
		return '\ufffd'
	}, page)
}
