package jfr

import "math/rand/v2"

// keyMap maps keys of a chunk's constants to indices. Writers count most keys up from 1; those of methods and classes are sparse.
type keyMap struct {
	dense []int32 // index + 1; 0: not known
	far   []farKey
	used  int    // of far
	seed  uint64 // odd, random: keys of an attacker do not meet in one place
}

// farKey is a place of a table by open addressing.
type farKey struct {
	key   int64
	index int32 // + 1; 0: free
}

const (
	denseKeys = 1 << 18
	maxFar    = 1 << 18
)

func (m *keyMap) get(key int64) (int32, bool) {
	v := int32(0)
	switch {
	case uint64(key) < uint64(len(m.dense)):
		v = m.dense[key]
	case uint64(key) >= denseKeys && m.used > 0:
		v = m.place(key).index
	}
	return v - 1, v != 0
}

// place is where a key is, or would go.
func (m *keyMap) place(key int64) *farKey {
	mask := uint64(len(m.far) - 1)
	h := (uint64(key) ^ m.seed>>9) * m.seed
	for i := (h ^ h>>32) & mask; ; i = (i + 1) & mask {
		if p := &m.far[i]; p.index == 0 || p.key == key {
			return p
		}
	}
}

func (m *keyMap) put(key int64, index int32) {
	if uint64(key) >= denseKeys {
		if m.used < maxFar { // what is not kept is looked up again
			m.putFar(key, index)
		}
		return
	}
	if n := uint64(len(m.dense)); uint64(key) >= n {
		m.dense = append(m.dense, make([]int32, max(uint64(key)+1, min(2*n, denseKeys), 64)-n)...)
	}
	m.dense[key] = index + 1
}

func (m *keyMap) putFar(key int64, index int32) {
	if 2*m.used >= len(m.far) {
		old := m.far
		m.seed, m.far = rand.Uint64()|1, make([]farKey, max(64, 2*len(old)))
		for _, p := range old {
			if p.index != 0 {
				*m.place(p.key) = p
			}
		}
	}
	if p := m.place(key); p.index == 0 {
		*p = farKey{key, index + 1}
		m.used++
	}
}

func (m *keyMap) reset() {
	clear(m.dense)
	if m.used > 0 {
		clear(m.far)
	}
	m.used = 0
}

// recents remember the samples of the newest events by the keys of their chunk: threads do the same over and over.
type recents [1 << 10]recent

type recent struct {
	recentKey
	chunk  int // number of the chunk; those of before are forgotten
	sample int32
}

type recentKey struct {
	kind                         Kind
	stack, thread, detail, state int64
}

func (k *recentKey) is(o *recentKey) bool {
	return k.stack == o.stack && k.thread == o.thread && k.detail == o.detail && k.state == o.state && k.kind == o.kind
}

// of is where a key would be.
func (r *recents) of(k *recentKey) *recent {
	h := uint64(k.stack)*0x9e3779b97f4a7c15 ^ uint64(k.thread)*0xc2b2ae3d27d4eb4f ^ uint64(k.detail)*0x165667b19e3779f9 ^ uint64(k.state)<<32 ^ uint64(k.kind)<<56
	return &r[h>>32*uint64(len(r))>>32]
}

// sampleIndex finds samples by their keys, by open addressing: it is asked once an event.
type sampleIndex struct {
	places []int32 // in the list of samples, + 1; 0: free
	seed   uint64  // odd, random: keys of an attacker do not meet in one place
}

type sampleKey struct {
	kind                               Kind
	stack, thread, detail, state, span int32
}

func (k *sampleKey) of(s *Sample) bool {
	return k.stack == s.Stack && k.thread == s.Thread && k.detail == s.Detail && k.kind == s.Kind && k.state == s.State && k.span == s.Span
}

func keyOf(s *Sample) sampleKey {
	return sampleKey{s.Kind, s.Stack, s.Thread, s.Detail, s.State, s.Span}
}

func (x *sampleIndex) hash(k *sampleKey) uint64 {
	a := uint64(uint32(k.stack))<<32 | uint64(uint32(k.thread))
	b := uint64(uint32(k.detail))<<32 | uint64(uint32(k.state))<<8 | uint64(k.kind)
	h := (a ^ x.seed>>9) * x.seed
	h = (h ^ h>>32 ^ b) * x.seed
	h = (h ^ h>>32 ^ uint64(uint32(k.span))) * x.seed
	return h ^ h>>29
}

// place is where the sample of a key is, or would go.
func (x *sampleIndex) place(k *sampleKey, samples []Sample) *int32 {
	mask := uint64(len(x.places) - 1)
	for i := x.hash(k) & mask; ; i = (i + 1) & mask {
		p := &x.places[i]
		if *p == 0 || k.of(&samples[*p-1]) {
			return p
		}
	}
}

func (x *sampleIndex) grow(samples []Sample) {
	if x.seed == 0 {
		x.seed = rand.Uint64() | 1
	}
	x.places = make([]int32, max(1024, 2*len(x.places)))
	for i := range samples {
		k := keyOf(&samples[i])
		*x.place(&k, samples) = int32(i + 1)
	}
}

// find gives the place of the sample of a key; -1: there is none.
func (x *sampleIndex) find(k *sampleKey, samples []Sample) int32 {
	if len(x.places) == 0 {
		return -1
	}
	return *x.place(k, samples) - 1
}

// added notes the newest sample.
func (x *sampleIndex) added(samples []Sample) {
	if 2*len(samples) > len(x.places) {
		x.grow(samples)
		return
	}
	k := keyOf(&samples[len(samples)-1])
	*x.place(&k, samples) = int32(len(samples))
}
