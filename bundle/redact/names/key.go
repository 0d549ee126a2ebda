package names

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
)

// Key makes pseudonyms of names. Who has it can tell whether a pseudonym stands for a name that he guesses.
type Key [32]byte

// sum is the keyed hash of a name of a kind; space tells uses apart.
func (k *Key) sum(space, name string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte(space))
	mac.Write([]byte{0})
	mac.Write([]byte(name))
	mac.Sum(sum[:0])
	return sum
}

// code is the word of a pseudonym, of n characters.
func code(sum [sha256.Size]byte, n int) string {
	b := make([]byte, n)
	for i := range b {
		v := binary.BigEndian.Uint16(sum[(2*i)%sha256.Size:])
		b[i] = alphabet[int(v)%len(alphabet)]
	}
	return string(b)
}

// longestCode is how many characters a sum gives.
const longestCode = sha256.Size / 2

// octets maps the last octet of an IPv4 address within its network: a permutation, in which 0 and 255 stay.
func (k *Key) octets(network string) (to [256]byte) {
	for i := range to {
		to[i] = byte(i)
	}
	var pool []byte
	for block := byte(0); len(pool) < 2*256; block++ {
		sum := k.sum("octets", network+string(rune(block)))
		pool = append(pool, sum[:]...)
	}
	for i := 254; i > 1; i-- { // of 1 to 254
		j := 1 + int(binary.BigEndian.Uint16(pool[2*i:]))%i
		to[i], to[j] = to[j], to[i]
	}
	return to
}

var (
	reserved4 = netip.MustParsePrefix("240.0.0.0/4")
	reserved6 = netip.MustParsePrefix("2001:db8::/32")
	loopback4 = netip.MustParsePrefix("127.0.0.0/8")
	zero4     = netip.MustParsePrefix("0.0.0.0/8")
)

// keptAddress reports whether an address names no machine of the cluster: none at all, this machine to itself, a
// group of receivers, a link-local one, a mask, or a pseudonym already.
func keptAddress(a netip.Addr) bool {
	a = a.Unmap()
	if a.Is4() {
		return loopback4.Contains(a) || zero4.Contains(a) || a.IsMulticast() || a.IsLinkLocalUnicast() ||
			reserved4.Contains(a)
	}
	return a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || reserved6.Contains(a.WithZone(""))
}

// network4 is the first three octets for a network, by its sum: those of 240.0.0.0 to 254.255.255.0.
func network4(sum [sha256.Size]byte, try int) [3]byte {
	v := binary.BigEndian.Uint32(sum[try%7*4:])
	return [3]byte{240 + byte(v%15), byte(v >> 8), byte(v >> 16)}
}
