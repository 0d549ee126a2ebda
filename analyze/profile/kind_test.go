package profile

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"
)

func TestKinds(t *testing.T) {
	tests := []struct {
		file  string
		types []string
		stack string
		want  Kind
	}{
		{"", []string{"samples/count", "cpu/nanoseconds"}, "f", CPU},
		{"", []string{"alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"}, "f", Heap},
		{"", []string{"alloc_in_new_tlab_objects/count", "alloc_in_new_tlab_bytes/bytes"}, "f", Alloc},
		{"mutex.pb.gz", []string{"contentions/count", "delay/nanoseconds"}, "f;sync.(*Mutex).Lock", Mutex},
		{`dir\block.pb.gz`, []string{"contentions/count", "delay/nanoseconds"}, "f;sync.(*Mutex).Unlock", Block},
		{"a.pb.gz", []string{"contentions/count", "delay/nanoseconds"}, "f;sync.(*RWMutex).RUnlock", Mutex},
		{"a.pb.gz", []string{"contentions/count", "delay/nanoseconds"}, "f;runtime.chanrecv1", Block},
		{"a.pb.gz", []string{"contentions/count", "delay/nanoseconds"}, "", Lock},
		{"", []string{"goroutine/count"}, "f", Goroutine},
		{"", []string{"threadcreate/count"}, "", ThreadCreate},
		{"", []string{"threads/count", "wall/nanoseconds"}, "f", Wall},
		{"", []string{"apples/count"}, "f", Other},
	}
	for _, tt := range tests {
		values := make([]int64, len(tt.types))
		for i := range values {
			values[i] = 1
		}
		p := newMaker(tt.types...).add(tt.stack, nil, values...).read(t, tt.file)
		if got := p.Main().Kind; got != tt.want {
			t.Errorf("%s %v %q: kind %s, want %s", tt.file, tt.types, tt.stack, got, tt.want)
		}
	}
}

// The count of samples of a CPU profile is CPU as well, and View prefers the amount.
func TestViewPrefersAmount(t *testing.T) {
	p := newMaker("cpu/nanoseconds", "samples/count")
	p.p.PeriodType = p.p.SampleType[0]
	v, ok := p.add("f", nil, 10_000_000, 1).read(t, "").View(CPU)
	if !ok || v.Type != "cpu" || v.Samples() != 1 {
		t.Errorf("view %q with %d samples, %v; want cpu with 1", v.Type, v.Samples(), ok)
	}
	if _, ok := p.read(t, "").View(Heap); ok {
		t.Error("a CPU profile has a heap view")
	}
}

// What the runtime of this Go release writes is recognised, with its own default value.
func TestRuntimeProfiles(t *testing.T) {
	defer runtime.SetMutexProfileFraction(runtime.SetMutexProfileFraction(1))
	runtime.SetBlockProfileRate(1)
	defer runtime.SetBlockProfileRate(0)
	contend()
	for name, want := range map[string]Kind{"heap": Heap, "allocs": Alloc, "goroutine": Goroutine,
		"threadcreate": ThreadCreate, "mutex": Mutex, "block": Block} {
		var buf bytes.Buffer
		if err := pprof.Lookup(name).WriteTo(&buf, 0); err != nil {
			t.Fatal(err)
		}
		p, err := Read(&buf, "", Limits{}) // no name: the content must do
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := p.Main().Kind; got != want {
			t.Errorf("%s: kind %s, want %s", name, got, want)
		}
	}
}

// contend makes one goroutine wait for a mutex that another one holds.
func contend() {
	var mu sync.Mutex
	var wg sync.WaitGroup
	mu.Lock()
	tried, held := make(chan bool), 0
	for range 4 {
		wg.Go(func() { tried <- true; mu.Lock(); held++; mu.Unlock() })
	}
	for range 4 {
		<-tried
	}
	for range 1000 {
		runtime.Gosched()
	}
	mu.Unlock()
	wg.Wait()
}
