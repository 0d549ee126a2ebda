package timing

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"casefile/bundle/format/plan"
	"casefile/bundle/format/timing"
)

const (
	directoryEvery = 5 * time.Second
	// maxLDAP is the size of an answer that is believed: it has no attributes.
	maxLDAP = 1 << 16
)

// rootSearch is a search for the server's own entry, which all may read, without its attributes (RFC 4511, 4.5.1; RFC 4512, 5.1).
// unbind says good-bye.
var (
	rootSearch = []byte{0x30, 0x2a, 0x02, 0x01, 0x01, // message 1
		0x63, 0x25, 0x04, 0x00, 0x0a, 0x01, 0x00, 0x0a, 0x01, 0x00, // search of "", this entry only, aliases as they are
		0x02, 0x01, 0x01, 0x02, 0x01, 0x05, 0x01, 0x01, 0x00, // one entry, five seconds, with values
		0x87, 0x0b, 'o', 'b', 'j', 'e', 'c', 't', 'C', 'l', 'a', 's', 's', 0x30, 0x05, 0x04, 0x03, '1', '.', '1'}
	unbind = []byte{0x30, 0x05, 0x02, 0x01, 0x02, 0x42, 0x00}
)

// directoryProbe asks one server of users for its own entry, again and again, each time by a new connection and without a login.
type directoryProbe struct {
	url   string
	every time.Duration
}

func newDirectoryProbe(url string) *directoryProbe { return &directoryProbe{url, directoryEvery} }

func (p *directoryProbe) run(ctx context.Context, until time.Time) timing.Probe {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	out := timing.Probe{Target: p.url, Kind: "ldap", Limit: timing.LimitFor(timing.MeasureDirectory),
		Note: "a new connection and the first answer, without a login; a search of users takes longer"}
	address, secure, err := plan.Directory(p.url)
	if err != nil {
		out.Refused = err.Error()
		return out
	}
	ask := pingLDAP
	if secure {
		ask = pingLDAPS
	}
	whole, connecting := newDist(), newDist()
	for tick := newTick(p.every, until); tick.wait(ctx); {
		connect, answer, err := knock(ctx, address, ask)
		if err != nil && over(ctx) {
			break // cut short by the end
		}
		out.Tries++
		if connect > 0 {
			connecting.add(connect)
		}
		if err != nil {
			out.Failures++
			out.Errors = noteError(out.Errors, plain(err))
			continue
		}
		whole.add(connect + answer)
	}
	if connecting.any {
		out.Steps = append(out.Steps, connecting.timed(timing.StepConnect))
	}
	if whole.any {
		out.Steps = append(out.Steps, whole.timed(timing.StepSearch))
	}
	return out
}

// pingLDAPS is pingLDAP within TLS. Whose certificate it is does not matter: nothing is told that is secret.
func pingLDAPS(conn net.Conn) error {
	return pingLDAP(tls.Client(conn, &tls.Config{InsecureSkipVerify: true})) //nolint:gosec // see above
}

// pingLDAP waits for the first answer to a search. That the server refuses to tell is an answer too.
func pingLDAP(conn net.Conn) error {
	if _, err := conn.Write(rootSearch); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	if err := readLDAP(conn); err != nil {
		return err
	}
	_, _ = conn.Write(unbind) // the answer is there: whether it hears the good-bye makes no difference
	return nil
}

var errNoLDAP = errors.New("the answer is not LDAP")

// readLDAP reads one message: 30 LENGTH 02 01 01 OPERATION ...
func readLDAP(r io.Reader) error {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	size := int(head[1])
	if many := size & 0x7f; size >= 0x80 { // so many bytes of length follow
		if many == 0 || many > 4 {
			return errNoLDAP
		}
		var long [4]byte
		if _, err := io.ReadFull(r, long[:many]); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		size = 0
		for _, b := range long[:many] {
			size = size<<8 | int(b)
		}
	}
	const least, entry, done, reference, extended = 5, 0x64, 0x65, 0x73, 0x78
	if head[0] != 0x30 || size < least || size > maxLDAP {
		return errNoLDAP
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	switch op := body[3]; {
	case body[0] != 0x02 || body[1] != 1:
		return errNoLDAP
	case op == extended: // notice of disconnection
		return errors.New("the directory hangs up")
	case op != entry && op != done && op != reference:
		return errNoLDAP
	}
	return nil
}
