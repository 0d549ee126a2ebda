package jfr

import (
	"iter"
	"strconv"
	"strings"
	"time"
)

// The weight of jdk.ObjectAllocationSample is what its thread has allocated since its sample before, on whatever line of
// code (objectAllocationSample in HotSpot counts by thread). Two kinds of samples carry far more than their own:
//
//   - The first of a thread has all since the thread was started, or since the recording before this one: gigabytes of a
//     time that was not recorded.
//   - The recorder's throttle takes its samples at the beginning of each window and is silent for the rest. The first one
//     after a silence has all of it: a few samples have most of the bytes, each on one line by chance.
//
// What a sample most likely had itself is therefore taken from its equals that follow no silence, and what the thread
// has allocated in all is shared out by that. A thread keeps its sum, its sites get their true part.

// allocation is one sample.
type allocation struct {
	at     int64 // nanoseconds since 1970
	weight int64 // bytes
	sample int32 // index into Recording.Samples
}

// mostAllocations are held for the estimate, 24 bytes each; later ones count with their weights.
const mostAllocations = 1 << 20

// usualWeight stands for a first sample where there are no others: about a thread-local buffer.
const usualWeight = 512 << 10

// enough samples make a mean.
const enough = 3

// estimateAllocs sets the estimates of all allocation samples. It may be called again after more was read.
func (b *Builder) estimateAllocs() {
	if len(b.allocs) == 0 {
		return
	}
	b.allocs = byTime(b.allocs)
	owned := b.ownBytes()

	var sums numbered[struct{ bytes, own float64 }] // of a thread
	for a, since := range b.sinces() {
		s, own := sums.of(b.rec.Samples[a.sample].Thread), owned(a, since)
		s.own += own
		if s.bytes += float64(a.weight); since.first() {
			s.bytes += own - float64(a.weight)
		}
	}
	for i := range b.rec.Samples {
		b.rec.Samples[i].Estimate = b.rec.Samples[i].Amount
	}
	exact := make([]float64, len(b.rec.Samples))
	for a, since := range b.sinces() {
		if s := sums.of(b.rec.Samples[a.sample].Thread); s.own > 0 {
			exact[a.sample] += owned(a, since)*s.bytes/s.own - float64(a.weight)
		}
	}
	for i := range exact {
		s := &b.rec.Samples[i]
		s.Estimate = max(0, s.Estimate+int64(exact[i]))
	}
}

// since is what was before a sample.
type since struct {
	nanos  int64 // from its thread's sample before; -1: there is none
	silent bool  // the throttle was, in that time
}

func (s since) first() bool { return s.nanos < 0 }

// sinces gives each sample, in order of time, with the time since the one of its thread before, and whether the throttle was silent in it.
func (b *Builder) sinces() iter.Seq2[*allocation, since] {
	first, last := b.allocs[0].at, b.allocs[len(b.allocs)-1].at
	const spacings = 4 // a longer pause is a silence
	longest := int64(1<<63 - 1)
	if rate := throttle(b.rec); rate > 0 {
		mean := (last - first) / int64(len(b.allocs))
		if used := rate * time.Duration(mean).Seconds(); used < 2 { // else the throttle has dropped little or nothing
			longest = spacings * max(mean, 1)
		}
	}
	return func(yield func(*allocation, since) bool) {
		before, silence := first, int64(-1<<63)
		var prior numbered[struct { // sample of a thread
			at    int64
			known bool
		}]
		for i := range b.allocs {
			a := &b.allocs[i]
			if a.at-before > longest {
				silence = a.at
			}
			before = a.at
			last, s := prior.of(b.rec.Samples[a.sample].Thread), since{nanos: -1}
			if last.known {
				s = since{a.at - last.at, silence > last.at}
			}
			last.at, last.known = a.at, true
			if !yield(a, s) {
				return
			}
		}
	}
}

// ownBytes tells what each sample most likely had itself: all of its weight, if no silence was before; else what its
// equals have. What goes far beyond the pace of its thread is a large object, and its own.
func (b *Builder) ownBytes() func(*allocation, since) float64 {
	samples := make([]mean, len(b.rec.Samples)) // of one site, class and thread
	var stacks, threads numbered[mean]
	var pace numbered[mean] // bytes in nanoseconds
	var all mean
	for a, since := range b.sinces() {
		if since.first() {
			continue
		}
		s := &b.rec.Samples[a.sample]
		p := pace.of(s.Thread)
		p.sum, p.n = p.sum+float64(a.weight), p.n+float64(since.nanos)
		if since.silent {
			continue
		}
		for _, m := range [...]*mean{&samples[a.sample], stacks.of(s.Stack), threads.of(s.Thread), &all} {
			m.sum, m.n = m.sum+float64(a.weight), m.n+1
		}
	}
	return func(a *allocation, since since) float64 {
		own := float64(a.weight)
		if !since.first() && !since.silent {
			return own
		}
		usual := own
		if since.first() {
			usual = usualWeight
		}
		s := &b.rec.Samples[a.sample]
		for _, m := range [...]*mean{&samples[a.sample], stacks.of(s.Stack), threads.of(s.Thread), &all} {
			if m.n >= enough {
				usual = m.sum / m.n
				break
			}
		}
		if !since.first() {
			const spread = 3 // a thread may well be that much faster than its mean
			p := pace.of(s.Thread)
			usual = max(usual, own-spread*p.sum/max(p.n, 1)*float64(since.nanos))
		}
		return min(own, usual)
	}
}

// byTime sorts samples by time, those of one time as they were read. Threads write them in blocks, so that a sort by comparing is far
// from its best: they are dealt out by eleven bits of the time after the other.
func byTime(all []allocation) []allocation {
	const digit = 11
	first, last, sorted := all[0].at, all[0].at, true
	for i := range all {
		sorted = sorted && all[i].at >= last
		first, last = min(first, all[i].at), max(last, all[i].at)
	}
	if sorted {
		return all
	}
	to := make([]allocation, len(all))
	for shift := 0; shift < 64 && uint64(last-first)>>shift > 0; shift += digit {
		var places [1 << digit]int32
		for i := range all {
			places[uint64(all[i].at-first)>>shift&(1<<digit-1)]++
		}
		at := int32(0)
		for d, n := range places {
			places[d], at = at, at+n
		}
		for i := range all {
			p := &places[uint64(all[i].at-first)>>shift&(1<<digit-1)]
			to[*p] = all[i]
			*p++
		}
		all, to = to, all
	}
	return all
}

type mean struct{ sum, n float64 }

// numbered holds something of each thread, or stack, by its number.
type numbered[T any] []T

func (n *numbered[T]) of(i int32) *T {
	if more := int(i) + 1 - len(*n); more > 0 {
		*n = append(*n, make([]T, more)...)
	}
	return &(*n)[i]
}

// throttle is the most allocation samples a second that the recorder took; 0: not told, or no limit.
func throttle(rec *Recording) float64 {
	number, unit, _ := strings.Cut(rec.Setting("jdk.ObjectAllocationSample", "throttle"), "/")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	seconds := map[string]float64{"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
	if err != nil || seconds == 0 || n < 0 {
		return 0
	}
	return n / seconds
}
