package agent

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"casefile/bundle/format/plan"
)

// Bounds of a plan from outside, beyond those of plan.Validate.
const (
	maxLate  = time.Minute
	maxAhead = 10 * time.Minute
	maxText  = 200
	maxPIDs  = 1000
	maxPID   = 1 << 22 // PID_MAX_LIMIT of Linux
	maxApps  = 100
	maxURLs  = 20
)

// checkPlan refuses what no admin would ask for, or this node does not allow.
func (n *Node) checkPlan(p plan.Plan) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := checkStart(p.Start, n.Now()); err != nil {
		return err
	}
	for _, text := range slices.Concat([]string{p.CaseID, p.Cluster}, p.Apps) {
		if len(text) > maxText || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("text %s: want at most %d printable characters", shorten(text), maxText)
		}
	}
	switch {
	case len(p.PIDs) > maxPIDs || len(p.Apps) > maxApps || len(p.GoURLs) > maxURLs:
		return fmt.Errorf("%d pids, %d applications, %d URLs: at most %d, %d and %d", len(p.PIDs), len(p.Apps), len(p.GoURLs), maxPIDs, maxApps, maxURLs)
	case slices.ContainsFunc(p.PIDs, func(pid int) bool { return pid < 1 || pid > maxPID }):
		return fmt.Errorf("pids: want 1 to %d", maxPID)
	case p.MaxLogBytes > n.MaxSpool:
		return fmt.Errorf("max log bytes %d: this node keeps at most %d", p.MaxLogBytes, n.MaxSpool)
	}
	for _, raw := range p.GoURLs {
		if err := n.checkURL(raw); err != nil {
			return err
		}
	}
	return nil
}

func checkStart(start, now time.Time) error {
	switch late := now.Sub(start); {
	case start.IsZero():
		return nil
	case late > maxLate:
		return fmt.Errorf("start is %v ago on the clock of this node: at most %v", late.Round(time.Second), maxLate)
	case -late > maxAhead:
		return fmt.Errorf("start is %v ahead on the clock of this node: at most %v", (-late).Round(time.Second), maxAhead)
	}
	return nil
}

// checkURL lets a plan name services of this machine only: an agent is no way
// into the network behind it.
func (n *Node) checkURL(raw string) error {
	if len(raw) > maxText {
		return fmt.Errorf("URL %s: too long", shorten(raw))
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return fmt.Errorf("URL %s: not a URL", shorten(raw))
	case u.Scheme != "http" && u.Scheme != "https" || u.User != nil:
		return fmt.Errorf("URL %s: want http://host:port or https://host:port", shorten(raw))
	case n.Allow.host(u.Hostname()) || u.Hostname() == "localhost":
		return nil
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return fmt.Errorf("URL %s: want an address of this machine, not a name", shorten(raw))
	}
	own, err := ownAddr(addr)
	if err == nil && !own {
		err = errors.New("not an address of this machine")
	}
	if err != nil {
		return fmt.Errorf("URL %s: %w", shorten(raw), err)
	}
	return nil
}

func ownAddr(addr netip.Addr) (bool, error) {
	if addr.Unmap().IsLoopback() {
		return true, nil
	}
	list, err := net.InterfaceAddrs()
	return slices.ContainsFunc(list, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Unmap() == addr.Unmap().WithZone("")
	}), err
}
