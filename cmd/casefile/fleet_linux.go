package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/seal"
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
	// appCredentials is --use-app-credentials.
	appCredentials bool
}

func (c *cluster) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&c.nodes, "node", nil, "capture this node: https://host:port (an agent), ssh://user@host[:port][?sudo=1], dns+ssh://user@name for all addresses of a name, k8s://namespace/pod[/container] or k8s://namespace/?selector=app=name through kubectl, local; or NAME=address (repeatable)")
	f.StringVar(&c.file, "cluster", "", "capture all nodes of this cluster.yaml (or, by ssh, of this confluence.cfg.xml) at the same moment into one bundle")
	f.StringVar(&c.identity, "identity", "", "the admin's identity file (default: the one cluster.yaml names)")
}

func (c *cluster) wanted() bool { return c.file != "" || len(c.nodes) > 0 }

// members is what a cluster resolves to.
type members struct {
	name     string
	nodes    []fleet.Node
	identity *identity.Identity // nil: no agent among them
	probes   *plan.Probes
}

// resolve makes the list of nodes and loads the admin's identity if one is needed.
// here is the name of this machine.
func (c *cluster) resolve(ctx context.Context, here string) (*members, error) {
	r := &members{}
	var err error
	idFile := c.identity
	var known []identity.Member
	if strings.HasSuffix(c.file, ".xml") {
		if r.nodes, err = confluenceNodes(c.file); err != nil {
			return nil, usage("--cluster %s: %w", c.file, err)
		}
		r.name = "confluence"
	} else if c.file != "" {
		file, err := identity.ReadCluster(c.file)
		if err != nil {
			return nil, usage("--cluster: %w", err)
		}
		r.name, known, r.probes = file.Title, file.Nodes, file.Probes
		idFile = orDefault(idFile, file.IdentityFile())
		for _, m := range file.Nodes {
			n, err := member(m)
			if err != nil {
				return nil, usage("%s: %w", c.file, err)
			}
			r.nodes = append(r.nodes, n)
		}
	} else if idFile != "" {
		if file, err := identity.ReadCluster(filepath.Join(filepath.Dir(idFile), identity.ClusterFile)); err == nil {
			r.name, known = file.Title, file.Nodes
		}
	}
	for _, text := range c.nodes {
		found, err := fleet.Expand(ctx, text, net.DefaultResolver.LookupNetIP)
		if err != nil {
			if fix := fixOf(err, ""); fix != "" { // written as it should be, and it cannot be asked
				return nil, hinted(err, fix)
			}
			return nil, usage("--node: %w", err)
		}
		for _, n := range found {
			if m, ok := memberAt(known, n.Address.Host); ok && n.Name == n.Address.Name() {
				n.Name = m.Name
			}
			if n.Address.Kind == fleet.Local && n.Name == n.Address.Name() {
				n.Name = here
			}
			r.nodes = append(r.nodes, n)
		}
	}
	unique(r.nodes)
	if slices.ContainsFunc(r.nodes, func(n fleet.Node) bool { return n.Address.Kind == fleet.Agent }) {
		if idFile == "" {
			return nil, usage("agents are reached with an identity of their cluster: --identity FILE, or --cluster FILE with admin.pem next to it")
		}
		if r.identity, err = identity.Load(idFile); err != nil {
			return nil, hinted(err, "casefile cluster init or renew make identities")
		}
	}
	if c.appCredentials {
		if r.probes == nil {
			r.probes = &plan.Probes{}
		}
		r.probes.AppCredentials = true
	}
	r.name = orDefault(r.name, "cluster")
	return r, nil
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
	return fleet.Node{Name: m.Name, Address: addr, Labels: m.Labels}, err
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

// printProbes says what each node would measure of what it shares with others.
func printProbes(w io.Writer, p *plan.Probes) {
	if p == nil {
		return
	}
	for _, d := range p.Databases {
		how := "without a login"
		if d.Credential != "" {
			how = "and look at its sessions at each dump, with the login at " + d.Credential
		}
		fmt.Fprintf(w, "would measure database %s %s\n", d.URL, how)
	}
	if p.AppCredentials {
		fmt.Fprintln(w, "would measure the databases of the applications, and look at their sessions at each dump, with their own logins")
	}
	for _, s := range p.Storage {
		fmt.Fprintf(w, "would measure %s %s: a file of 4 KiB a second, removed after\n", s.Kind, s.Path)
	}
	for _, n := range p.Names {
		fmt.Fprintf(w, "would look up %s\n", n)
	}
	for _, d := range p.Directories {
		fmt.Fprintf(w, "would measure the user directory %s without a login\n", d)
	}
}

// printLacks says which rights the user lacks for nodes that are pods, or that it is not known. The capture goes on without them, as far as it comes.
func printLacks(ctx context.Context, w io.Writer, nodes []fleet.Node) {
	for _, m := range fleet.Lacks(ctx, nodes) {
		fmt.Fprintf(w, "%s\n%s", report.Plain(m.Title()), m.YAML())
	}
}

// captureFleet captures many nodes into one bundle.
func captureFleet(ctx context.Context, u *ui, o *collectOptions) (*bundle.Writer, error) {
	to, err := o.cluster.resolve(ctx, o.node)
	if err != nil {
		return nil, err
	}
	o.plan.Cluster = to.name
	if !o.plan.ProfilesOnly() {
		o.plan.Probes = to.probes
	}
	printLacks(ctx, u.err, to.nodes)
	if o.dryRun {
		for _, n := range to.nodes {
			fmt.Fprintf(u.out, "would capture %s (%s %s)\n", n.Name, n.Address.Kind, n.Address.Host)
		}
		printProbes(u.out, o.plan.Probes)
		return nil, nil
	}
	if !o.plan.Redact.Pseudonyms() {
		if err := o.sealing.identity(to.identity); err != nil {
			return nil, err
		}
	}
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	local := func(name, spool string) *agent.Node {
		return &agent.Node{Name: name, Collectors: nodeCollectors, SpoolDir: spool, Tool: thisTool(), Allow: agent.Policy{Any: true}}
	}
	began := time.Now()
	w, err := bundle.CreateSealed(seal.From(ctx), o.out, bundle.Format(o.format), bundle.Manifest{CaseID: o.plan.CaseID, Cluster: to.name, Tool: thisTool(), Plan: o.plan, Started: began}, redact.NewSecrets(to.name))
	if err != nil {
		return nil, hinted(err, placeHint(o.out, err, "choose another place with --out"))
	}
	prog := newProgress(u, o)
	prog.begins(o.plan, fmt.Sprintf("%d nodes", len(to.nodes)))
	runErr := fleet.Run(ctx, w, fleet.Options{Plan: o.plan, Nodes: to.nodes, Identity: to.identity, Local: local, Binary: binary, Progress: prog.event, MaxNodeBytes: maxNodeBytes})
	prog.stop()
	if runErr != nil {
		w.Close()
		os.RemoveAll(o.out)
		return nil, hinted(runErr, fixOf(runErr, "casefile collect --dry-run lists the nodes; each one's reason stands above"))
	}
	w.Update(func(m *bundle.Manifest) {
		m.Ended = time.Now()
		if ctx.Err() != nil {
			m.Interrupted = "ended early by a signal"
		}
		m.Redaction = &bundle.Redaction{LeakCheck: "made on each node against the values known there"}
	})
	return w, nil
}
