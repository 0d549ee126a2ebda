package jfr

import (
	"encoding/binary"
	"net"
	"slices"
	"strconv"

	format "casefile/bundle/format/jfr"
)

// sampler reads the events of one sampled type.
type sampler struct {
	*sampledEvent
	b      *Builder
	thread int // places of fields; -1: none
	value  int
	word   int
	// constant: the detail is the key of one. That of a peer is read from several fields.
	constant, timed, counted, scaled, spanned bool
}

func (b *Builder) sampleHandler(s *sampledEvent, t *format.Type) handler {
	sel := t.Select(s.fields()...)
	r := sampler{sampledEvent: s, b: b, thread: fieldThread, value: -1, word: -1, timed: s.timed(), counted: sel.Has(fieldCount), scaled: sel.Has(fieldScale)}
	if !sel.Has(r.thread) {
		r.thread = fieldThread2
	}
	for i := range s.amount {
		if at := fieldFirstAmount + i; r.value < 0 && sel.Has(at) {
			r.value = at
		}
	}
	for i := range s.detail {
		if at := fieldFirstAmount + len(s.amount) + i; r.word < 0 && sel.Has(at) {
			r.word, r.constant = at, sel.Field(at).Constant
		}
	}
	r.spanned = sel.Has(fieldContext) || sel.Has(fieldSpan)
	return handler{sel, r.read}
}

// read sums an event up.
func (r *sampler) read(row *format.Row) {
	b, at, value := r.b, r.sample(row), r.amountOf(row)
	if at < 0 {
		return
	}
	if b.sum(at, r.countOf(row), value, row.Int(fieldBytes)); r.kind != AllocSample || len(b.allocs) == mostAllocations {
		return
	}
	if len(b.allocs) == cap(b.allocs) { // twice as many each time: append copies a long list five times
		b.allocs = slices.Grow(b.allocs, min(max(len(b.allocs), 1024), mostAllocations-len(b.allocs)))
	}
	b.allocs = append(b.allocs, allocation{at: row.Time(fieldTime).UnixNano(), weight: max(0, value), sample: at})
}

// sample is the place of the sample that an event belongs to; -1: it has no room.
func (r *sampler) sample(row *format.Row) int32 {
	b := r.b
	key := recentKey{kind: r.kind, stack: row.Int(fieldStack), thread: row.Int(r.thread), state: row.Int(fieldState)}
	k := sampleKey{kind: r.kind}
	switch {
	case r.peer:
		k.detail = b.peer(row)
		key.detail = int64(k.detail)
	case r.constant:
		key.detail = row.Int(r.word)
	case r.word >= 0:
		k.detail = b.word(row, r.word)
		key.detail = int64(k.detail)
	}
	last := b.recent.of(&key)
	if last.is(&key) && last.chunk == b.chunks && !r.spanned {
		return last.sample
	}
	k.stack, k.thread = b.stack(key.stack), b.thread(key.thread)
	if r.constant {
		k.detail = b.word(row, r.word)
	}
	if r.state != "" {
		k.state = b.word(row, fieldState)
	}
	if r.spanned {
		root := row.Int(fieldRoot)
		if !row.Has(fieldRoot) {
			root = row.Int(fieldRoot2)
		}
		k.span = b.span(Span{uint64(row.Int(fieldContext)), uint64(row.Int(fieldSpan)), uint64(root)})
	}
	at := b.place(k, r.countOf(row))
	if at >= 0 && k.stack > 0 && k.of(&b.rec.Samples[at]) { // else something had no room, which is to count each time
		*last = recent{key, b.chunks, at}
	}
	return at
}

func (r *sampler) amountOf(row *format.Row) (value int64) {
	switch {
	case r.value < 0:
	case r.timed:
		value = int64(row.Duration(r.value))
	default:
		value = row.Int(r.value)
	}
	if r.scaled {
		scale := row.Float(fieldScale)
		if scale > 0 && scale < 1e9 {
			value = int64(float64(value) * scale)
		}
	}
	return value
}

// countOf is how many samples an event stands for.
func (r *sampler) countOf(row *format.Row) int64 {
	if r.counted {
		return max(1, whole(row, fieldCount))
	}
	return 1
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

// place gives the place of the sample of a key, a new one if need be; -1: there is none left for so many events.
func (b *Builder) place(k sampleKey, count int64) int32 {
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
	return at
}

// sum adds events to a sample.
func (b *Builder) sum(at int32, count, amount, bytes int64) {
	s := &b.rec.Samples[at]
	amount = max(0, amount)
	s.Count += count
	s.Amount = plus(s.Amount, amount)
	s.Bytes = plus(s.Bytes, max(0, bytes))
	s.Max = max(s.Max, amount)
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
	raw := append(b.key[:0], "peer"...)
	raw = append(append(raw, row.RawText(fieldHost)...), row.RawText(fieldAddress)...)
	raw = binary.LittleEndian.AppendUint64(raw, uint64(row.Int(fieldPort)))
	b.key = raw
	if id, known := b.raws[string(raw)]; known {
		return id
	}
	host := row.Word(fieldHost)
	if host == "" {
		host = row.Word(fieldAddress)
	}
	if host == "" {
		return 0
	}
	id := b.text(limited(net.JoinHostPort(host, strconv.FormatInt(row.Int(fieldPort), 10))))
	if row.RawText(fieldHost) != nil && row.RawText(fieldAddress) != nil { // else a constant
		b.keepRaw(raw, id)
	}
	return id
}
