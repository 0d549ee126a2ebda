package agent

import (
	"context"
	"net/http"
	"sync"
	"testing"
)

// A bundle comes over a connection of its own from an agent that offers that, and over the one there is from others.
func TestStreamsApart(t *testing.T) {
	for name, hide := range map[string]bool{"offered": false, "by an older agent": true} {
		t.Run(name, func(t *testing.T) {
			s := newScript()
			n := newNode(t, s)
			dir := cluster(t, "n1")
			var mu sync.Mutex
			versions := map[string]int{}
			all := n.Handler()
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				versions[r.URL.Path] = r.ProtoMajor
				mu.Unlock()
				if hide && r.URL.Path == "/v1/hello" {
					reply(w, http.StatusOK, Hello{Name: "n1", Protocol: Protocol})
					return
				}
				all.ServeHTTP(w, r)
			})
			c := dial(t, loadID(t, dir, adminFile), "n1", listen(t, loadID(t, dir, "node-n1.pem"), h, served))
			if _, err := c.Hello(t.Context()); err != nil {
				t.Fatal(err)
			}
			opened := 0
			c.Turn = func(context.Context) (func(), error) { return func() { opened++ }, nil }
			id := begin(t, c)
			s.add(t, "one.txt", noise(1, 500_000))
			s.end()
			got := &kept{}
			if _, err := c.Download(t.Context(), id, 1<<30, got); err != nil {
				t.Fatal(err)
			}
			check(t, got.buf.Bytes())
			mu.Lock()
			defer mu.Unlock()
			want := 1
			if hide {
				want = 2
			}
			if v := versions[capturePath(id, bundlePath)]; v != want || versions["/v1/captures"] != 2 || opened != 1 {
				t.Errorf("HTTP/%d for the bundle, others %v; opened %d times", v, versions, opened)
			}
		})
	}
}
