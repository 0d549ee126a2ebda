package page

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"html"
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
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"casefile/testdata/browser"
	"casefile/testdata/faults"
)

var preview = flag.String("preview", "", "write pictures of the pages into this folder, to look at")

// visitor is a browser that was let in.
type visitor struct {
	*testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	foreign    []string // requests for anything but the server
}

// visit opens the pages of a server as --open does: by a link in a file.
func visit(b *serving) *visitor {
	b.Helper()
	exe := browser.Chromium(b.T)
	address := html.EscapeString(b.server.Address())
	file := dumps(b.T, b.TempDir(), "open.html", `<meta http-equiv="refresh" content="0; url=`+address+`">`)
	alloc, stop := chromedp.NewExecAllocator(b.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(exe), chromedp.NoSandbox)...)
	b.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(alloc)
	b.Cleanup(stopTab)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	b.Cleanup(cancel)
	v := &visitor{T: b.T, ctx: ctx}
	if err := chromedp.Listen(ctx, v.note); err != nil {
		b.Fatal(err)
	}
	command(v, cdplog.Enable, cdp.Empty{})
	command(v, network.Enable, network.EnableParams{})
	v.do(chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()), chromedp.WaitVisible(chromedp.CSS("tbody a")))
	b.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, c := range append(v.complaints, v.foreign...) {
			b.Errorf("in the browser: %s", c)
		}
	})
	return v
}

func (v *visitor) note(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		v.complaints = append(v.complaints, e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		v.complaints = append(v.complaints, e.Entry.Text+" "+e.Entry.URL)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "file" && u.Hostname() != "127.0.0.1" {
			v.foreign = append(v.foreign, "request for "+e.Request.URL)
		}
	}
}

func (v *visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.Fatal(err)
	}
}

func command[P, R any](v *visitor, c cdp.Command[P, R], params P) R {
	v.Helper()
	r, err := chromedp.Call(v.ctx, c, params)
	if err != nil {
		v.Fatal(err)
	}
	return r
}

func eval[T any](v *visitor, script string) T {
	v.Helper()
	out, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		v.Fatalf("%.100s: %v", script, err)
	}
	return out
}

func (v *visitor) want(what, condition string) {
	v.Helper()
	if _, err := chromedp.Run(v.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		v.Errorf("%s: %v", what, err)
	}
}

// look holds the page that is open to its width and to what axe-core knows, in both schemes.
func (v *visitor) look(name string) {
	v.Helper()
	for _, scheme := range []string{"light", "dark"} {
		command(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		for _, width := range []int64{1440, 390} {
			command(v, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600})
			at := fmt.Sprintf("%s, %s at %d", name, scheme, width)
			if *preview != "" {
				picture, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					v.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(*preview, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), picture, 0o600); err != nil {
					v.Fatal(err)
				}
			}
			if over := eval[int64](v, `document.documentElement.scrollWidth`) - width; over > 0 {
				v.Errorf("%s: the page scrolls sideways by %d", at, over)
			}
			eval[int](v, browser.Axe(v.T))
			var list []browser.Violation
			if err := json.Unmarshal([]byte(eval[string](v, browser.Violations)), &list); err != nil {
				v.Fatal(err)
			}
			for _, x := range list {
				v.Errorf("%s: %s: %s\n%s", at, x.ID, x.Help, strings.Join(x.Nodes, "\n"))
			}
		}
	}
	command(v, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
}

// All pages in a browser, from the list to a report, a comparison and a search, by keyboard: nothing complains, nothing is
// asked for elsewhere, each fits a phone and breaks no rule of accessibility. Names are text.
func TestInABrowser(t *testing.T) {
	dir := t.TempDir()
	f := faults.All(1)[0]
	name := `<b onload=x>"sick" ` + strings.Repeat("W", 150) + ".txt"
	b := serve(t, nil, dumps(t, dir, name, f.Text), dumps(t, dir, "healthy.txt", f.Twin))
	b.learn()
	v := visit(b)
	v.want("names are text", `document.querySelectorAll("b").length === 0 && document.body.textContent.includes("<b onload=x>")`)
	v.look("list")

	tabTo := func(selector string) {
		t.Helper()
		for range 20 {
			v.do(chromedp.KeyEvent(kb.Tab))
			if eval[bool](v, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
				return
			}
		}
		t.Fatalf("the tab key does not come to %s", selector)
	}
	tabTo(`input[type="search"]`)
	v.want("what has the focus shows it", `getComputedStyle(document.activeElement).outlineStyle !== "none"`)
	place := f.Places[0][strings.LastIndex(f.Places[0], ".")+1:]
	v.do(chromedp.KeyEvent(place+kb.Enter), chromedp.WaitVisible(chromedp.CSS(".hits a")))
	found := eval[string](v, `location.href`)
	v.want("the search finds it", `document.querySelectorAll(".hits a").length === 1 && document.querySelectorAll("b").length === 0`)
	v.look("search")

	tabTo(".hits a")
	v.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS("section.actions")))
	v.want("it is open at the finding", `location.hash === "#finding-1" && !!document.querySelector("#finding-1")`)
	v.want("the report has its style and script", `location.pathname.includes("/report/") && getComputedStyle(document.body).margin === "0px" && typeof uPlot === "function"`)
	v.do(chromedp.Navigate(found), chromedp.WaitVisible(chromedp.CSS(".hits a")))

	tabTo("form[action=compare] button")
	v.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(".kicker")))
	v.want("the comparison shows", `location.pathname.endsWith("/compare")`)
	v.look("compare")
}
