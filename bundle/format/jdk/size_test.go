package jdk

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "m": 0, "0": 0, "512m": 512 << 20, "512M": 512 << 20, "2g": 2 << 30, "2G": 2 << 30, "1073741824": 1 << 30, "64k": 64 << 10, "1t": 1 << 40,
		"-1": 0, "-1g": 0, "12x": 0, "2.5g": 0, "9223372036854775807": 1<<63 - 1, "9223372036854775808": 0, "8388608t": 0, "8388607t": 8388607 << 40,
	} {
		if got := Size(text); got != want {
			t.Errorf("%q is %d bytes, not %d", text, want, got)
		}
	}
}
