package applog

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The newest requests are kept, with their class, time and failure.
func TestNewest(t *testing.T) {
	log := `10.0.0.1 - - [05/Jan/2026:10:00:00 +0000] "GET /rest/api/item/17?os_username=x HTTP/1.1" 200 512 40
10.0.0.1 - - [05/Jan/2026:10:00:01 +0000] "POST /rest/api/item/99 HTTP/1.1" 500 512 60
10.0.0.1 - - [05/Jan/2026:10:00:01 +0000] "GET / HTTP/1.1" 200 512 5
10.0.0.1 - - [05/Jan/2026:10:00:02 +0000] "GET /pages/viewpage.action HTTP/1.1" 304 - 7
`
	a, err := ReadAccess("access.log", strings.NewReader(log), Known())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range a.Newest() {
		got = append(got, fmt.Sprintf("%s %s %v %v", r.Ended.UTC().Format(time.TimeOnly), r.Class, r.Took, r.Failed))
	}
	want := "10:00:00 /rest/api/item 40ms false|10:00:01 /rest/api/item 60ms true|10:00:01 / 5ms false|10:00:02 /pages/viewpage.action 7ms false"
	if strings.Join(got, "|") != want {
		t.Errorf("%s", strings.Join(got, "|"))
	}
}

// A log of many requests and many paths stays within bounds, and keeps the end.
func TestNewestIsBounded(t *testing.T) {
	var b strings.Builder
	began := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	for i := range maxServed + 1000 {
		fmt.Fprintf(&b, "10.0.0.1 - - [%s] \"GET /%c%c%c%c/x HTTP/1.1\" 200 512 %d\n", began.Add(time.Duration(i/100)*time.Second).Format("02/Jan/2006:15:04:05 -0700"),
			'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, 'a'+i/17576%26, i%100)
	}
	a, err := ReadAccess("access.log", strings.NewReader(b.String()), Known())
	if err != nil {
		t.Fatal(err)
	}
	list := a.Newest()
	classes := map[string]bool{}
	for i, r := range list {
		classes[r.Class] = true
		if i > 0 && r.Ended.Before(list[i-1].Ended) {
			t.Fatalf("request %d ended before the one before it", i)
		}
	}
	if len(list) != maxServed || len(classes) > maxClasses+1 || !classes[otherClass] {
		t.Errorf("%d requests of %d classes", len(list), len(classes))
	}
	if last := list[len(list)-1].Ended; !last.Equal(began.Add(time.Duration((maxServed+999)/100) * time.Second)) {
		t.Errorf("the last request ended at %s", last)
	}
}

// Who asked is known by a hash, which is the same in all logs and forms; who had not logged in is nobody.
func TestUsersOfRequests(t *testing.T) {
	read := func(lines string) []Served {
		a, err := ReadAccess("access.log", strings.NewReader(lines), Known())
		if err != nil || a.Unparsed > 0 {
			t.Fatal(a, err)
		}
		return a.Newest()
	}
	confluence := read("[01/Mar/2024:09:00:00 +0000] mara http-nio-8090-exec-1 10.0.0.9 GET /x HTTP/1.1 200 5ms 100 - browser\n" +
		"[01/Mar/2024:09:00:01 +0000] - http-nio-8090-exec-1 10.0.0.9 GET /x HTTP/1.1 200 5ms 100 - browser\n")
	common := read("10.0.0.9 - mara [01/Mar/2024:09:00:00 +0000] \"GET /x HTTP/1.1\" 200 100\n10.0.0.9 - otto [01/Mar/2024:09:00:00 +0000] \"GET /x HTTP/1.1\" 200 100\n")
	if confluence[0].User == 0 || confluence[0].User != common[0].User || common[0].User == common[1].User || confluence[1].User != 0 {
		t.Errorf("%+v %+v", confluence, common)
	}
}
