package jfr

import (
	"maps"
	"slices"
)

// The weight of jdk.ObjectAllocationSample is what its thread has allocated since the sample before. The first one of a
// thread has all since the thread was started, or since the recording before this one: gigabytes of a time that was not
// recorded, on one line of code (ObjectSampler and objectAllocationSample in HotSpot count by thread, not by recording).
// It is held back; what it has above the average of the others is told apart as Sample.Before.

// firstAllocs are the first allocation samples of the threads.
type firstAllocs struct {
	held   map[int32]heldAlloc
	sum    float64 // of the samples that were not the first
	others int64
}

type heldAlloc struct {
	key    sampleKey
	weight int64
}

// usualWeight stands for a first sample where there are no others: about a thread-local buffer.
const usualWeight = 512 << 10

// hold keeps a sample back if it is the first of its thread.
func (f *firstAllocs) hold(k sampleKey, weight int64) bool {
	if _, known := f.held[k.thread]; known {
		f.sum += float64(weight)
		f.others++
		return false
	}
	if f.held == nil {
		f.held = map[int32]heldAlloc{}
	}
	f.held[k.thread] = heldAlloc{k, weight}
	return true
}

// release adds what was held back. It may be called again after more was read.
func (b *Builder) releaseAllocs() {
	f := &b.allocs
	most := int64(usualWeight)
	if f.others > 0 {
		most = int64(min(f.sum/float64(f.others), 1<<50))
	}
	for _, thread := range slices.Sorted(maps.Keys(f.held)) {
		h := f.held[thread]
		if h.weight >= 0 {
			b.add(h.key, 1, h.weight, 0)
			if at := b.samples.find(&h.key, b.rec.Samples); at >= 0 {
				b.rec.Samples[at].Before = plus(b.rec.Samples[at].Before, max(h.weight-most, 0))
			}
			h.weight = -1
			f.held[thread] = h
		}
	}
}
