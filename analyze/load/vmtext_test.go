package load

import (
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]string{
		"OpenJDK 64-Bit Server VM version 17.0.15+6-Debian-1deb12u1\nJDK 17.0.15\n":                                                         "17.0.15+6-Debian-1deb12u1",
		"OpenJDK 64-Bit Server VM version 25.504-b01\nJDK 8.0_504\n":                                                                        "1.8.0_504",
		"OpenJDK 64-Bit Server VM version 27.0.1.0.3+1-1-Debian\nJDK 27.0.1.0.3\n":                                                          "27.0.1.0.3+1-1-Debian",
		"OpenJDK 64-Bit Server VM (25.504-b01) for linux-amd64 JRE (1.8.0_504-8u504-ga-1-b01), built on Aug 20 2026 by \"sbuild\" with gcc": "1.8.0_504",
		"OpenJDK 64-Bit Server VM (21.0.13+9-1) for linux-amd64 JRE (21.0.13+9-1), built on 2026-10-24T19:08:21Z by \"sbuild\" with gcc 16": "21.0.13+9-1",
		"OpenJDK 64-Bit Server VM version 25.504-b01\n":                                                                                     "25.504-b01",
		"something else\n": "",
	} {
		if got := parseVersion(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestVersionOfDump(t *testing.T) {
	for text, want := range map[string]string{
		"OpenJDK 64-Bit Server VM (25+36-LTS mixed mode, sharing)":         "25+36-LTS",
		"OpenJDK 64-Bit Server VM (17.0.15+6-Debian-1 mixed mode)":         "17.0.15+6-Debian-1",
		"Java HotSpot(TM) 64-Bit Server VM (25.202-b08 mixed mode)":        "25.202-b08",
		"Java HotSpot(TM) Client VM (1.5.0_06-b05 mixed mode)":             "1.5.0_06",
		"Java HotSpot(TM) Client VM 1.6.0_03-b05":                          "1.6.0_03",
		"SAP Java Server VM (8.1.071 10.0.2+000 mixed mode)":               "8.1.071",
		"1CIJAVAVERSION JRE 11 Linux amd64-64 (build 11.0.18+10)":          "11",
		"1CIJAVAVERSION JRE 1.8.0 Linux amd64-64 (build 8.0.5.20 - pxa64)": "1.8.0",
		"BEA JRockit(R)": "", "": "",
	} {
		if got := versionOfDump(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// JDK 8 marks what an option has set and what it has chosen itself alike.
func TestOriginsOfJDK8(t *testing.T) {
	flags, err := parseFlags(strings.NewReader(`[Global flags]
    uintx InitialHeapSize                          := 134217728                           {product}
    uintx MaxHeapSize                              := 134217728                           {product}
     intx CICompilerCount                          := 2                                   {product}
     bool UseCompressedOops                        := true                                {lp64_product}
     bool UseParallelGC                            := true                                {product}
     bool UseG1GC                                   = false                               {product}
    uintx MaxNewSize                               := 44564480                            {product}
`))
	if err != nil {
		t.Fatal(err)
	}
	settleOrigins(flags, []string{"java", "-Xmx128m", "-XX:+UseParallelGC", "-XX:MaxNewSize=42m", "-jar", "x.jar"})
	for name, want := range map[string]string{"InitialHeapSize": "ergonomic", "MaxHeapSize": "command line", "CICompilerCount": "ergonomic",
		"UseCompressedOops": "ergonomic", "UseParallelGC": "command line", "UseG1GC": "default", "MaxNewSize": "command line"} {
		if got := flags[name].Origin; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
