package gc

import "time"

// pauseHeap derives allocation, extremes and live sets from the heap before and after a pause.
func (b *Builder) pauseHeap(p *Pause) {
	b.HeapReading(p.Start-b.run().Base, p.Before, p.After, p.Committed)
	point := LivePoint{Time: p.End(), Bytes: p.After, Line: p.Line, File: p.File}
	if p.Kind == KindFull || p.Kind.Evacuates() {
		b.uncleared = p.Flags.Has(FlagEvacuationFailure)
	}
	if b.uncleared { // what could not be copied was not freed either: the heap after it is no live set
		return
	}
	switch p.Kind {
	case KindFull:
		point.Source = LiveFull
		b.live(point)
	case KindMixed:
		point.Source = LiveMixed
		b.live(point)
	case KindCleanup:
		point.Source = LiveOld
		b.live(point)
	case KindYoung, KindConcurrentStart, KindPrepareMixed, KindDegenerated:
		b.low(point)
	}
}

// HeapReading takes the heap before and after any collection, in bytes, at a stamp. What was added to the heap since the
// previous reading was allocated by the application; a fall since then is the work of a concurrent collector and is not
// set off against it.
func (b *Builder) HeapReading(at time.Duration, before, after, committed int64) {
	t := b.Timeline(at)
	b.HeapSeen(before, after, committed)
	if b.lastHeap >= 0 {
		b.flow(&b.log.Allocation, before-b.lastHeap, b.heapAt, t)
	}
	b.lastHeap, b.heapAt = after, t
}

// HeapSeen takes the heap before and after a collection for the extremes only: another source tells the allocation.
func (b *Builder) HeapSeen(before, after, committed int64) {
	h := &b.log.Heap
	h.PeakUsed = max(h.PeakUsed, before)
	h.PeakAfter = max(h.PeakAfter, after)
	h.PeakCommitted = max(h.PeakCommitted, committed)
	h.LastUsed = after
}

// AllocatedBetween adds bytes allocated between two stamps of the current run.
func (b *Builder) AllocatedBetween(from, to time.Duration, bytes int64) {
	b.flow(&b.log.Allocation, bytes, b.Timeline(from), b.Timeline(to))
}

// Allocated adds bytes that a collector says were allocated while it worked.
func (b *Builder) Allocated(bytes int64) {
	if b.log.Allocation.Known && bytes > 0 {
		b.log.Allocation.Bytes += bytes
	}
}

// Promoted adds bytes moved into the old generation by the pause or cycle at a stamp.
func (b *Builder) Promoted(at time.Duration, bytes int64) {
	f, t := &b.log.Promotion, b.Timeline(at)
	f.Known = true
	f.Bytes += max(bytes, 0)
	if b.promoted > 0 && t > b.promoted {
		f.Series.AddRate(t, float64(max(bytes, 0)), t-b.promoted)
	}
	b.promoted = t
}

func (b *Builder) flow(f *Flow, bytes int64, from, to time.Duration) {
	bytes = max(bytes, 0)
	f.Bytes += bytes
	if to > from {
		f.Known = true
		f.Over += to - from
		f.Series.AddRate(to, float64(bytes), to-from)
	}
}

// Live takes a reading of the live set at a stamp.
func (b *Builder) Live(at time.Duration, bytes int64, src LiveSource, line int) {
	b.live(LivePoint{Time: b.Timeline(at), Bytes: bytes, Source: src, Line: uint32(line), File: b.file})
}

func (b *Builder) live(p LivePoint) {
	l := b.log
	if len(l.Live) >= b.lim.Points {
		l.Live = thin(l.Live)
	}
	l.Live = append(l.Live, p)
}

// thin halves the record of live sets: of two neighbours of one source the smaller stays.
func thin(ps []LivePoint) []LivePoint {
	out := ps[:0]
	for i := 0; i < len(ps); i++ {
		p := ps[i]
		if i+1 < len(ps) && ps[i+1].Source == p.Source {
			i++
			if ps[i].Bytes < p.Bytes {
				p = ps[i]
			}
		}
		out = append(out, p)
	}
	if len(out) > len(ps)*3/4 { // sources alternate: drop every other point
		n := 0
		for i := 0; i < len(out); i += 2 {
			out[n] = out[i]
			n++
		}
		out = out[:n]
	}
	return out
}

// lowStretch is how many young collections one LiveLow reading stands for.
const lowStretch = 16

func (b *Builder) low(p LivePoint) {
	if b.lowCount == 0 || p.Bytes < b.lowBytes {
		b.lowBytes, b.lowPoint = p.Bytes, p
	}
	if b.lowCount++; b.lowCount >= lowStretch {
		b.flushLow()
	}
}

func (b *Builder) flushLow() {
	if b.lowCount == 0 {
		return
	}
	b.lowPoint.Source = LiveLow
	b.live(b.lowPoint)
	b.lowCount = 0
}
