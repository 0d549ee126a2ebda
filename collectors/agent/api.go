package agent

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/timing"
	"casefile/collectors"
)

// Protocol is the version of the API; nodes and admins of another one refuse each other.
const Protocol = 1

// Hello is what a node says of itself.
type Hello struct {
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Protocol int       `json:"protocol"`
	OS       string    `json:"os"`
	Arch     string    `json:"arch"`
	Time     time.Time `json:"time"`
	// StreamHTTP1 says that the bundle can be had over a connection of its own too, by HTTP/1.1.
	StreamHTTP1 bool `json:"stream_http1,omitempty"`
}

// Order starts a capture. Plan.Start is on the clock of the node.
type Order struct {
	ID   string    `json:"id"`
	Plan plan.Plan `json:"plan"`
	// Peers is whom to exchange times with meanwhile. Nil: nobody.
	Peers *timing.Order `json:"peers,omitempty"`
}

// State is how far a capture is.
type State string

const (
	Preparing State = "preparing"
	Capturing State = "capturing"
	Done      State = "done"   // the bundle is there, see Status.Error for what it lacks
	Failed    State = "failed" // there is no bundle
)

func (s State) ended() bool { return s == Done || s == Failed }

// Status is how a capture stands.
type Status struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	// Error says why there is no bundle, or why it ends early.
	Error string `json:"error,omitempty"`
	// Cause is of what kind that is; empty: an older agent answers.
	Cause entries.Cause `json:"cause,omitempty"`
	// Interrupted says who or what ended the capture before its time.
	Interrupted string `json:"interrupted,omitempty"`
	// Generation and Bytes are those of the bundle by now.
	Generation int   `json:"generation"`
	Bytes      int64 `json:"bytes"`
}

// Line is one line of the events of a capture: one of its members is set.
type Line struct {
	// Seq numbers the events, from 1. A gap means that older ones were dropped.
	Seq   int               `json:"seq,omitempty"`
	Event *collectors.Event `json:"event,omitempty"`
	// Alive comes every two seconds.
	Alive *Alive `json:"alive,omitempty"`
	// End is the last line.
	End *Status `json:"end,omitempty"`
}

// Alive shows that the node still works on the capture.
type Alive struct {
	Time  time.Time `json:"time"`
	Bytes int64     `json:"bytes"`
}

// Code tells refusals apart.
type Code string

const (
	BadRequest Code = "bad-request"
	BadPlan    Code = "bad-plan"
	Busy       Code = "busy"      // another capture runs
	Used       Code = "used"      // the id was used before
	Unknown    Code = "unknown"   // no such capture
	Running    Code = "running"   // the capture has not ended
	Forbidden  Code = "forbidden" // this identity may not ask for that
	Restart    Code = "restart"   // the generation asked for is gone
	NoBundle   Code = "no-bundle" // the capture failed
	NoSpool    Code = "no-spool"  // the node has no place for a bundle
)

// Error is a refusal by a node.
type Error struct {
	Status  int    `json:"-"` // of HTTP
	Code    Code   `json:"code"`
	Message string `json:"error"`
	// Generation is the one to fetch, with code Restart.
	Generation int `json:"generation,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// NewID makes the id of a capture.
func NewID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("capture id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

var validID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// What the stream of a bundle says of itself.
const (
	bundlePath       = "/bundle" // below that of its capture
	generationHeader = "Casefile-Generation"
	streamTrailer    = "Casefile-Stream"
	streamEnd        = "end"
	streamRestart    = "restart"
	streamFailed     = "failed"
)
