package fleet

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// sunk is a file of a part that remembers how its bytes came.
type sunk struct {
	bytes.Buffer
	writes int
	full   error
}

func (s *sunk) Write(p []byte) (int, error) {
	if s.full != nil {
		return 0, s.full
	}
	s.writes++
	return s.Buffer.Write(p)
}

func (*sunk) Close() error { return nil }

// What comes is written in large pieces, in its order, and after partDelay at the latest.
func TestPartWritesLittleOftenLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := &sunk{}
		p := &part{file: file, came: new(atomic.Int64)}
		rnd := rand.New(rand.NewPCG(1, 2))
		var all []byte
		for i := range 200 {
			size := rnd.IntN(2*partBuffer/3) + 1
			if i%7 == 0 {
				size += partBuffer
			}
			piece := bytes.Repeat([]byte{byte(i)}, size)
			if _, err := p.Write(piece); err != nil {
				t.Fatal(err)
			}
			all = append(all, piece...)
		}
		if p.came.Load() != int64(len(all)) {
			t.Errorf("%d of %d bytes came", p.came.Load(), len(all))
		}
		p.mu.Lock()
		if file.writes > 180 || file.Len() < len(all)-partBuffer {
			t.Errorf("%d writes of %d bytes, of %d", file.writes, file.Len(), len(all))
		}
		p.mu.Unlock()
		time.Sleep(partDelay)
		synctest.Wait()
		if !bytes.Equal(file.Bytes(), all) {
			t.Error("after the delay not all is written as it came")
		}
		if _, err := p.Write([]byte("end")); err != nil {
			t.Fatal(err)
		}
		if err := p.close(); err != nil || !bytes.Equal(file.Bytes(), append(all, "end"...)) {
			t.Errorf("at the end not all is written: %v", err)
		}
	})
}

// An error that shows only when the rest is written is not lost.
func TestPartTellsOfLateErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("full")
		for _, when := range []string{"later", "at the end"} {
			file := &sunk{full: full}
			p := &part{file: file, came: new(atomic.Int64)}
			if _, err := p.Write([]byte("a")); err != nil {
				t.Fatal(err)
			}
			if when == "later" {
				time.Sleep(partDelay)
				synctest.Wait()
				if _, err := p.Write([]byte("b")); !errors.Is(err, full) {
					t.Errorf("the next write: %v", err)
				}
			}
			if err := p.close(); !errors.Is(err, full) {
				t.Errorf("%s: %v", when, err)
			}
		}
	})
}
