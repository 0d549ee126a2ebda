package vm

import "testing"

func TestMajor(t *testing.T) {
	for version, want := range map[string]int{
		"17.0.15+6": 17, "25": 25, "25+36": 25, "25.0.1+8": 25, "1.8.0_392-b08": 8, "1.8.0_392": 8, "25.392-b08": 8, "24.80-b11": 7,
		"23.7-b01": 7, "20.45-b01": 6, "14.0-b16": 6, "14.0.1+7": 14, "17.0.10+8-b1207.12": 17, "26-ea+5": 26, "": 0, "devel": 0, "11": 11,
	} {
		if got := Major(version); got != want {
			t.Errorf("%q is JDK %d, not %d", version, want, got)
		}
	}
}
