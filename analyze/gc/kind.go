package gc

// Kind says what a pause did.
type Kind uint8

// Kinds of pauses. Each collector uses some of them.
const (
	KindOther Kind = iota
	KindYoung
	KindConcurrentStart // G1: a young pause that also starts a marking cycle ("initial-mark" before JDK 14)
	KindPrepareMixed    // G1: the last young pause before mixed ones
	KindMixed
	KindFull
	KindInitialMark // CMS, Shenandoah
	KindRemark      // CMS, G1
	KindCleanup     // G1
	KindFinalMark   // Shenandoah
	KindInitUpdateRefs
	KindFinalUpdateRefs
	KindFinalRoots
	KindDegenerated // Shenandoah: the rest of a concurrent cycle done in a pause
	KindMarkStart   // ZGC
	KindMarkEnd
	KindRelocateStart
	KindVerify
	kindCount
)

var kindNames = [kindCount]string{
	"other", "young", "concurrent-start", "prepare-mixed", "mixed", "full", "initial-mark", "remark", "cleanup",
	"final-mark", "init-update-refs", "final-update-refs", "final-roots", "degenerated", "mark-start", "mark-end",
	"relocate-start", "verify",
}

// String gives the kind's name as it appears in reports.
func (k Kind) String() string {
	if k < kindCount {
		return kindNames[k]
	}
	return "other"
}

// Evacuates reports whether the pause copies live objects out of the young generation.
func (k Kind) Evacuates() bool {
	return k == KindYoung || k == KindConcurrentStart || k == KindPrepareMixed || k == KindMixed
}

// Flags mark what happened in a pause.
type Flags uint16

// What happened in a pause.
const (
	FlagNested            Flags = 1 << iota // lies inside another pause of the log; not in Stopped
	FlagEvacuationFailure                   // G1: to-space exhausted; copying had to stop
	FlagPromotionFailed                     // no room in the old generation for survivors
	FlagConcurrentModeFailure
	FlagConcurrentModeInterrupted
	FlagCPU      // User, Sys and Real are known
	FlagHeap     // Before and After are known
	FlagYoungGen // a phase of a young collection of a generational concurrent collector
	FlagOldGen   // a phase of an old collection of a generational concurrent collector
	FlagInferred // not logged as a pause: taken from counters or from a mean over an interval
)

// Has reports whether any of the given flags is set.
func (f Flags) Has(x Flags) bool { return f&x != 0 }
