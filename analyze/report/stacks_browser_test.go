package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	pprof "github.com/google/pprof/profile"

	"casefile/analyze"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
	"casefile/analyze/threads"
	"casefile/testdata/browser"
)

// stackLine is samples of one stack, root first, of a pool.
type stackLine struct {
	pool, stack string
	n           int64
}

// sampledProfile makes a profile of a type with 10 ms, or 10 MB, a sample.
func sampledProfile(kind, unit string, lines ...stackLine) *profile.Profile {
	p := &pprof.Profile{SampleType: []*pprof.ValueType{{Type: "samples", Unit: "count"}, {Type: kind, Unit: unit}}, DefaultSampleType: kind, PeriodType: &pprof.ValueType{Type: kind, Unit: unit}}
	known := map[string]*pprof.Location{}
	for _, l := range lines {
		s := &pprof.Sample{Value: []int64{l.n, 10_000_000 * l.n}, Label: map[string][]string{fromjfr.PoolLabel: {l.pool}}}
		for name := range strings.FieldsSeq(l.stack) {
			loc := known[name]
			if loc == nil {
				fn := &pprof.Function{ID: uint64(len(known) + 1), Name: name}
				loc = &pprof.Location{ID: fn.ID, Line: []pprof.Line{{Function: fn}}}
				known[name] = loc
				p.Function, p.Location = append(p.Function, fn), append(p.Location, loc)
			}
			s.Location = append([]*pprof.Location{loc}, s.Location...)
		}
		p.Sample = append(p.Sample, s)
	}
	return profile.New(p, kind+".pb.gz")
}

// stackedCase is two nodes with dumps and profiles: the second renders macros, the first waits for its directory.
func stackedCase(t *testing.T) (*analyze.Case, *analyze.Result) {
	t.Helper()
	c, r := sampleCluster(t, 2, time.Minute)
	const web = "java.lang.Thread.run org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run org.apache.catalina.core.StandardWrapperValve.invoke "
	var dumps []*threads.Dump
	for i := range 6 {
		text := strings.ReplaceAll(sampleDump(i), `"http-nio-8090-exec-9"`, `"Caesium-1-9"`)
		ds, _, err := threads.ParseAll(fmt.Sprintf("%02d.txt", i+1), strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		ds[0].ZoneKnown = true
		dumps = append(dumps, ds...)
	}
	for i, n := range c.Nodes {
		n.JVMs[0].Dumps = threads.NewSeries(dumps, nil)
		macros, groups := []int64{300, 900}[i], []int64{700, 200}[i]
		n.JVMs[0].Profiles = []*profile.Profile{
			sampledProfile("cpu", "nanoseconds",
				stackLine{"http-nio-8090-exec", web + "com.acme.directory.Groups.of com.acme.directory.GroupCache.refresh com.acme.directory.LdapClient.search", groups},
				stackLine{"http-nio-8090-exec", web + "com.acme.macro.Renderer.render com.acme.macro.Renderer.expand java.util.regex.Pattern$Loop.match", macros},
				stackLine{"Caesium-1", "java.lang.Thread.run com.acme.jobs.Scheduler.run com.acme.search.Indexer.flush", 240}),
			sampledProfile("alloc", "bytes", stackLine{"http-nio-8090-exec", web + "com.acme.macro.Renderer.render java.lang.StringBuilder.toString", macros},
				stackLine{"Caesium-1", "java.lang.Thread.run com.acme.jobs.Scheduler.run java.util.Arrays.copyOf", 100}),
			sampledProfile("lock", "nanoseconds", stackLine{"http-nio-8090-exec", web + "com.acme.directory.Groups.of com.acme.directory.GroupCache.refresh", groups}),
			sampledProfile("wall", "nanoseconds", stackLine{"http-nio-8090-exec", web + "com.acme.directory.LdapClient.search", groups + 200}),
		}
	}
	return c, r
}

// choose sets a control of the stacks.
func (v *visitor) choose(key, value string) {
	v.t.Helper()
	v.run(fmt.Sprintf(`const s = document.querySelector('.stacks select[data-key="%s"]'); s.value = [...s.options].find(o => o.value === %q || o.text.includes(%q)).value; s.dispatchEvent(new Event("change"))`, key, value, value))
}

// frameNamed is a script that finds a frame of the flame graph by its name.
func frameNamed(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".flamebox svg.f")].find(f => f.querySelector("title").textContent.startsWith(%q))`, name)
}

func stacksPage(t *testing.T) *visitor {
	t.Helper()
	c, r := stackedCase(t)
	page := renderHTML(t, c, r, sampleMeta())
	keepPage(t, "stacks.html", page)
	v := browse(t, page)
	v.run(`document.querySelector("#stacks").scrollIntoView({behavior: "instant"})`)
	v.want("the flame graph is drawn", `document.querySelectorAll(".flamebox svg.f").length > 5`)
	return v
}

func TestThreadsOverTimeInBrowser(t *testing.T) {
	v := stacksPage(t)
	chart := func(of string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("figure.plot")].find(f => f.querySelector("strong").textContent === %q)`, of)
	}
	var axes []string // charts that are about as long as the capture have one: zoomed once, they show the same
	for _, title := range []string{"CPU of the machine", "Threads by state"} {
		v.run(chart(title) + `.scrollIntoView({behavior: "instant"})`)
		v.want(title+" is drawn", chart(title)+`.matches(".live")`)
		v.run(chart(title) + `.focus()`)
		v.do(chromedp.KeyEvent("+"))
		v.want("the address has the zoom", `location.hash.includes("from=")`)
		axes = append(axes, eval[string](v, `location.hash`))
		v.do(chromedp.KeyEvent("0"))
		v.want("all is shown", `!location.hash.includes("from=")`)
	}
	if axes[0] != axes[1] {
		t.Errorf("the charts begin with %q", axes)
	}
	for _, title := range []string{"Threads by state", "Busy threads by pool", "Pool http-nio-8090"} {
		v.want(title+" is drawn", fmt.Sprintf(`%s.matches(".live") && !!%s.querySelector("canvas")`, chart(title), chart(title)))
	}
	v.shoot("threads-over-time.png")
	picture := chart("Busy threads by pool") + `.querySelector("canvas").toDataURL()`
	before := eval[string](v, picture)
	v.run(chart("Threads by state") + `.focus()`)
	v.do(chromedp.KeyEvent("+"))
	v.want("the address has the zoom", `location.hash.includes("from=")`)
	v.want("the other chart follows", picture+fmt.Sprintf(` !== %q`, before))
	v.shoot("threads-zoomed.png")
	v.do(chromedp.KeyEvent("0"))
	v.want("all is shown", picture+fmt.Sprintf(` === %q`, before))
	v.run(`const s = document.querySelector("#node"); s.value = "2"; s.dispatchEvent(new Event("change"))`)
	v.want("the filter of nodes hides the other's", chart("Threads by state")+`.closest("section").hidden`)
}

func TestCallTreeInBrowser(t *testing.T) {
	v := stacksPage(t)
	v.shoot("stacks-threads.png")
	v.run(`document.querySelector(".stacks input").focus()`)
	v.do(chromedp.KeyEvent("groupcache"))
	v.want("the calls that match are shown, with how much they are", `document.querySelectorAll(".calls code.match").length > 0 && /% of what is shown/.test(document.querySelector(".callbox .under").textContent)`)
	v.want("frames too", `document.querySelectorAll(".searching svg.f.match").length > 0`)
	if v.is(`document.querySelector(".calls").textContent.includes("Renderer.expand")`) {
		t.Error("a call that no match is below or above is still listed")
	}
	v.run(`const i = document.querySelector(".stacks input"); i.value = ""; i.dispatchEvent(new Event("input"))`)
	v.choose("state", "blocked")
	v.want("by state", `!document.querySelector(".calls").textContent.includes("LdapClient.search") && document.querySelector(".calls").textContent.includes("GroupCache.refresh")`)
	v.run(`const s = document.querySelector("#node"); s.value = "2"; s.dispatchEvent(new Event("change"))`)
	v.want("the page's filter of nodes holds here", `document.querySelector('.stacks select[data-key="where"]').selectedOptions[0].text.includes("wiki-2")`)
}

// The stacks of dumps are those of the dumps within what the page is zoomed into; of others it is said that they are not.
func TestStacksFollowTheZoom(t *testing.T) {
	v := stacksPage(t)
	const shown = `document.querySelector(".shown").textContent`
	sightings := func() int {
		return eval[int](v, `Number(`+shown+`.match(/([\d\u202f]+) sightings/)[1].replace(/\u202f/g, ""))`)
	}
	zoom := func(from, to time.Duration) {
		v.run(fmt.Sprintf(`location.hash = "#from=%d&to=%d"`, began.Add(from).Unix(), began.Add(to).Unix()))
	}
	all := sightings()
	zoom(-5*time.Second, 5*time.Second)
	v.want("one round is left", shown+`.includes("of 1 of 6 rounds")`)
	first := sightings()
	zoom(5*time.Second, 55*time.Second)
	v.want("the others are", shown+`.includes("of 5 of 6 rounds")`)
	if rest := sightings(); first == 0 || first+rest != all {
		t.Errorf("%d and %d sightings, %d in all", first, rest, all)
	}
	v.shoot("stacks-zoomed.png")
	zoom(2*time.Second, 5*time.Second)
	v.want("it is said that there is none, and the next one is shown", shown+`.includes("no dump was taken") && `+shown+`.includes("2 s away")`)
	if got := sightings(); got != first {
		t.Errorf("%d sightings of the next round, want %d", got, first)
	}
	v.choose("stack", "cpu")
	v.want("what has no times says so", shown+`.includes("the zoom does not narrow them") && `+shown+`.includes(" s in all")`)
	v.run(`document.querySelector("#reset").click()`)
	v.want("all is shown", `!`+shown+`.includes("zoom")`)
	v.choose("stack", "threads")
	if got := sightings(); got != all {
		t.Errorf("%d sightings, %d before", got, all)
	}
}

func TestFlameGraphInBrowser(t *testing.T) {
	v := stacksPage(t)
	v.choose("stack", "cpu")
	v.want("cpu", fmt.Sprintf(`!!%s && !!%s`, frameNamed("com.acme.search.Indexer.flush"), frameNamed("com.acme.macro.Renderer.expand")))
	v.choose("pool", "Caesium-1")
	v.want("by pool", fmt.Sprintf(`!!%s && !%s`, frameNamed("com.acme.search.Indexer.flush"), frameNamed("com.acme.macro.Renderer.expand")))
	v.want("the address has it", `/stack=cpu/.test(location.hash) && /pool=\d/.test(location.hash)`)
	v.choose("pool", "all pools")
	v.choose("where", "wiki-2")
	v.choose("against", "wiki-1")
	v.want("what grew and shrank is coloured", fmt.Sprintf(`%s.classList.contains("f2") && %s.classList.contains("f3") && %s.classList.contains("f4")`,
		frameNamed("com.acme.macro.Renderer.expand"), frameNamed("com.acme.directory.GroupCache.refresh"), frameNamed("com.acme.search.Indexer.flush")))
	v.shoot("stacks-against.png")
	v.run(`document.querySelector(".stacks .swap").click()`)
	v.want("the two are swapped", frameNamed("com.acme.macro.Renderer.expand")+`.classList.contains("f3")`)
	v.run(frameNamed("com.acme.macro.Renderer.render") + `.dispatchEvent(new MouseEvent("click", {bubbles: true}))`)
	v.want("a click makes it wide", frameNamed("com.acme.macro.Renderer.render")+`.getAttribute("width") === "100%" && !document.querySelector(".stacks .reset").hidden`)
	v.run(`document.querySelector(".flamescroll").focus()`)
	v.do(chromedp.KeyEvent(kb.ArrowDown))
	v.want("an arrow tells of the frame below", `document.querySelector(".told").textContent.startsWith("com.acme.macro.Renderer.expand: ")`)
	v.do(chromedp.KeyEvent(kb.Escape))
	v.want("all is shown again", `document.querySelector(".stacks .reset").hidden`)
	v.run(`location.hash = "#stack=alloc&node=1"`)
	v.want("a link chooses", fmt.Sprintf(`document.querySelector('.stacks select[data-key="stack"]').value === "alloc" && !!%s`, frameNamed("java.lang.StringBuilder.toString")))
}

// TestStacksLook holds the stacks to their width and to what axe-core knows, in all schemes and widths.
func TestStacksLook(t *testing.T) {
	v := stacksPage(t)
	axe := browser.Axe(t)
	v.choose("stack", "cpu")
	v.choose("where", "wiki-2")
	v.choose("against", "wiki-1")
	for _, scheme := range schemes {
		v.scheme(scheme)
		for _, width := range widths {
			v.size(width, 1500)
			v.run(`document.querySelector("#stacks").scrollIntoView({behavior: "instant"})`)
			v.sideways(fmt.Sprint(scheme, " at ", width))
			v.shoot(fmt.Sprintf("stacks-%d-%s.png", width, scheme))
			if width < 400 {
				v.accessible(fmt.Sprint(scheme, " at ", width), axe)
			}
		}
	}
}

// TestStacksWithoutScript: the first kind is a picture and a tree that opens and closes.
func TestStacksWithoutScript(t *testing.T) {
	c, r := stackedCase(t)
	v := browse(t, renderHTML(t, c, r, sampleMeta()))
	command(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	v.do(chromedp.Reload())
	for _, selector := range []string{".flamebox svg.flame path.f2", ".calls details[open] > summary", ".calls details p.call"} {
		if !v.is(visible(selector)) {
			t.Errorf("%s is not shown without script", selector)
		}
	}
	if v.is(visible(".stacks .tools")) {
		t.Error("controls are shown, and do nothing without script")
	}
	v.run(`document.querySelector("#stacks").scrollIntoView({behavior: "instant"})`)
	v.shoot("stacks-noscript.png")
}

// TestComparedStacksInBrowser: a comparison begins with what changed.
func TestComparedStacksInBrowser(t *testing.T) {
	var page bytes.Buffer
	if err := CompareHTML(&page, comparedPair(t, "shop"), sampleMeta()); err != nil {
		t.Fatal(err)
	}
	v := browse(t, page.Bytes())
	v.run(`document.querySelector("#stacks").scrollIntoView({behavior: "instant"})`)
	v.want("the frame that grew is coloured", `!!(() => { const f = `+frameNamed("com.acme.shop.Sort.step0")+`; return f && f.classList.contains("f2"); })()`)
	v.want("the legend says before", `document.querySelector(".legends").textContent.includes("before")`)
	v.shoot("stacks-compared.png")
	v.run(`document.querySelector(".stacks .swap").click()`)
	v.want("the earlier side is shown", frameNamed("com.acme.shop.Sort.step0")+`.classList.contains("f3") && document.querySelector(".shown").textContent.includes("CPU before")`)
	c, r := stackedCase(t)
	meta := sampleMeta()
	meta.Against = comparedPair(t, "shop")
	v = browse(t, renderHTML(t, c, r, meta))
	v.run(`document.querySelector("#stacks").scrollIntoView({behavior: "instant"})`)
	v.choose("stack", "cpu")
	v.want("what was before can be chosen", `[...document.querySelector('.stacks select[data-key="against"]').options].some(o => o.text.includes("before.tar.zst"))`)
}

// TestProfileInBrowser: the page of an on-demand profile has the same graph, and is held to the same.
func TestProfileInBrowser(t *testing.T) {
	var page bytes.Buffer
	p := manyStacks("cpu", "nanoseconds", 300)
	if err := ProfileHTML(&page, &Profile{Title: "cpu profile of 4711-confluence", View: p.Main()}); err != nil {
		t.Fatal(err)
	}
	v := browse(t, page.Bytes())
	v.want("the flame graph is drawn", `document.querySelectorAll(".flamebox svg.f").length > 100`)
	v.shoot("profile-1440.png")
	v.size(390, 1400)
	v.sideways("profile")
	v.shoot("profile-390.png")
	v.accessible("profile", browser.Axe(t))
	command(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if !v.is(visible(".flamebox svg.f")) || v.is(visible(".tools")) {
		t.Error("paper shows controls, or no flame graph")
	}
	v.shoot("profile-print.png")
}
