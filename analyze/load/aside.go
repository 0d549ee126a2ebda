package load

import "io"

// aside hands what is written to it to another writer, which works in a goroutine of its own: two readers of one text then use
// two CPUs. Close waits for it.
type aside struct {
	pieces, free chan []byte
	done         chan struct{}
}

// asidePieces is how many pieces of a text may wait.
const asidePieces = 4

func newAside(w io.Writer) *aside {
	a := &aside{pieces: make(chan []byte, asidePieces), free: make(chan []byte, asidePieces), done: make(chan struct{})}
	for range asidePieces {
		a.free <- nil
	}
	go func() {
		defer close(a.done)
		for p := range a.pieces {
			_, _ = w.Write(p) // scanners never fail
			a.free <- p
		}
	}()
	return a
}

// Write never fails.
func (a *aside) Write(p []byte) (int, error) {
	a.pieces <- append((<-a.free)[:0], p...)
	return len(p), nil
}

// Close ends the text, and returns when the other writer has all of it.
func (a *aside) Close() error {
	close(a.pieces)
	<-a.done
	return nil
}
