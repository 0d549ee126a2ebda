package fromjfr

import (
	"strings"
	"testing"
	"time"

	"casefile/analyze/jfr"
	"casefile/analyze/profile"
)

// Threads in native code are counted with what they wait for, and are in no profile of CPU or time.
func TestNative(t *testing.T) {
	rec := &jfr.Recording{Source: "r.jfr", Covered: time.Minute, Threads: []jfr.Thread{{}}, Stacks: []jfr.Stack{{}}, Texts: []string{"", "STATE_RUNNABLE"}, Spans: []jfr.Span{{}}}
	want := map[string]string{}
	for i, s := range []struct {
		thread, wait, stack string
		count               int64
	}{
		{"http-nio-8080-Poller", "idle", "sun.nio.ch.EPoll.wait sun.nio.ch.EPollSelectorImpl.doSelect org.apache.tomcat.util.net.NioEndpoint$Poller.run java.lang.Thread.run", 50},
		{"http-nio-8080-exec-1", "socket read", "sun.nio.ch.Net.poll sun.nio.ch.NioSocketImpl.park sun.nio.ch.NioSocketImpl.timedRead java.net.Socket$SocketInputStream.read shop.Client.fetch shop.Prices.of shop.Shop.buy shop.ShopServlet.doGet javax.servlet.http.HttpServlet.service org.apache.catalina.core.StandardWrapperValve.invoke org.apache.coyote.http11.Http11Processor.service org.apache.tomcat.util.net.SocketProcessorBase.run java.util.concurrent.ThreadPoolExecutor$Worker.run java.lang.Thread.run", 30},
		{"http-nio-8080-exec-2", "none known", "shop.Codec.encode0 shop.Shop.buy java.lang.Thread.run", 20},
	} {
		var frames []jfr.Frame
		for _, name := range strings.Fields(s.stack) {
			at := strings.LastIndex(name, ".")
			frames = append(frames, jfr.Frame{Function: int32(len(rec.Functions)), Line: 1})
			rec.Functions = append(rec.Functions, jfr.Function{Class: name[:at], Method: name[at+1:]})
		}
		rec.Threads = append(rec.Threads, jfr.Thread{Name: s.thread})
		rec.Stacks = append(rec.Stacks, jfr.Stack{Frames: frames})
		rec.Samples = append(rec.Samples, jfr.Sample{Kind: jfr.Native, Stack: int32(i + 1), Thread: int32(i + 1), State: 1, Count: s.count})
		want[s.thread] = s.wait
	}
	list, err := Profiles(rec)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d profiles, %v", len(list), err)
	}
	v, ok := list[0].View(profile.Native)
	if !ok || v.Total() != 100 || list[0].Main().Kind != profile.Native || list[0].Raw().Period != 0 {
		t.Errorf("%v, total %d, kind %v", ok, v.Total(), list[0].Main().Kind)
	}
	for _, s := range list[0].Raw().Sample {
		if got := s.Label[WaitLabel]; len(got) != 1 || got[0] != want[s.Label[ThreadLabel][0]] {
			t.Errorf("%v: waits for %q, want %q", s.Label[ThreadLabel], got, want[s.Label[ThreadLabel][0]])
		}
	}
}
