package pods

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

const answers = "../../../testdata/kubernetes/"

func TestAmount(t *testing.T) {
	for text, want := range map[string]float64{"500m": 0.5, "2": 2, "2Gi": 2 << 30, "128974848": 128974848, "129M": 129e6, "1e3": 1000, "1.5": 1.5, "100n": 1e-7, "1E": 1e18, "2Ei": 2 << 60} {
		if got, ok := Amount(text); !ok || math.Abs(got-want) > 1e-9*want {
			t.Errorf("%s: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "Gi", "-1", "0x10", "1_000", "Inf", "NaN", "1e999", "2 Gi", "two"} {
		if got, ok := Amount(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

// What is long or many is cut, and can still be read.
func TestBounds(t *testing.T) {
	p := Pod{Metadata: Metadata{Name: "web"}, Status: Status{Message: strings.Repeat("é", maxText)}}
	for range 2 * maxList {
		p.Status.Containers = append(p.Status.Containers, ContainerStatus{Name: "app"})
	}
	text, err := PodEntry(p, "app", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadPod(bytes.NewReader(text))
	if err != nil || len(s.Pod.Status.Message) > maxText+3 || len(s.Pod.Status.Containers) != maxList || s.Container != "app" {
		t.Errorf("%v: %+v", err, s)
	}
	var events []Event
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for k := range MaxEvents + 5 {
		events = append(events, Event{Reason: "BackOff", Last: at.Add(time.Duration(MaxEvents-k) * time.Minute)})
	}
	if text, err = EventsEntry(events, at); err != nil {
		t.Fatal(err)
	}
	l, err := ReadEvents(bytes.NewReader(text))
	if err != nil || len(l.Events) != MaxEvents || l.LeftOut != 5 || !l.Events[MaxEvents-1].Last.Equal(at.Add(MaxEvents*time.Minute)) {
		t.Errorf("%v: %d events, %d left out", err, len(l.Events), l.LeftOut)
	}
}

// Entries of a newer version are refused by name, not misread.
func TestNewerVersion(t *testing.T) {
	if _, err := ReadPod(strings.NewReader(`{"version":2}`)); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("%v", err)
	}
}

// Whatever an API server answers, and whatever stands in an entry, is read or refused, and what was read can be written.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"pods.json", "events.json", "nodes.json"} {
		text, err := os.ReadFile(answers + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"version":1,"pod":{"status":{"containerStatuses":[{"state":{"terminated":null}}]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if list, err := FromAPI[Pod](text); err == nil {
			for _, p := range list {
				written, err := PodEntry(p, "", time.Time{})
				if err != nil {
					continue // a year that JSON does not have
				}
				if _, err := ReadPod(bytes.NewReader(written)); err != nil && len(written) <= MaxEntry {
					t.Errorf("%v: %s", err, written)
				}
			}
		}
		_, _ = FromAPI[Event](text)
		_, _ = FromAPI[Machine](text)
		_, _ = ReadPod(bytes.NewReader(text))
		_, _ = ReadEvents(bytes.NewReader(text))
		_, _ = ReadMachine(bytes.NewReader(text))
	})
}

// An event of a newer reporter has its count and its last time in a series, as the API server gives it.
func TestSeriesOfEvents(t *testing.T) {
	list, err := FromAPI[Event]([]byte(`{"kind":"Event","apiVersion":"v1","reason":"Unhealthy","eventTime":"2026-11-28T23:00:00.000000Z","firstTimestamp":null,"lastTimestamp":null,
		"series":{"count":7,"lastObservedTime":"2026-11-28T23:05:00.000000Z"},"involvedObject":{"kind":"Pod","name":"web-0"}}`))
	if err != nil || len(list) != 1 {
		t.Fatalf("%v: %d events", err, len(list))
	}
	text, err := EventsEntry(list, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadEvents(bytes.NewReader(text))
	if err != nil || len(read.Events) != 1 {
		t.Fatalf("%v: %+v", err, read)
	}
	if e := read.Events[0]; e.Times() != 7 || !e.At().Equal(time.Date(2026, 11, 28, 23, 5, 0, 0, time.UTC)) {
		t.Errorf("%d times, last at %v", e.Times(), e.At())
	}
}
