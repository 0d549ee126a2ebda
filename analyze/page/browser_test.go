package page

import (
	"context"
	"html"
	"net/url"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"casefile/testdata/faults"
)

// A browser comes in by a link in a file, as --open gives it: its strict cookie is good for the pages that follow, and their
// policies let the report's own style and script run, and nothing complain.
func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser is not started in short mode")
	}
	exe, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: the pages are not looked at in a browser")
	}
	dir := t.TempDir()
	b := serve(t, nil, dumps(t, dir, "sick.txt", faults.All(1)[0].Text))
	b.learn()
	address := html.EscapeString(b.server.Address())
	file := dumps(t, t.TempDir(), "open.html", `<meta http-equiv="refresh" content="0; url=`+address+`">`)

	alloc, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(exe), chromedp.NoSandbox)...)
	defer stop()
	ctx, stopTab := chromedp.NewContext(alloc)
	defer stopTab()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var mu sync.Mutex
	var complaints []string
	if err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		case *cdplog.EventEntryAdded:
			complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx,
		chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()),
		chromedp.WaitVisible(chromedp.CSS("tbody a")),
		chromedp.Click(chromedp.CSS("tbody a")),
		chromedp.WaitVisible(chromedp.CSS("h1")),
	); err != nil {
		t.Fatal(err)
	}
	const scripted = `location.pathname.includes("/report/") && getComputedStyle(document.body).margin === "0px" && typeof uPlot === "function"`
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](scripted, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		t.Errorf("the report has not its style and script: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range complaints {
		t.Errorf("in the browser: %s", c)
	}
}
