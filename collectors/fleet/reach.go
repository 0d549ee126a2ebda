package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
)

// connect opens the node's API and sees that it can be used.
func (m *member) connect(ctx context.Context) {
	limit := m.f.times.agent
	if m.Address.Kind == SSH || m.Address.Kind == Kube {
		limit = m.f.times.ssh
	}
	if m.Address.Image != "" {
		limit = m.f.times.image
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, entries.Errorf(entries.NoAnswer, "no answer within %v", limit))
	defer cancel()
	m.f.tell(m, "connecting", "")
	if m.err = m.open(ctx); m.err == nil {
		m.hello, m.err = m.client.Hello(ctx)
	}
	if m.err == nil {
		return
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(m.err, cause) {
		m.err = cause
	}
	if m.said != nil { // the client knows why it ended
		m.err = m.said(m.err)
	}
	m.err = plainly(m.Address.Host, m.err)
	m.lost(entries.ItemNode, m.err)
}

// plainly leaves out of an error by which request it was found.
func plainly(host string, err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nothing listens at %s: %w", host, syscall.ECONNREFUSED)
	}
	if request, ok := err.(*url.Error); ok {
		return request.Err
	}
	return err
}

// open makes the connection of the address's kind.
func (m *member) open(ctx context.Context) error {
	switch m.Address.Kind {
	case Agent:
		return m.openAgent()
	case SSH, Kube:
		s := &shellNode{addr: m.Address, name: m.dir, binary: m.f.o.Binary}
		reach := s.connect
		if m.Address.Image != "" {
			reach = s.debug
		}
		conn, err := reach(ctx)
		if err != nil {
			return err
		}
		m.said = conn.explain
		m.overConn(conn)
		return nil
	}
	return m.openLocal(ctx)
}

func (m *member) openAgent() error {
	if m.f.o.Identity == nil {
		return entries.NewError(entries.NotPermitted, "an identity of the cluster is needed: --identity, or --cluster with one next to it")
	}
	client, err := agent.Dial(m.f.o.Identity, m.Name, m.Address.Host)
	if err != nil {
		return err
	}
	client.Turn = m.turn
	m.client, m.closer = client, func() { client.Close() }
	return nil
}

// openLocal serves this machine to itself through a pipe.
func (m *member) openLocal(ctx context.Context) error {
	if m.f.o.Local == nil {
		return entries.NewError(entries.Unsupported, "this machine cannot be captured")
	}
	spool := filepath.Join(m.f.parts, m.dir+".spool")
	node := m.f.o.Local(m.dir, spool)
	ours, theirs := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = agent.ServeConn(context.WithoutCancel(ctx), theirs, node.Handler())
	}()
	m.overConn(ours)
	hangUp := m.closer
	m.closer = func() {
		hangUp()
		theirs.Close()
		<-served
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.f.times.leave)
		defer cancel()
		node.Close(ctx) // one that does not end cannot be waited for: the ledger has it
		os.RemoveAll(spool)
	}
	return nil
}

func (m *member) overConn(conn io.ReadWriteCloser) {
	http := agent.DialConn(conn)
	m.client = agent.NewClient(http, "http://node")
	m.closer = func() { http.CloseIdleConnections(); conn.Close() }
}

func (m *member) close() {
	if m.closer != nil {
		m.closer()
	}
}

// noneReached says that no node can be captured, and what helps with the first.
type noneReached struct {
	nodes int
	first *member
}

func (e *noneReached) Error() string {
	if e.nodes == 1 {
		return fmt.Sprintf("node %s cannot be captured: %v", e.first.Name, e.first.err)
	}
	return fmt.Sprintf("none of %d nodes can be captured; %s: %v", e.nodes, e.first.Name, e.first.err)
}

func (e *noneReached) Unwrap() error { return e.first.err }
func (e *noneReached) Fix() string   { return e.first.fix(e.first.err) }

// lost notes what was not obtained of this node.
func (m *member) lost(item string, err error) {
	m.f.tell(m, "failed", err.Error())
	m.f.w.Cover(bundle.Coverage{Node: m.Name, Collector: entries.CollectorFleet, Target: m.Name, Item: item, Status: bundle.Failed, Cause: cause(err), Reason: err.Error(), Fix: m.fix(err)})
}

// refusals are what to do when a node says no.
var refusals = map[agent.Code]string{
	agent.Busy:      "wait until the other capture of this node has ended, or restart its agent",
	agent.NoSpool:   "free space on the node where its agent keeps bundles, or give the agent another --spool",
	agent.BadPlan:   "capture without what the node refuses, or let its agent admit it: casefile agent --help",
	agent.Forbidden: "use the admin's identity: admin.pem in the folder of the cluster",
	agent.Unknown:   "the agent was restarted during the capture: see its log, and capture again",
}

// fix says what to do about an error of this node.
func (m *member) fix(err error) string {
	var refusal *agent.Error
	if errors.As(err, &refusal) && refusals[refusal.Code] != "" {
		return refusals[refusal.Code]
	}
	if foreign(err) {
		return "node-" + m.Name + ".pem on the node and admin.pem here must be of one cluster and valid: casefile cluster add or renew, then copy the file to the node"
	}
	if errors.Is(err, exec.ErrNotFound) {
		return absentTool(m.Address.Kind)
	}
	switch m.Address.Kind {
	case Agent:
		return "see that casefile agent runs on the node (systemctl status casefile-agent) and that " + m.Address.Host + " is reachable from here, then capture again"
	case SSH:
		return "ssh " + m.Address.Host + " must work from here without a question"
	case Kube:
		return m.Address.kubeFix(err)
	}
	return "run casefile doctor"
}

// absentTool is what to do where the client of a kind of node is not there.
func absentTool(k Kind) string {
	return "install " + k.tool() + " here, or name its folder in PATH (which sudo may have changed)"
}

// cause is of what kind an error is that a node, or the way to it, gave.
func cause(err error) entries.Cause {
	var refusal *agent.Error
	switch {
	case errors.As(err, &refusal) && refusal.Code == agent.NoSpool:
		return entries.NoSpace
	case errors.As(err, &refusal):
		return entries.Refused
	case foreign(err):
		return entries.NotPermitted
	}
	return entries.CauseOf(err)
}

// foreign distinguishes errors of identity from those of the link.
func foreign(err error) bool {
	var alert tls.AlertError
	var stranger *tls.CertificateVerificationError
	var wrong *identity.WrongNodeError
	var host x509.HostnameError
	return errors.As(err, &alert) || errors.As(err, &stranger) || errors.As(err, &wrong) || errors.As(err, &host)
}
