package agent

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"slices"
	"strings"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
)

// Policy is what a plan from outside may name on this node, beyond its processes
// and the addresses of the machine. The zero Policy admits nothing.
type Policy struct {
	// GoHosts are other hosts whose net/http/pprof a plan may name.
	GoHosts []string
	// Credentials a plan may refer to: "env:NAME", "file:/path", or "file:/path/"
	// for every file below.
	Credentials []string
	// Storage are folders in which, or below which, latency may be measured.
	Storage []string
	// AsyncProfiler is the only library that a plan may have loaded into a JVM.
	AsyncProfiler string
	// Peers are the hosts whose time a plan may ask for: addresses, networks
	// (10.0.0.0/8), or "any" for every unicast address.
	Peers []string
	// AppCredentials admits logging in to databases with what the configuration of the
	// node's products says.
	AppCredentials bool
	// TrustOwners are users whose files a plan may have read for a process that may not.
	TrustOwners []string
	// Any admits everything: for a node that is reached by a shell anyway.
	Any bool
}

func (p Policy) host(name string) bool { return p.Any || slices.Contains(p.GoHosts, name) }

func (p Policy) credential(ref string) bool {
	return ref == "" || p.Any || slices.ContainsFunc(p.Credentials, func(allowed string) bool {
		return ref == allowed || strings.HasPrefix(allowed, "file:") && strings.HasSuffix(allowed, "/") && strings.HasPrefix(ref, allowed)
	})
}

func (p Policy) folder(name string) bool {
	return p.Any || slices.ContainsFunc(p.Storage, func(allowed string) bool {
		allowed = path.Clean(allowed)
		return name == allowed || strings.HasPrefix(name, strings.TrimSuffix(allowed, "/")+"/")
	})
}

// Check reports whether the policy can be read.
func (p Policy) Check() error {
	for _, text := range p.Peers {
		if text != anyPeer && text != noPeer {
			if _, err := network(text); err != nil {
				return fmt.Errorf("peer %q: want any, none, an address or a network like 10.0.0.0/8", text)
			}
		}
	}
	return nil
}

const anyPeer, noPeer = "any", "none"

func network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(text)
}

// peer admits unicast addresses only: a question to a broadcast address would be
// asked of many.
func (p Policy) peer(a netip.Addr) bool {
	if a = a.Unmap(); !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || broadcast(a) {
		return false
	}
	return p.Any || slices.ContainsFunc(p.Peers, func(text string) bool {
		n, err := network(text)
		return text == anyPeer || err == nil && n.Contains(a)
	})
}

// broadcast reports whether the address is that of all machines of a network that
// this one is in.
func broadcast(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	own, err := net.InterfaceAddrs()
	all := net.IPv4bcast.Equal(a.AsSlice())
	for _, o := range own {
		if n, ok := o.(*net.IPNet); ok && n.IP.To4() != nil && len(n.Mask) == net.IPv4len && n.Contains(a.AsSlice()) {
			ones, _ := n.Mask.Size()
			last := true
			for i, b := range a.As4() {
				last = last && b|n.Mask[i] == 255
			}
			all = all || last && ones < 31 // RFC 3021: two addresses, none of them for all
		}
	}
	return all || err != nil
}

// restrict takes out of a plan what the policy does not admit, with a line of the
// ledger for each. A credential that a plan could name freely would be a way to
// read any file of the node.
func (p Policy) restrict(from plan.Plan) (plan.Plan, []bundle.Coverage) {
	if p.Any {
		return from, nil
	}
	var skipped []bundle.Coverage
	skip := func(what, name, flag string) {
		skipped = append(skipped, bundle.Coverage{Item: what, Target: name, Status: bundle.Skipped, Cause: entries.NotPermitted,
			Reason: "the agent of this node does not admit it", Fix: "start the agent with " + flag})
	}
	if profiles := from.Profiles; profiles != nil && profiles.AsyncProfiler != "" && profiles.AsyncProfiler != p.AsyncProfiler {
		skip("async-profiler", profiles.AsyncProfiler, "--allow-async-profiler "+profiles.AsyncProfiler)
		without := *profiles // JFR samples instead
		without.AsyncProfiler = ""
		from.Profiles = &without
	}
	from.TrustOwners = slices.DeleteFunc(slices.Clone(from.TrustOwners), func(owner string) bool {
		admitted := slices.Contains(p.TrustOwners, owner)
		if !admitted {
			skip("files of "+owner, owner, "--allow-trust-owner "+owner)
		}
		return !admitted
	})
	if from.Probes == nil {
		return from, skipped
	}
	probes := *from.Probes
	probes.Databases = slices.Clone(probes.Databases)
	for i, d := range probes.Databases {
		if !p.credential(d.Credential) {
			skip("database login", d.Credential, "--allow-credential "+d.Credential)
			probes.Databases[i].Credential = "" // connecting can still be measured
		}
	}
	probes.Storage = slices.DeleteFunc(slices.Clone(probes.Storage), func(s plan.Storage) bool {
		admitted := p.folder(s.Path)
		if !admitted {
			skip(entries.ItemStorage, s.Path, "--allow-storage "+s.Path)
		}
		return !admitted
	})
	if probes.AppCredentials && !p.AppCredentials {
		skip("database login", "application", "--allow-app-credentials")
		probes.AppCredentials = false
	}
	from.Probes = &probes
	return from, skipped
}
