package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	pprof "github.com/google/pprof/profile"

	"casefile/analyze"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
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
	for i, n := range c.Nodes {
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

// TestStacksLook keeps pictures of the stacks in all schemes and widths.
func TestStacksLook(t *testing.T) {
	v := stacksPage(t)
	v.choose("stack", "cpu")
	v.choose("where", "wiki-2")
	for _, scheme := range schemes {
		v.scheme(scheme)
		for _, width := range widths {
			v.size(width, 1500)
			v.run(`document.querySelector("#stacks").scrollIntoView({behavior: "instant"})`)
			v.sideways(fmt.Sprint(scheme, " at ", width))
			v.shoot(fmt.Sprintf("stacks-%d-%s.png", width, scheme))
		}
	}
}
