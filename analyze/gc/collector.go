package gc

import (
	"slices"
	"strings"
)

// Collector is the garbage collector of a JVM; empty where the source does not tell it.
type Collector string

// Collectors of HotSpot, as -Xlog:gc names them ("Using G1"), with the generational modes apart.
const (
	Serial                 Collector = "Serial"
	Parallel               Collector = "Parallel"
	ParNew                 Collector = "ParNew" // young collections of CMS, in front of Serial's old ones
	CMS                    Collector = "CMS"
	G1                     Collector = "G1"
	ZGC                    Collector = "ZGC"
	GenerationalZGC        Collector = "Generational ZGC"
	Shenandoah             Collector = "Shenandoah"
	GenerationalShenandoah Collector = "Generational Shenandoah"
	Epsilon                Collector = "Epsilon"
)

// Collectors of other virtual machines: none has HotSpot's options.
const (
	OpenJ9  Collector = "OpenJ9" // the policy is not told
	JRockit Collector = "JRockit"
	HPUX    Collector = "HP-UX"
	Sun12   Collector = "Sun 1.2 mark-sweep"
	IBM     Collector = "IBM mark-sweep"
	Native  Collector = "Serial (native image)"
	Go      Collector = "Go"
)

// OpenJ9Policy is the collector of a policy of OpenJ9 (-Xgcpolicy), empty where there is no such policy.
func OpenJ9Policy(policy string) Collector {
	switch policy {
	case "gencon", "balanced", "optthruput", "optavgpause", "metronome", "nogc":
		return OpenJ9 + Collector(" "+policy)
	}
	return ""
}

// HotSpot reports whether the JVM has HotSpot's options. One that is not known does.
func (c Collector) HotSpot() bool {
	return !c.IsOpenJ9() && !slices.Contains([]Collector{JRockit, HPUX, Sun12, IBM, Native, Go}, c)
}

// IsOpenJ9 reports whether it is one of OpenJ9's, under any policy.
func (c Collector) IsOpenJ9() bool { return strings.HasPrefix(string(c), string(OpenJ9)) }

// IsShenandoah reports whether it is Shenandoah in any mode.
func (c Collector) IsShenandoah() bool { return c == Shenandoah || c == GenerationalShenandoah }

// IsZGC reports whether it is ZGC in any mode.
func (c Collector) IsZGC() bool { return c == ZGC || c == GenerationalZGC }

// Concurrent reports whether all its work runs while the application does.
func (c Collector) Concurrent() bool { return c.IsShenandoah() || c.IsZGC() }

// Promotes reports whether its young collections stop the application and move survivors into an old generation.
func (c Collector) Promotes() bool { return c == G1 || c == CMS || c.OldByFull() }

// OldByFull reports whether a full collection is all that cleans its old generation.
func (c Collector) OldByFull() bool { return c == Serial || c == Parallel || c == ParNew }

// flags choose the collector of HotSpot. Where several are set, the first wins.
var flags = []struct {
	name      string
	collector Collector
}{
	{"UseG1GC", G1}, {"UseZGC", ZGC}, {"UseShenandoahGC", Shenandoah}, {"UseConcMarkSweepGC", CMS},
	{"UseParallelOldGC", Parallel}, {"UseParallelGC", Parallel}, {"UseSerialGC", Serial}, {"UseParNewGC", ParNew},
	{"UseEpsilonGC", Epsilon},
}

// CollectorByFlags names the collector by the flags of HotSpot that are on; empty where none of them chooses one.
func CollectorByFlags(on func(flag string) bool) Collector {
	for _, f := range flags {
		if on(f.name) {
			return f.collector
		}
	}
	return ""
}
