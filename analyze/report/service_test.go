package report

import (
	"bytes"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/profile"
	"casefile/analyze/threads"
)

const goroutineDump = `goroutine 1 [IO wait, 3 minutes]:
net.(*netFD).accept(0xc000130000)
	/usr/local/go/src/net/fd_unix.go:172 +0x29
main.main()
	/srv/app/main.go:21 +0x1d

goroutine 34 [semacquire, 2 minutes]:
sync.runtime_SemacquireMutex(0xc00001c0a8?, 0x0?, 0x1?)
	/usr/local/go/src/runtime/sema.go:95 +0x25
example.org/shop/cart.(*Store).Add(0xc00001c0a0)
	/srv/app/cart/store.go:44 +0x5a
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3285 +0x4b4

`

func TestServicePage(t *testing.T) {
	dumps, sum, err := threads.ParseAll("nodes/a/go/shop/goroutines/01.txt", strings.NewReader(goroutineDump))
	if err != nil {
		t.Fatal(err)
	}
	s := threads.NewSeries(dumps, nil)
	n := &analyze.Node{Name: "a"}
	n.Services = []*analyze.Service{{Node: n, Target: "shop", Name: "shop", Goroutines: s, DumpInfo: []threads.Summary{sum},
		Profiles: []*profile.Profile{profile.New(s.Profile(), "nodes/a/go/shop/profiles/wall.pb.gz")},
		Process:  sampleSeries(t, "proc", func(i int) map[string]float64 { return map[string]float64{"cpu_user_seconds": float64(i) / 3} })}}
	c := &analyze.Case{Nodes: []*analyze.Node{n}}
	page := renderHTML(t, c, &analyze.Result{}, Meta{})
	keepPage(t, "service.html", page)
	for _, want := range []string{"Goroutines", "wall.pb.gz", "(*Store).Add", "CPU of the process", `href="#service-1-1"`} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	doc := NewDocument(c, &analyze.Result{})
	if len(doc.Threads) != 1 || doc.Threads[0].Threads != 2 || doc.Threads[0].Source != "nodes/a/go/shop/goroutines/01.txt" {
		t.Errorf("threads: %+v", doc.Threads)
	}
	if len(doc.Profiles) != 1 || doc.Profiles[0].Source != "nodes/a/go/shop/profiles/wall.pb.gz" || len(doc.Profiles[0].Top) == 0 {
		t.Errorf("profiles: %+v", doc.Profiles)
	}
}
