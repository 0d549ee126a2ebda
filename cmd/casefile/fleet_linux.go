package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"casefile/bundle"
	"casefile/bundle/redact"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
	"casefile/collectors/fleet"
)

// maxNodeBytes bounds the compressed part of one node.
const maxNodeBytes = 2 << 30

// cluster is what --cluster, --node and --identity say.
type cluster struct {
	file     string
	identity string
	nodes    []string
}

func (c *cluster) wanted() bool { return c.file != "" || len(c.nodes) > 0 }

// resolve makes the list of nodes and loads the admin's identity if one is needed.
// here is the name of this machine.
func (c *cluster) resolve(ctx context.Context, here string) (name string, nodes []fleet.Node, id *identity.Identity, err error) {
	idFile := c.identity
	var known []identity.Member
	if strings.HasSuffix(c.file, ".xml") {
		if nodes, err = confluenceNodes(c.file); err != nil {
			return "", nil, nil, usage("--cluster %s: %w", c.file, err)
		}
		name = "confluence"
	} else if c.file != "" {
		file, err := identity.ReadCluster(c.file)
		if err != nil {
			return "", nil, nil, usage("--cluster: %w", err)
		}
		name, known = file.Title, file.Nodes
		idFile = orDefault(idFile, file.IdentityFile())
		for _, m := range file.Nodes {
			n, err := member(m)
			if err != nil {
				return "", nil, nil, usage("%s: %w", c.file, err)
			}
			nodes = append(nodes, n)
		}
	} else if idFile != "" {
		if file, err := identity.ReadCluster(filepath.Join(filepath.Dir(idFile), identity.ClusterFile)); err == nil {
			name, known = file.Title, file.Nodes
		}
	}
	for _, text := range c.nodes {
		found, err := fleet.Expand(ctx, text, net.DefaultResolver.LookupNetIP)
		if err != nil {
			return "", nil, nil, usage("--node: %w", err)
		}
		for _, n := range found {
			if m, ok := memberAt(known, n.Address.Host); ok && n.Name == n.Address.Name() {
				n.Name = m.Name
			}
			if n.Address.Kind == fleet.Local && n.Name == n.Address.Name() {
				n.Name = here
			}
			nodes = append(nodes, n)
		}
	}
	unique(nodes)
	if slices.ContainsFunc(nodes, func(n fleet.Node) bool { return n.Address.Kind == fleet.Agent }) {
		if idFile == "" {
			return "", nil, nil, usage("agents are reached with an identity of their cluster: --identity FILE, or --cluster FILE with admin.pem beside it")
		}
		if id, err = identity.Load(idFile); err != nil {
			return "", nil, nil, hinted(err, "casefile cluster init or renew make identities")
		}
	}
	return orDefault(name, "cluster"), nodes, id, nil
}

// confluenceNodes are the peers of a confluence.cfg.xml, reached by ssh.
func confluenceNodes(file string) ([]fleet.Node, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hosts, err := fleet.ConfluencePeers(f)
	if err != nil {
		return nil, err
	}
	var nodes []fleet.Node
	for _, h := range hosts {
		n, err := fleet.ParseNode("ssh://" + h)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func member(m identity.Member) (fleet.Node, error) {
	addr, err := fleet.ParseAddress(m.Addr)
	if err != nil { // an agent, host:port
		addr, err = fleet.ParseAddress("https://" + m.Addr)
	}
	return fleet.Node{Name: m.Name, Address: addr}, err
}

func memberAt(known []identity.Member, host string) (identity.Member, bool) {
	i := slices.IndexFunc(known, func(m identity.Member) bool { return m.Addr == host })
	if i < 0 {
		return identity.Member{}, false
	}
	return known[i], true
}

// unique gives nodes of the same name different ones.
func unique(nodes []fleet.Node) {
	taken := map[string]bool{}
	for i := range nodes {
		name := nodes[i].Name
		for n := 2; taken[nodes[i].Name]; n++ {
			nodes[i].Name = fmt.Sprintf("%s-%d", name, n)
		}
		taken[nodes[i].Name] = true
	}
}

// captureFleet captures many nodes into one bundle.
func captureFleet(ctx context.Context, u *ui, o *collectOptions) (*captured, error) {
	name, nodes, id, err := o.cluster.resolve(ctx, o.node)
	if err != nil {
		return nil, err
	}
	o.plan.Cluster = name
	if o.dryRun {
		for _, n := range nodes {
			fmt.Fprintf(u.out, "would capture %s (%s %s)\n", n.Name, n.Address.Kind, n.Address.Host)
		}
		return nil, nil
	}
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	local := func(name, spool string) *agent.Node {
		return &agent.Node{Name: name, Collectors: nodeCollectors, SpoolDir: spool, Tool: thisTool(), Allow: agent.Policy{Any: true}}
	}
	began := time.Now()
	w, err := bundle.Create(o.out, bundle.Format(o.format), bundle.Manifest{CaseID: o.plan.CaseID, Cluster: name, Tool: thisTool(), Plan: o.plan, Started: began}, redact.NewSecrets(name))
	if err != nil {
		return nil, hinted(err, "choose another place with --out")
	}
	prog := newProgress(u, o)
	prog.begins(o.plan, fmt.Sprintf("%d nodes", len(nodes)))
	runErr := fleet.Run(ctx, w, fleet.Options{Plan: o.plan, Nodes: nodes, Identity: id, Local: local, Binary: binary, Progress: prog.event, MaxNodeBytes: maxNodeBytes})
	prog.stop()
	if runErr != nil {
		w.Close()
		os.RemoveAll(o.out)
		return nil, hinted(runErr, "casefile collect --dry-run lists the nodes; each one's reason stands above")
	}
	w.Update(func(m *bundle.Manifest) {
		m.Ended = time.Now()
		if ctx.Err() != nil {
			m.Interrupted = "ended early by a signal"
		}
		m.Redaction = &bundle.Redaction{LeakCheck: "made on each node against the values known there"}
	})
	c, err := finish(context.WithoutCancel(ctx), w, o)
	if err != nil {
		return nil, errors.Join(err, runErr)
	}
	return c, nil
}
