package timing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// PacketSize is the size of every packet in bytes. Question and answer are of one
// size, so nobody can make a responder send more than was sent to it.
const PacketSize = 72

// KeySize is the size of the key of a capture in bytes.
const KeySize = 32

// Kind of a packet. It is under the MAC: a question is no answer when sent back.
type Kind byte

const (
	Question Kind = 1
	Answer   Kind = 2
)

// Packet is one message of an exchange over UDP, or over TCP one after the other.
//
//	0  magic "CFT1"      4  kind   5  zero     8  session   16  sequence
//	24 T1                32 T2     40 hold     48 up
//	56 HMAC-SHA256 of bytes 0-55, first 16
//
// Numbers are big-endian; T1 and T2 are nanoseconds since the Unix epoch on the
// clock of who took them. Hold is T3-T2, and up is T2 since the responder began, in
// nanoseconds of a clock that is never set: by up the asker tells that T2's was.
type Packet struct {
	Kind     Kind
	Session  uint64 // random, of one run of exchanges
	Sequence uint64 // counts up from 1 within the session
	T1, T2   time.Time
	Hold, Up time.Duration
}

const (
	magic   = "CFT1"
	macFrom = 56
)

// ErrPacket is all that Parse tells: who does not know the key learns nothing.
var ErrPacket = errors.New("timing: not a packet of this capture")

// Append appends the packet to b.
func (p Packet) Append(b, key []byte) []byte {
	from := len(b)
	b = append(b, magic...)
	b = append(b, byte(p.Kind), 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, p.Session)
	b = binary.BigEndian.AppendUint64(b, p.Sequence)
	b = binary.BigEndian.AppendUint64(b, nanos(p.T1))
	b = binary.BigEndian.AppendUint64(b, nanos(p.T2))
	b = binary.BigEndian.AppendUint64(b, uint64(p.Hold))
	b = binary.BigEndian.AppendUint64(b, uint64(p.Up))
	sum := mac(b[from:], key)
	return append(b, sum[:PacketSize-macFrom]...)
}

// ParsePacket decodes and authenticates a packet.
func ParsePacket(b, key []byte) (Packet, error) {
	if len(b) != PacketSize || string(b[:4]) != magic {
		return Packet{}, ErrPacket
	}
	sum := mac(b[:macFrom], key)
	if !hmac.Equal(b[macFrom:], sum[:PacketSize-macFrom]) {
		return Packet{}, ErrPacket
	}
	p := Packet{Kind: Kind(b[4]), Session: binary.BigEndian.Uint64(b[8:]), Sequence: binary.BigEndian.Uint64(b[16:]),
		T1: moment(b[24:]), T2: moment(b[32:]), Hold: time.Duration(binary.BigEndian.Uint64(b[40:])), Up: time.Duration(binary.BigEndian.Uint64(b[48:]))}
	if p.Kind != Question && p.Kind != Answer || p.Hold < 0 || p.Up < 0 || b[5]|b[6]|b[7] != 0 {
		return Packet{}, ErrPacket
	}
	return p, nil
}

func mac(b, key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(nil)
}

// nanos writes the zero time as 0.
func nanos(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

func moment(b []byte) time.Time {
	if n := int64(binary.BigEndian.Uint64(b)); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}
