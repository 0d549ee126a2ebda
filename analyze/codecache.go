package analyze

// CodeCache is what Compiler.codecache tells about the memory of compiled code.
type CodeCache struct {
	Source string
	// Heaps are its parts: one, or three where the JVM keeps code of different kinds apart.
	Heaps []CodeHeap
	// Compiles is false when the JVM has stopped compiling; State is what it says about it.
	Compiles  bool
	State     string
	StateLine int
	// Full counts how often no room was found, Stopped how often compilation was stopped for want of it. 0 where the
	// JVM does not say.
	Full, Stopped int
	FullLine      int
}

// CodeHeap is one part. Sizes are bytes.
type CodeHeap struct {
	Name                      string // "CodeCache", "CodeHeap 'non-profiled nmethods'"
	Size, Used, MaxUsed, Free int64
	Line                      int
}

// Fullest gives the part that has, or had, the least room for its size; nil when none is known.
func (c *CodeCache) Fullest() *CodeHeap {
	var best *CodeHeap
	for i := range c.Heaps {
		if h := &c.Heaps[i]; h.Size > 0 && (best == nil || h.UsedShare() > best.UsedShare()) {
			best = h
		}
	}
	return best
}

// UsedShare is the part of its size that is in use, 0 to 1.
func (h *CodeHeap) UsedShare() float64 { return float64(h.Used) / float64(max(h.Size, 1)) }
