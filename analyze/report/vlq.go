package report

// vlqDigits are those of Base64 (RFC 4648, section 4).
const vlqDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// vlqMissing stands for a number that is not known.
const vlqMissing = '.'

// appendVLQ writes a number as source maps do (ECMA-426, Base64 VLQ): digits of five bits, the lowest first, each with a sixth bit
// while more follow; the lowest bit of the number is its sign. A page has many small numbers, which take a character each.
func appendVLQ(text []byte, n int64) []byte {
	v := uint64(n) << 1
	if n < 0 {
		v = uint64(-n)<<1 | 1
	}
	for v >= 32 {
		text = append(text, vlqDigits[v&31|32])
		v >>= 5
	}
	return append(text, vlqDigits[v])
}

// vlq writes numbers one after the other.
func vlq(list []int64) string {
	text := make([]byte, 0, 2*len(list))
	for _, n := range list {
		text = appendVLQ(text, n)
	}
	return string(text)
}
