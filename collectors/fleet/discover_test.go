package fleet

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestConfluencePeers(t *testing.T) {
	const cfg = `<?xml version="1.0" encoding="UTF-8"?>
<confluence-configuration><properties>
<property name="confluence.cluster">true</property>
<property name="confluence.cluster.peers">10.0.0.1, wiki2.example.com:5801,10.0.0.3</property>
</properties></confluence-configuration>`
	got, err := ConfluencePeers(strings.NewReader(cfg))
	if want := []string{"10.0.0.1", "wiki2.example.com", "10.0.0.3"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", "<a/>", `<property name="confluence.cluster.peers"> , </property>`, "<property"} {
		if got, err := ConfluencePeers(strings.NewReader(bad)); err == nil {
			t.Errorf("%q gave %q", bad, got)
		}
	}
}

func TestExpand(t *testing.T) {
	lookup := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		if host != "wiki.example.com" {
			t.Errorf("looked up %q", host)
		}
		return []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::ffff:10.0.0.2"), netip.MustParseAddr("fd00::1")}, nil
	}
	nodes, err := Expand(context.Background(), "dns+ssh://root@wiki.example.com:22", lookup)
	if err != nil || len(nodes) != 3 || nodes[1].Address.Host != "10.0.0.2" || nodes[1].Address.User != "root" || nodes[2].Name != "fd00--1" {
		t.Errorf("%+v, %v", nodes, err)
	}
	if _, err := Expand(context.Background(), "dns+https://wiki.example.com:7443", lookup); err == nil {
		t.Error("agents have no name by DNS, but this was accepted")
	}
	if nodes, err := Expand(context.Background(), "n1=ssh://h", lookup); err != nil || nodes[0].Name != "n1" {
		t.Errorf("%+v, %v", nodes, err)
	}
}

func FuzzConfluencePeers(f *testing.F) {
	f.Add(`<property name="confluence.cluster.peers">a,b</property>`)
	f.Fuzz(func(t *testing.T, text string) { _, _ = ConfluencePeers(strings.NewReader(text)) })
}
