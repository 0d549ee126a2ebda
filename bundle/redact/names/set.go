package names

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// MaxNames bounds the names that are remembered, to be translated back; later ones get pseudonyms all the same.
const MaxNames = 500_000

// Set is the names of a cluster with their pseudonyms. It is safe for concurrent use.
type Set struct {
	key Key

	mu    sync.RWMutex
	as    map[id]string       // pseudonyms
	taken map[string]id       // whose a pseudonym is
	known map[string]Kind     // to be looked for, as they are written, in lower case: hosts, users, domains
	sure  map[string]bool     // of those: the caller named them
	words map[uint64]bool     // of frames and identifiers: a name that is one of them is no word to look for
	v4    map[uint32]uint32   // addresses, with those that stand for them
	nets  map[uint32]*network // by their three octets
	index *index              // of known; nil after a change
}

// id is a name of a kind, in lower case where case does not matter.
type id struct {
	kind Kind
	name string
}

// New makes a set without names.
func New(key Key) *Set {
	return &Set{key: key, as: map[id]string{}, taken: map[string]id{}, known: map[string]Kind{}, sure: map[string]bool{},
		words: map[uint64]bool{}, v4: map[uint32]uint32{}, nets: map[uint32]*network{}}
}

// Name is one name with its pseudonym.
type Name struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	As   string `json:"as"`
}

// Names lists what was replaced so far, by kind and name.
func (s *Set) Names() []Name {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []Name
	for id, as := range s.as {
		list = append(list, Name{id.kind.String(), id.name, as})
	}
	for a, as := range s.v4 {
		list = append(list, Name{Address.String(), addr4(a).String(), addr4(as).String()})
	}
	slices.SortFunc(list, func(a, b Name) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return list
}

// Restore takes over names of an earlier bundle with the pseudonyms that they have.
func (s *Set) Restore(list []Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.nets)
	for _, n := range list {
		k := slices.Index(kindNames[:], n.Kind)
		if k < 0 || n.Name == "" || n.As == "" || s.full() {
			continue
		}
		i := id{Kind(k), n.Name}
		if a, err := netip.ParseAddr(n.Name); i.kind == Address && err == nil && a.Is4() {
			if as, err := netip.ParseAddr(n.As); err == nil && as.Is4() {
				s.v4[number4(a)] = number4(as)
				continue
			}
		}
		s.as[i], s.taken[n.As] = n.As, i
		if i.kind <= User && learnable(i.kind, n.Name) {
			s.known[n.Name], s.index = i.kind, nil
		}
	}
}

// Learn adds a name that is to be replaced wherever it stands, apart from places where it is another word: a host
// (with or without its domain), user or domain out of the configuration of the machines.
func (s *Set) Learn(kind Kind, name string) { s.learn(kind, name, true) }

func (s *Set) learn(kind Kind, name string, sure bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !learnable(kind, name) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	add := func(kind Kind, name string) {
		if _, there := s.known[name]; !there && len(s.known) < MaxNames {
			s.known[name], s.index = kind, nil
		}
		s.sure[name] = s.sure[name] || sure
	}
	if kind == Host && strings.Contains(name, ".") {
		host, domain := splitHost(name)
		add(Domain, domain)
		if host != "" && learnable(Host, host) {
			add(Host, host)
		}
		return
	}
	add(kind, name)
}

// knows reports whether a name, in lower case, is one that is looked for.
func (s *Set) knows(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, known := s.known[name]
	return known
}

// learnable reports whether a name names anybody.
func learnable(kind Kind, name string) bool {
	if len(name) < 2 || len(name) > 253 || isPseudonym(name) || strings.HasSuffix(name, invalid) {
		return false
	}
	switch kind {
	case User:
		return !keptUsers[name] && strings.Trim(name, "0123456789") != ""
	case Host:
		if _, err := netip.ParseAddr(name); err == nil {
			return false
		}
		return !keptHost(name) && strings.Trim(name, "0123456789.") != ""
	case Domain:
		return strings.Contains(name, ".") && !keptHost(name)
	}
	return true
}

// Pseudonym is what stands for a name. Hosts are given without their domain.
func (s *Set) Pseudonym(kind Kind, name string) string {
	if kind != Title && kind != Query && kind != Literal && kind != Path {
		name = strings.ToLower(name)
	}
	i := id{kind, name}
	s.mu.RLock()
	as, known := s.as[i]
	s.mu.RUnlock()
	if known {
		return as
	}
	sum := s.key.sum(kind.String(), name)
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := codeLen; ; n++ {
		as := prefixes[kind] + code(sum, n)
		if kind == Domain {
			as += invalid
		}
		if owner, taken := s.taken[as]; taken && owner != i && n < longestCode {
			continue
		}
		s.remember(i, as)
		return as
	}
}

func (s *Set) remember(i id, as string) {
	if !s.full() {
		s.as[i], s.taken[as] = as, i
	}
}

// full reports whether no more names are remembered.
func (s *Set) full() bool { return len(s.as)+len(s.v4) >= MaxNames }

// HostName is the pseudonym of a host with or without its domain, or of a domain.
func (s *Set) HostName(name string) string {
	host, domain := splitHost(name)
	switch {
	case domain == "":
		return s.Pseudonym(Host, host)
	case host == "":
		return s.Pseudonym(Domain, domain)
	}
	return s.Pseudonym(Host, host) + "." + s.Pseudonym(Domain, domain)
}

// NodeName is HostName for a node, which may have its pseudonym already, or no name.
func (s *Set) NodeName(name string) string {
	if first, _, _ := strings.Cut(name, "."); name == "" || isPseudonym(first) {
		return name
	}
	return s.HostName(name)
}

// splitHost parts the first label of a host from its domain; a name of two labels is a domain.
func splitHost(name string) (host, domain string) {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	n := len(labels)
	own := 2
	if n > 2 && len(labels[n-1]) == 2 && secondLevel[strings.ToLower(labels[n-2])] {
		own = 3
	}
	switch {
	case n == 1:
		return name, ""
	case n <= own:
		return "", strings.Join(labels, ".")
	}
	return labels[0], strings.Join(labels[1:], ".")
}

// AddressOf is the address that stands for another one; it keeps the zone.
func (s *Set) AddressOf(a netip.Addr) netip.Addr {
	switch {
	case keptAddress(a):
		return a
	case a.Is4():
		return s.address4(a)
	case a.Is4In6():
		return netip.AddrFrom16(s.address4(a.Unmap()).As16())
	}
	i := id{Address, a.WithZone("").String()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if as, known := s.as[i]; known {
		if to, err := netip.ParseAddr(as); err == nil {
			return to.WithZone(a.Zone())
		}
	}
	b := a.As16()
	net, iid := s.key.sum("network6", string(b[:8])), s.key.sum("interface6", string(b[:]))
	to := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	copy(to[4:8], net[:])
	copy(to[8:], iid[:8])
	as := netip.AddrFrom16(to)
	s.remember(i, as.String())
	return as.WithZone(a.Zone())
}

func (s *Set) address4(a netip.Addr) netip.Addr {
	b := a.As4()
	number := number4(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nets[number>>8]
	if n == nil {
		name := netip.AddrFrom4([4]byte{b[0], b[1], b[2]}).String()
		n = &network{s.network4(name), s.key.octets(name)}
		s.nets[number>>8] = n
	}
	as := netip.AddrFrom4([4]byte{n.as[0], n.as[1], n.as[2], n.octets[b[3]]})
	if !s.full() {
		s.v4[number] = number4(as)
	}
	return as
}

// network is what stands for the addresses that have three octets in common.
type network struct {
	as     [3]byte
	octets [256]byte
}

func number4(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func addr4(number uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)})
}

// network4 are the first octets that stand for those of a network.
func (s *Set) network4(network string) [3]byte {
	i := id{Network, network}
	if as, known := s.as[i]; known {
		if b, err := hex.DecodeString(as); err == nil && len(b) == 3 {
			return [3]byte(b)
		}
	}
	sum := s.key.sum("network4", network)
	for try := 0; ; try++ {
		net := network4(sum, try)
		as := hex.EncodeToString(net[:])
		if owner, taken := s.taken[as]; taken && owner != i && try < 6 {
			continue
		}
		s.remember(i, as)
		return net
	}
}

// mac is the hardware address, of six bytes, that stands for another one.
func (s *Set) mac(b [6]byte) [6]byte {
	sum := s.key.sum("mac", string(b[:]))
	to := [6]byte{0x02, 0x00, 0x5e, sum[0], sum[1], sum[2]}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(id{MAC, macText(b, ':', false)}, macText(to, ':', false))
	return to
}

// sayWords notes words of the evidence, so that they are no names to look for.
func (s *Set) sayWords(hashes map[uint64]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for h := range hashes {
		if len(s.words) >= maxWords {
			break
		}
		s.words[h] = true
	}
	s.index = nil
}

// maxWords bounds the words of frames that are remembered, of 16 bytes each.
const maxWords = 1 << 20

// Tables are the files that LearnTable reads, by the last part of their path.
var Tables = []string{"hosts", "passwd", "hostname", "resolv.conf"}

// LearnTable reads a file of a machine that lists names: hosts, passwd, hostname, resolv.conf.
func (s *Set) LearnTable(base string, text []byte) {
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		switch base {
		case "hosts":
			fields := strings.Fields(line)
			if len(fields) < 2 {
				continue
			}
			if _, err := netip.ParseAddr(fields[0]); err != nil {
				continue
			}
			for _, host := range fields[1:] {
				s.Learn(Host, host)
			}
		case "passwd":
			f := strings.Split(line, ":")
			if len(f) != 7 || !ofPerson(f[2]) {
				continue
			}
			s.Learn(User, f[0])
			if full, _, _ := strings.Cut(f[4], ","); len(full) > 4 {
				s.Learn(User, full)
			}
		case "hostname":
			s.Learn(Host, strings.TrimSpace(line))
		case "resolv.conf":
			fields := strings.Fields(line)
			if len(fields) > 1 && (fields[0] == "search" || fields[0] == "domain") {
				for _, d := range fields[1:] {
					s.Learn(Domain, d)
				}
			}
		}
	}
}

// ofPerson reports whether a user's number is that of an account somebody made, and no system's.
func ofPerson(number string) bool {
	n, err := strconv.Atoi(number)
	return err == nil && n >= 1000 && n < 65000
}
