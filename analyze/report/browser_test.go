package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"casefile/testdata/browser"
)

// visitor is a browser with one page open, that notes what goes wrong in it.
type visitor struct {
	t   *testing.T
	ctx context.Context
	url string

	width int64 // of the window

	mu     sync.Mutex
	errors []string
}

// browse opens a page from a file.
func browse(t *testing.T, html []byte) *visitor {
	t.Helper()
	exe := browser.Chromium(t)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, html, 0o600); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(exe), chromedp.NoSandbox)
	alloc, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(alloc)
	t.Cleanup(stopTab)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	v := &visitor{t: t, ctx: ctx, url: (&url.URL{Scheme: "file", Path: file}).String()}
	if err := chromedp.Listen(ctx, v.note); err != nil {
		t.Fatal(err)
	}
	command(v, network.Enable, network.EnableParams{})
	command(v, cdplog.Enable, cdp.Empty{})
	v.size(1440, 900)
	v.do(chromedp.Navigate(v.url))
	t.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, e := range v.errors {
			t.Errorf("in the browser: %s", e)
		}
	})
	return v
}

// note keeps errors, and requests for anything but the page.
func (v *visitor) note(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		v.errors = append(v.errors, fmt.Sprint(e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception))
	case *cdplog.EventEntryAdded:
		v.errors = append(v.errors, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if address, _, _ := strings.Cut(e.Request.URL, "#"); address != v.url {
			v.errors = append(v.errors, "request for "+e.Request.URL)
		}
	}
}

func (v *visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.t.Fatal(err)
	}
}

// command sends a command of the protocol.
func command[P, R any](v *visitor, c cdp.Command[P, R], params P) R {
	v.t.Helper()
	r, err := chromedp.Call(v.ctx, c, params)
	if err != nil {
		v.t.Fatal(err)
	}
	return r
}

// eval runs a script in the page and gives its value.
func eval[T any](v *visitor, script string) T {
	v.t.Helper()
	out, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		v.t.Fatalf("%s: %v", cut(script, 200), err)
	}
	return out
}

// run runs a script for what it does.
func (v *visitor) run(script string) {
	v.t.Helper()
	eval[int](v, "(() => {"+script+"})(), 0")
}

func (v *visitor) is(condition string) bool {
	v.t.Helper()
	return eval[bool](v, condition)
}

// want polls until a condition of the page holds.
func (v *visitor) want(what, condition string) {
	v.t.Helper()
	if _, err := chromedp.Run(v.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		v.t.Errorf("%s: %v", what, err)
	}
}

func (v *visitor) size(width, height int64) {
	v.t.Helper()
	v.width = width
	command(v, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1,
		Mobile: width < 600})
}

// scheme sets the colours that the system wants.
func (v *visitor) scheme(name string) {
	v.t.Helper()
	command(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
}

// sideways holds the page to its width.
func (v *visitor) sideways(name string) {
	v.t.Helper()
	// A phone shows a page that is too wide at a smaller scale: its window then is as wide as the page.
	if over := eval[int64](v, `document.documentElement.scrollWidth`) - v.width; over > 0 {
		wide := eval[string](v, fmt.Sprintf("const WIDTH = %d; ", v.width)+`[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > WIDTH + 1 && !e.closest(".scroll, pre, .flamescroll")).slice(0, 5).map(e => e.outerHTML.slice(0, 120)).join("\n")`)
		v.t.Errorf("%s: the page scrolls sideways by %v:\n%s", name, over, wide)
	}
}

// shoot keeps a picture of what is shown where the developer asks for it, see keepPage.
func (v *visitor) shoot(name string) {
	v.t.Helper()
	if *preview == "" {
		return
	}
	picture, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		v.t.Fatal(err)
	}
	keepPage(v.t, name, picture)
}

func samplePage(t *testing.T) []byte {
	t.Helper()
	c, r := sampleCase(t)
	return renderHTML(t, c, r, sampleMeta())
}

// visible is a script's condition: an element is there and takes room.
func visible(selector string) string {
	return fmt.Sprintf(`(() => { const e = document.querySelector(%q); return !!e && e.getClientRects().length > 0; })()`, selector)
}

func TestFirstScreenWithoutScript(t *testing.T) {
	v := browse(t, samplePage(t))
	command(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	v.do(chromedp.Reload())
	for _, selector := range []string{"h1", ".verdict", ".scope", ".actions li .plain", ".figure .value", "svg.heat", ".covered table", "figure svg.chart", "details.consequence > summary"} {
		if !v.is(visible(selector)) {
			t.Errorf("%s is not shown without script", selector)
		}
	}
	for _, selector := range []string{".bar", "button.copy", ".heatrow button", ".uplot"} {
		if v.is(visible(selector)) {
			t.Errorf("%s is shown, and does nothing without script", selector)
		}
	}
	if bottom := eval[float64](v, `document.querySelector(".actions li").getBoundingClientRect().bottom`); bottom > 900 {
		t.Errorf("the first action ends at %v of a screen of 900", bottom)
	}
	v.shoot("noscript.png")
}

func TestReportInBrowser(t *testing.T) {
	v := browse(t, samplePage(t))
	v.run(`document.querySelectorAll("figure.plot").forEach(f => f.scrollIntoView())`)
	v.run(`document.querySelector("figure.plot").scrollIntoView()`)
	v.want("the first chart is drawn", `!!document.querySelector("figure.plot.live .uplot canvas")`)

	t.Run("heat map", func(t *testing.T) {
		v.run(`document.querySelector(".heatrow").scrollIntoView()`)
		v.run(`document.querySelectorAll(".heatrow")[0].querySelectorAll(".bin")[20].dispatchEvent(new MouseEvent("click", {bubbles: true}))`)
		v.want("the address says what is shown", `location.hash.includes("node=1") && location.hash.includes("from=")`)
		v.want("the other node's section is hidden", `document.querySelector("#jvm-2-1").hidden && !document.querySelector("#jvm-1-1").hidden`)
		v.want("what is shown is said", `/\d\d:\d\d:\d\d – /.test(document.querySelector("#zoomed").textContent)`)
		v.run(`document.querySelector("#reset").click()`)
		v.want("all is shown again", `!document.querySelector("#jvm-2-1").hidden && !location.hash.includes("node")`)
	})
	t.Run("heat map by keyboard", func(t *testing.T) {
		v.run(`document.querySelector("svg.heat").focus()`)
		v.do(chromedp.KeyEvent(kb.ArrowRight))
		v.want("an arrow chooses a moment", `document.querySelectorAll(".bin.chosen").length === 1 && location.hash.includes("from=")`)
		v.run(`document.querySelector("#reset").click()`)
	})
	t.Run("node filter", func(t *testing.T) {
		v.run(`const s = document.querySelector("#node"); s.value = "2"; s.dispatchEvent(new Event("change"))`)
		v.want("findings of other nodes are hidden", `document.querySelector("#finding-1").hidden`)
		v.run(`document.querySelector("#reset").click()`)
		v.want("and shown again", `!document.querySelector("#finding-1").hidden`)
	})
	t.Run("linked zoom", func(t *testing.T) {
		v.run(`document.querySelectorAll("figure.plot.live")[1].focus()`)
		before := eval[string](v, axisOf(0))
		v.do(chromedp.KeyEvent("+"))
		v.want("the address has the zoom", `location.hash.includes("from=")`)
		if eval[string](v, axisOf(0)) == before {
			t.Error("another chart shows the same before and after the zoom")
		}
		v.do(chromedp.KeyEvent("0"))
		v.want("all is shown", `!location.hash.includes("from=")`)
	})
	t.Run("drawer and deep link", func(t *testing.T) {
		v.run(`location.hash = "#finding-2"`)
		v.want("the consequence and its drawer open", `document.querySelector("#finding-2").open && document.querySelector("#finding-2 .drawer").open`)
		v.run(`location.hash = "#node=2"`)
		v.want("a link to a node filters", `document.querySelector("#node").value === "2"`)
		command(v, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Pacific/Auckland"})
		v.run(`location.hash = "#zone=local"`)
		v.want("the map's times follow", `document.querySelector(".zone").textContent === "local"`)
		v.want("sentences follow", `document.querySelector("dd[data-from]").textContent.startsWith("2026-03-04 23:15:28 – 23:16:32 Pacific/Auckland (64") && !/\d UTC/.test(document.querySelector(".heatrow .sub").textContent)`)
		v.run(`location.hash = "#zone=utc"`)
		v.want("and back", `document.querySelector("dd[data-from]").textContent.startsWith("2026-03-04 10:15:28 – 10:16:32 UTC")`)
		v.run(`location.hash = "#zone=local"`)
		v.want("a link sets the zone", `document.querySelector("#zone").value === "local" && document.querySelector("#node").value === ""`)
	})
	t.Run("colours", func(t *testing.T) {
		v.run(`const s = document.querySelector("#theme"); s.value = "dark"; s.dispatchEvent(new Event("change"));`)
		v.want("dark", `getComputedStyle(document.body).backgroundColor === "rgb(20, 23, 26)"`)
		v.run(`const s = document.querySelector("#theme"); s.value = "light"; s.dispatchEvent(new Event("change"));`)
		v.want("light", `getComputedStyle(document.body).backgroundColor === "rgb(246, 246, 244)"`)
	})
	t.Run("copy", func(t *testing.T) {
		v.run(`document.querySelector(".actions button.copy").click()`)
		v.want("the button says so", `document.querySelector(".actions button.copy").textContent === "Copied"`)
	})
	t.Run("print", func(t *testing.T) {
		pdf := command(v, cdppage.PrintToPDF, cdppage.PrintToPDFParams{}).Data
		if !bytes.HasPrefix(pdf, []byte("%PDF")) {
			t.Error("it does not print")
		}
		command(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		if !v.is(visible("figure.live svg.chart")) || v.is(visible(".bar")) {
			t.Error("paper shows controls, or no charts")
		}
		const shapes = `[...document.querySelectorAll("svg.chart, svg.spark")].filter(s => s.getClientRects().length > 0).flatMap(s => [...s.querySelectorAll("path, rect, circle, line, text")])`
		if n := eval[int](v, shapes+`.length`); n < 100 {
			t.Errorf("%d shapes in the charts on paper", n)
		}
		if n := eval[int](v, shapes+`.filter(e => getComputedStyle(e).display === "none").length`); n > 0 {
			t.Errorf("%d shapes of charts are hidden on paper", n)
		}
		command(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	})
}

// axisOf is a script that gives what the canvas of a chart shows.
func axisOf(i int) string {
	return fmt.Sprintf(`document.querySelectorAll("figure.plot.live canvas")[%d].toDataURL()`, i)
}

// schemes and widths that the page is looked at in.
var (
	schemes = []string{"light", "dark"}
	widths  = []int64{1440, 412, 390}
)

// TestReportLooks holds the page to its width, and to what axe-core knows of accessibility.
func TestReportLooks(t *testing.T) {
	v := browse(t, samplePage(t))
	axe := browser.Axe(t)
	for _, scheme := range schemes {
		v.scheme(scheme)
		for _, width := range widths {
			v.size(width, 900)
			v.do(chromedp.Reload())
			name := fmt.Sprintf("%s at %d", scheme, width)
			v.shoot(fmt.Sprintf("report-%d-%s.png", width, scheme))
			v.sideways(name)
			v.run(`document.querySelectorAll("details").forEach(d => { d.open = true })`)
			v.sideways(name + ", all open")
			v.run(`document.querySelectorAll("figure.plot").forEach(f => f.scrollIntoView({behavior: "instant"}))`)
			v.want("charts are drawn", `!!document.querySelector("figure.plot.live")`)
			v.accessible(name, axe)
		}
	}
}

// accessible reports what axe-core finds wrong with the page.
func (v *visitor) accessible(name, axe string) {
	v.t.Helper()
	eval[int](v, axe)
	var list []browser.Violation
	if err := json.Unmarshal([]byte(eval[string](v, browser.Violations)), &list); err != nil {
		v.t.Fatal(err)
	}
	for _, x := range list {
		v.t.Errorf("%s: %s: %s\n%s", name, x.ID, x.Help, strings.Join(x.Nodes, "\n"))
	}
}

// TestHostileNamesInBrowser: whatever a case holds is text.
func TestHostileNamesInBrowser(t *testing.T) {
	c, r := hostileCase(t)
	long := strings.Repeat("W\u202e<b>", 2500)
	c.Nodes[0].Name = long
	r.Findings[0].Nodes = []string{long}
	v := browse(t, renderHTML(t, c, r, Meta{Title: hostile, BundleName: hostile}))
	v.run(`document.querySelector("#stacks").scrollIntoView({behavior: "instant"})`)
	v.want("a hostile frame is text", `[...document.querySelectorAll(".flamebox svg.f title, .calls code")].filter(e => e.textContent.includes("<img src=x onerror=y>")).length > 1`)
	for _, selector := range []string{"b", "img", "script:not([type])~script:not([type])"} {
		if n := eval[int](v, fmt.Sprintf(`document.querySelectorAll(%q).length`, selector)); n != 0 {
			t.Errorf("%d elements %s", n, selector)
		}
	}
	for _, width := range widths {
		v.size(width, 900)
		v.sideways(fmt.Sprint("at ", width))
	}
	v.shoot("hostile.png")
}
