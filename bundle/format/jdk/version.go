// Package jdk reads the versions that JVMs state of themselves, for the capture and the analysis alike.
package jdk

import (
	"regexp"
	"strconv"
	"strings"
)

// express is the version of a HotSpot in its own count, as it had one until JDK 8: "25.504-b01", "24.80-b11", "14.0-b16".
// JDK 7 states itself as "7.0-b147", which looks the same; HotSpot's count began at 10.
var express = regexp.MustCompile(`^(\d\d)\.\d+-b\d+`)

// Newest HotSpot, in its own count, of the JDKs that had one (JEP 223 ended it with JDK 9).
const (
	hotspotOf6 = 20
	hotspotOf7 = 24
)

// latest is far above every release; larger numbers are dates and builds.
const latest = 99

// Feature gives the feature release of a version, 0 when it states none. It reads what java.version and
// java.vm.version, release files, logs and crash files have:
//
//	17.0.15+6-Debian-1deb12u1   17   JEP 322, with what a vendor adds
//	26-ea+5                     26   early access
//	1.8.0_392-b08                8   before JEP 223
//	8u392-b08, 8.0_504           8   the same in tags of sources, and in VM.version
//	25.504-b01                   8   HotSpot's own count, until JDK 8
//	24.80-b11                    7
//	openj9-0.41.0                0   OpenJ9's own count, which says nothing of Java
func Feature(version string) int {
	version = strings.TrimLeft(strings.TrimPrefix(strings.TrimSpace(version), "jdk"), "-")
	if m := express.FindStringSubmatch(version); m != nil {
		switch n, _ := strconv.Atoi(m[1]); { // two digits
		case n > hotspotOf7:
			return 8
		case n > hotspotOf6:
			return 7
		default:
			return 6
		}
	}
	if old, ok := strings.CutPrefix(version, "1."); ok {
		version = old
	}
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	} else if !strings.ContainsRune(".+-_u", rune(version[end])) {
		return 0
	}
	n, err := strconv.Atoi(version[:end])
	if err != nil || n > latest {
		return 0
	}
	return n
}

// Version chooses what a JVM is called by: the version of its VM, "17.0.15+6-Debian-1deb12u1", which tells the build
// too; or Java's, "1.8.0_504", where the VM has a count of its own (HotSpot until JDK 8, OpenJ9) or states nothing.
func Version(vm, java string) string {
	feature := Feature(java)
	switch {
	case feature == 0:
		return WithoutBuild(vm)
	case feature <= 8:
		if !strings.HasPrefix(java, "1.") {
			java = "1." + java
		}
		return WithoutBuild(java)
	case Feature(vm) == 0:
		return java
	}
	return vm
}

// WithoutBuild cuts what a vendor adds to a version in the form before JEP 223: "1.8.0_504-8u504-ga-1-b01" is
// "1.8.0_504". Others stay as they are.
func WithoutBuild(version string) string {
	if strings.HasPrefix(version, "1.") {
		version, _, _ = strings.Cut(version, "-")
	}
	return version
}

// update are the digits that count the updates of a feature release.
var update = regexp.MustCompile(`^(?:jdk-?)?(?:1\.)?\d+(?:(?:\.0)?_|u|\.0\.)(\d+)`)

// Update gives which update of its feature release a version is: 292 of "1.8.0_292-b10", 15 of "17.0.15+6"; ok is false when it states none.
func Update(version string) (n int, ok bool) {
	m := update.FindStringSubmatch(strings.TrimSpace(version))
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}
