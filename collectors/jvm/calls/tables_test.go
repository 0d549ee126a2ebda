package calls

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// However many processes ask at once, a table is read once for all that came before the reading began.
func TestTablesAreReadForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const others = 10
		tables, gate := NewTables(), make(chan struct{})
		var opened atomic.Int32
		read := func(since time.Time) string {
			text, whole, err := tables.read("net:[1]", "tcp", since, func() (io.ReadCloser, error) {
				n := opened.Add(1)
				<-gate
				return io.NopCloser(strings.NewReader(fmt.Sprint("reading ", n))), nil
			})
			if err != nil || !whole {
				t.Error(err, whole)
			}
			b, _ := io.ReadAll(text)
			return string(b)
		}
		got := make(chan string, others+1)
		go func() { got <- read(time.Now()) }()
		synctest.Wait()
		for range others {
			go func() { got <- read(time.Now()) }()
		}
		synctest.Wait()
		close(gate)
		seen := map[string]int{}
		for range others + 1 {
			seen[<-got]++
		}
		if seen["reading 1"] != 1 || seen["reading 2"] != others {
			t.Errorf("%v", seen)
		}
		before := time.Now().Add(-time.Millisecond)
		if text := read(before); text != "reading 2" {
			t.Errorf("for what was before the last reading: %q", text)
		}
		if text := read(time.Now()); text != "reading 3" {
			t.Errorf("for what is now: %q", text)
		}
		time.Sleep(2 * tableLasts) // of the bubble
		synctest.Wait()
		if text := read(before); text != "reading 4" {
			t.Errorf("a reading is kept too long: %q", text)
		}
		time.Sleep(2 * tableLasts)
	})
}

// A reading that fails through the process that it was made by costs the others nothing.
func TestTableOfAnEndedProcess(t *testing.T) {
	tables := NewTables()
	ended := errors.New("ended")
	for i, want := range []error{ended, nil, ended} {
		text, _, err := tables.read("net:[1]", "tcp", time.Time{}, func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("x")), want
		})
		if b, _ := io.ReadAll(text); i != 2 && (!errors.Is(err, want) || (string(b) == "x") != (want == nil)) || i == 2 && string(b) != "x" {
			t.Errorf("%d: %q, %v", i, b, err)
		}
	}
	if _, _, err := tables.read("", "tcp", time.Time{}, func() (io.ReadCloser, error) { return nil, ended }); !errors.Is(err, ended) {
		t.Errorf("of no known namespace: %v", err)
	}
}
