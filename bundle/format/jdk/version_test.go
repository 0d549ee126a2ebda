package jdk

import "testing"

// Versions as JVMs of the field state them: java.version, java.vm.version, release files, GC logs, hs_err files.
func TestFeature(t *testing.T) {
	for version, want := range map[string]int{
		"": 0, "devel": 0, "unknown": 0, "1CIJAVAVERSION": 0, "17é": 0,
		"11": 11, "25": 25, "25+36": 25, "25.0.1+8": 25, "17.0.15+6": 17, "14.0.1+7": 14, "27.0.1.0.3+1": 27, "10.0.2+13": 10,
		"1.8.0_392": 8, "1.8.0_392-b08": 8, "1.8.0-internal": 8, "1.7.0_80-b15": 7, "1.6.0_45": 6, "1.5.0_22-b03": 5, "1.4.2_19-b04": 4,
		"8.0_504": 8, "8u392-b08": 8, "11u": 11, "jdk-17.0.5+8": 17, "jdk8u392-b08": 8, " 17.0.1": 17,
		// HotSpot's own count
		"25.504-b08": 8, "25.0-b70": 8, "25.71-b00-debug": 8, "24.80-b11": 7, "24.45-b08-internal": 7, "23.7-b01": 7, "21.0-b17": 7,
		"20.45-b01": 6, "14.0-b16": 6, "11.3-b02": 6, "10.0-b22": 6, "7.0-b147": 7, "6.0_20-b02": 6,
		// early access and builds of one's own
		"26-ea": 26, "26-ea+5": 26, "9-ea+100": 9, "9-internal+0-2016-04-14-195246.buildd.src": 9, "1.9.0-ea-b100": 9, "24-testing+0-builds.shipilev.net-openjdk-jdk-b1": 24,
		// what vendors add
		"9-Debian+0-9b181-4":        9,
		"17.0.9+11-LTS-201":         17, // Oracle
		"17.0.9+9-LTS":              17, // Corretto, Zulu, Red Hat
		"25.0.3+9-LTS":              25,
		"17.0.10+8-b1207.12":        17, // JetBrains
		"25.0.2+10-b175.1":          25,
		"11_0_11+9-b1341.60":        11,
		"25.202-b1483.58":           8,
		"11.0.13-zing_22.01.0.0-b3": 11, // Azul Prime
		"1.8.0_362-zing_23.02.0.0-b4-product-linux-X86_64": 8,
		"1.8.0_392-8u392-ga-1~deb9u1-b08":                  8,
		"8.0.5.20":                                         8,  // IBM
		"17.0.9+9-LTS-jvmci-23.0-b22":                      17, // GraalVM
		"21+35-jvmci-23.1-b15":                             21,
		"25.292-b08-jvmci-21.1-b05":                        8,
		"openj9-0.41.0":                                    0, // OpenJ9's own counts
		"R26_Java726_SR2_20120907_0915_B121225":            0,
		"20231017_611":                                     0,
		"99999999999999999999":                             0,
	} {
		if got := Feature(version); got != want {
			t.Errorf("%q is JDK %d, not %d", version, want, got)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, c := range []struct{ vm, java, want string }{
		{"17.0.15+6-Debian-1deb12u1", "17.0.15", "17.0.15+6-Debian-1deb12u1"},
		{"27.0.1.0.3+1-1-Debian", "27.0.1.0.3", "27.0.1.0.3+1-1-Debian"},
		{"25.504-b01", "8.0_504", "1.8.0_504"},
		{"25.504-b01", "1.8.0_504-8u504-ga-1-b01", "1.8.0_504"},
		{"25.504-b01", "", "25.504-b01"},
		{"24.80-b11", "1.7.0_80", "1.7.0_80"},
		{"openj9-0.41.0", "17.0.9", "17.0.9"},
		{"openj9-0.41.0", "1.8.0_392", "1.8.0_392"},
		{"", "21.0.2", "21.0.2"},
		{"", "", ""},
		{"1.5.0_22-b03", "1.5.0_22", "1.5.0_22"},
	} {
		if got := Version(c.vm, c.java); got != c.want {
			t.Errorf("VM %q, Java %q: %q, want %q", c.vm, c.java, got, c.want)
		}
	}
	for version, want := range map[string]string{"1.8.0_504-8u504-ga-1-b01": "1.8.0_504", "17.0.15+6-Debian-1": "17.0.15+6-Debian-1"} {
		if got := WithoutBuild(version); got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
}

func TestUpdate(t *testing.T) {
	for version, want := range map[string]int{"1.8.0_292-b10": 292, "1.8.0_20": 20, "8.0_504": 504, "8u60-b27": 60, "17.0.15+6-Debian": 15,
		"11.0.16": 16, "25.0.1": 1, "25.292-b10": -1, "1.8.0": -1, "26-ea+5": -1, "": -1} {
		n, ok := Update(version)
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("update of %q: %d, want %d", version, n, want)
		}
	}
}
