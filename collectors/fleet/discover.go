package fleet

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// maxConfig bounds a confluence.cfg.xml.
const maxConfig = 4 << 20

// peersProperty is where Confluence keeps the addresses of its cluster's nodes
// when they join by TCP/IP (confluence.cfg.xml, since 6.0).
const peersProperty = "confluence.cluster.peers"

// ConfluencePeers reads the nodes of a Confluence cluster out of its
// confluence.cfg.xml: host names or addresses, without ports.
func ConfluencePeers(r io.Reader) ([]string, error) {
	dec := xml.NewDecoder(io.LimitReader(r, maxConfig))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("no property %s: this cluster does not join by tcp_ip; name its nodes with --node", peersProperty)
		}
		if err != nil {
			return nil, err
		}
		el, ok := tok.(xml.StartElement)
		if !ok || el.Name.Local != "property" || !slices.ContainsFunc(el.Attr, func(a xml.Attr) bool { return a.Name.Local == "name" && a.Value == peersProperty }) {
			continue
		}
		var text string
		if err := dec.DecodeElement(&text, &el); err != nil {
			return nil, err
		}
		var hosts []string
		for p := range strings.SplitSeq(text, ",") {
			if p = strings.TrimSpace(p); p == "" {
				continue
			}
			if host, _, err := net.SplitHostPort(p); err == nil {
				p = host
			}
			hosts = append(hosts, p)
		}
		if len(hosts) == 0 {
			return nil, fmt.Errorf("property %s is empty", peersProperty)
		}
		return hosts, nil
	}
}

// Expand replaces an address dns+ssh://user@name by one ssh node for each of the
// name's addresses; others stay as they are.
func Expand(ctx context.Context, text string, lookup func(context.Context, string, string) ([]netip.Addr, error)) ([]Node, error) {
	rest, isDNS := strings.CutPrefix(text, "dns+")
	if !isDNS {
		n, err := ParseNode(text)
		if err == nil && n.Address.Selector != "" {
			return n.Address.pods(ctx)
		}
		return []Node{n}, err
	}
	a, err := ParseAddress(rest)
	if err != nil {
		return nil, err
	}
	if a.Kind != SSH {
		return nil, fmt.Errorf("node %q: dns+ goes with ssh:// only: an agent is known by its name, not by its address", text)
	}
	addrs, err := lookup(ctx, "ip", a.Host)
	if err != nil {
		return nil, fmt.Errorf("node %q: %w", text, err)
	}
	var nodes []Node
	for _, ip := range addrs {
		one := a
		one.Host = ip.Unmap().String()
		nodes = append(nodes, Node{Name: strings.ReplaceAll(one.Host, ":", "-"), Address: one})
	}
	return nodes, nil
}
