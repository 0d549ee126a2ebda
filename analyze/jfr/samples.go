package jfr

import (
	"net"
	"slices"
	"strconv"

	format "casefile/bundle/format/jfr"
)

// sampleHandler reads the events of one sampled type.
func (b *Builder) sampleHandler(s *sampledEvent, t *format.Type) handler {
	sel := t.Select(s.fields()...)
	thread := fieldThread
	if !sel.Has(thread) {
		thread = fieldThread2
	}
	amount, detail := -1, -1
	for i := range s.amount {
		if at := fieldFirstAmount + i; amount < 0 && sel.Has(at) {
			amount = at
		}
	}
	for i := range s.detail {
		if at := fieldFirstAmount + len(s.amount) + i; detail < 0 && sel.Has(at) {
			detail = at
		}
	}
	spanned := sel.Has(fieldContext) || sel.Has(fieldSpan)
	timed := s.timed()
	return handler{sel, func(row *format.Row) {
		k := sampleKey{kind: s.kind, stack: b.stack(row.Int(fieldStack)), thread: b.thread(row.Int(thread))}
		var value int64
		switch {
		case amount < 0:
		case timed:
			value = int64(row.Duration(amount))
		default:
			value = row.Int(amount)
		}
		count := int64(1)
		if row.Has(fieldCount) {
			count = max(1, whole(row, fieldCount))
		}
		if row.Has(fieldScale) {
			scale := row.Float(fieldScale)
			if scale > 0 && scale < 1e9 {
				value = int64(float64(value) * scale)
			}
		}
		switch {
		case s.peer:
			k.detail = b.peer(row)
		case detail >= 0:
			k.detail = b.word(row, detail)
		}
		if s.state != "" {
			k.state = b.word(row, fieldState)
		}
		if spanned {
			root := row.Int(fieldRoot)
			if !row.Has(fieldRoot) {
				root = row.Int(fieldRoot2)
			}
			k.span = b.symbols.span(Span{uint64(row.Int(fieldContext)), uint64(row.Int(fieldSpan)), uint64(root)})
		}
		at := b.add(k, count, value, row.Int(fieldBytes))
		if s.kind == AllocSample && at >= 0 && len(b.allocs) < mostAllocations {
			if len(b.allocs) == cap(b.allocs) { // twice as many each time: append copies a long list five times
				b.allocs = slices.Grow(b.allocs, min(max(len(b.allocs), 1024), mostAllocations-len(b.allocs)))
			}
			b.allocs = append(b.allocs, allocation{at: row.Time(fieldTime).UnixNano(), weight: max(0, value), sample: at, n: int32(len(b.allocs))})
		}
	}}
}

// timed reports whether the amount is a time.
func (s *sampledEvent) timed() bool {
	return len(s.amount) > 0 && (s.amount[0] == "duration" || s.amount[0] == "samplingPeriod")
}

// whole is a count that some writers give as a floating-point number.
func whole(row *format.Row, i int) int64 {
	const most = 1 << 40
	f := row.Float(i)
	if !(f >= 0 && f < most) {
		return 1
	}
	return int64(f + 0.5)
}

// add sums an event up. It returns the place of its sample; -1: there is none left.
func (b *Builder) add(k sampleKey, count, amount, bytes int64) int32 {
	at := b.samples.find(&k, b.rec.Samples)
	if at < 0 && len(b.rec.Samples) >= b.lim.Samples {
		// Without its thread, detail and span it may still find a place.
		b.rec.Lost["details of samples"]++
		k.thread, k.detail, k.span = 0, 0, 0
		if at = b.samples.find(&k, b.rec.Samples); at < 0 && len(b.rec.Samples) >= 2*b.lim.Samples {
			b.rec.Lost["samples"] += count
			return -1
		}
	}
	if at < 0 {
		at = int32(len(b.rec.Samples))
		b.rec.Samples = append(b.rec.Samples, Sample{Kind: k.kind, Stack: k.stack, Thread: k.thread, Detail: k.detail, State: k.state, Span: k.span})
		b.samples.added(b.rec.Samples)
	}
	s := &b.rec.Samples[at]
	amount = max(0, amount)
	s.Count += count
	s.Amount = plus(s.Amount, amount)
	s.Bytes = plus(s.Bytes, max(0, bytes))
	s.Max = max(s.Max, amount)
	return at
}

// plus adds two numbers that are not negative; a hostile recording must not wrap a sum.
func plus(a, b int64) int64 {
	if s := a + b; s >= a {
		return s
	}
	return 1<<63 - 1
}

// peer is "host:port", with the address where no name is known.
func (b *Builder) peer(row *format.Row) int32 {
	host := row.Word(fieldHost)
	if host == "" {
		host = row.Word(fieldAddress)
	}
	if host == "" {
		return 0
	}
	return b.text(limited(net.JoinHostPort(host, strconv.FormatInt(row.Int(fieldPort), 10))))
}
