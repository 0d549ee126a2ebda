package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"casefile/collectors"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
)

func newAgent(u *ui) *cobra.Command {
	var o agentOptions
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Serve this node to the admins of its cluster",
		Long: `Answers casefile collect --cluster over mutual TLS 1.3: only identities of the same
cluster are heard (casefile cluster init makes them), and only the admin's may
capture. What a capture does is bounded by the agent, whatever the plan says: it
runs no commands, and uses credentials and folders that a plan names only where
--allow-credential and --allow-storage admit them. While a capture runs it answers
the other nodes at the same port by UDP, and asks them for their time. Idle, it
waits for connections and does nothing else.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.stdio {
				return serveStdio(cmd.Context(), u, &o)
			}
			if o.file == "" {
				return usage("--identity is needed: the file node-<name>.pem that casefile cluster init made for this node")
			}
			return serveAgent(cmd.Context(), u, &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.file, "identity", "", "identity file of this node")
	f.StringVar(&o.listen, "listen", ":7443", "address to listen on")
	f.StringVar(&o.spool, "spool", "/var/lib/casefile/spool", "folder for bundles until they are fetched")
	f.Int64Var(&o.maxSpool, "max-spool-bytes", agent.DefaultSpool, "most that the spool may hold")
	f.StringArrayVar(&o.allow.Peers, "allow-peer", []string{"any"}, "hosts that this node may ask for their time during a capture: an address, a network like 10.0.0.0/8, any or none (repeatable)")
	f.StringArrayVar(&o.allow.GoHosts, "allow-go-host", nil, "other host whose net/http/pprof a plan may name (repeatable)")
	f.StringArrayVar(&o.allow.Credentials, "allow-credential", nil, "database credential that a plan may refer to: env:NAME, file:/path, or file:/path/ for all below (repeatable)")
	f.BoolVar(&o.allow.AppCredentials, "allow-app-credentials", false, "let a plan have databases measured with the login that an application's own configuration holds")
	f.StringArrayVar(&o.allow.Storage, "allow-storage", nil, "folder in or below which latency may be measured with small files (repeatable)")
	f.IntSliceVar(&o.only.PIDs, "pid", nil, "serve this process only, whatever a plan says (repeatable)")
	f.StringArrayVar(&o.only.Apps, "app", nil, "serve applications with such a name only, a glob like 'confluence*' (repeatable)")
	f.StringArrayVar(&o.allow.TrustOwners, "allow-trust-owner", nil, "a user whose files a plan may have read for processes that may not read them (repeatable; default: none)")
	f.StringVar(&o.allow.AsyncProfiler, "allow-async-profiler", "", "the libasyncProfiler.so that a plan may have loaded into JVMs of this node (default: none)")
	o.push.flags(f)
	f.Lookup("push").Usage = "send profiles of this agent itself to the Pyroscope server at this URL"
	f.DurationVar(&o.pushEvery, "push-every", 15*time.Second, "how often they are sent")
	f.BoolVar(&o.stdio, "stdio", false, "serve one connection on stdin and stdout (used over ssh)")
	f.StringVar(&o.name, "node-name", "", "with --stdio: name of this node")
	f.StringVar(&o.remove, "remove", "", "with --stdio: keep the spool in this folder, and remove it at the end")
	for _, name := range []string{"stdio", "node-name", "remove"} {
		_ = f.MarkHidden(name) // fails for a flag that there is not
	}
	return cmd
}

// agentOptions is what the flags of agent say.
type agentOptions struct {
	file, listen, spool string
	maxSpool            int64
	only                collectors.Only
	allow               agent.Policy
	push                pushOptions
	pushEvery           time.Duration

	stdio        bool
	name, remove string
}

// collectors are those of this node, within what this agent serves.
func (o *agentOptions) collectors() []collectors.Collector { return o.only.Wrap(nodeCollectors()) }

func serveAgent(ctx context.Context, u *ui, o *agentOptions) error {
	if err := errors.Join(o.only.Check(), o.allow.Check()); err != nil {
		return usage("%w", err)
	}
	id, err := identity.Load(o.file)
	if err != nil {
		return hinted(err, "casefile cluster init, add or renew make identities")
	}
	stopPush, err := o.push.pushSelf(ctx, id.Name.Name, o.pushEvery, u.err)
	if err != nil {
		return err
	}
	defer stopPush()
	ln, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	node := &agent.Node{Name: id.Name.Name, Collectors: o.collectors, SpoolDir: o.spool, MaxSpool: o.maxSpool, Tool: thisTool(),
		Allow: o.allow, Listen: ln.Addr().String(), Identity: id}
	fmt.Fprintf(u.err, "casefile agent: node %s listens on %s\n", node.Name, ln.Addr())
	defer hold(ctx)()
	err = agent.Serve(ctx, ln, id, node.Handler())
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if closeErr := node.Close(end); err == nil {
		err = closeErr
	}
	return err
}

// stdioConn is stdin and stdout as one connection.
type stdioConn struct {
	io.Reader
	io.WriteCloser
}

// firstWord is how long an agent on stdin waits to be spoken to: who starts one speaks at once, and a debug container may start when whoever asked
// for it has long given up.
const firstWord = 2 * time.Minute

// awaiting ends the context when nothing was read within a time.
func awaiting(ctx context.Context, in io.Reader, limit time.Duration) (context.Context, io.Reader) {
	ctx, end := context.WithCancelCause(ctx)
	late := time.AfterFunc(limit, func() { end(errSilence) })
	return ctx, readerFunc(func(p []byte) (int, error) {
		n, err := in.Read(p)
		if n > 0 {
			late.Stop()
		}
		return n, err
	})
}

var errSilence = errors.New("nobody spoke to this agent")

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// serveStdio serves the admin at the other end of an ssh connection, and leaves
// nothing behind when that ends.
func serveStdio(ctx context.Context, u *ui, o *agentOptions) error {
	if o.remove != "" && !strings.HasPrefix(filepath.Base(o.remove), ".casefile-") {
		return usage("--remove %q is not a folder of casefile's", o.remove)
	}
	out, ok := u.out.(*os.File)
	if !ok {
		return usage("--stdio needs a real stdout")
	}
	spool, err := os.MkdirTemp(o.remove, ".casefile-spool-")
	if err != nil {
		return err
	}
	host, _ := os.Hostname()
	name := collectors.SafeName(orDefault(o.name, orDefault(host, "node")))
	node := &agent.Node{Name: name, Collectors: nodeCollectors, SpoolDir: spool, Tool: thisTool(), Allow: agent.Policy{Any: true}}
	defer hold(ctx)()
	spoken, in := awaiting(ctx, u.in, firstWord)
	err = agent.ServeConn(spoken, stdioConn{in, out}, node.Handler())
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	node.Close(end)
	os.RemoveAll(spool)
	if o.remove != "" {
		os.RemoveAll(o.remove)
	}
	return err
}
