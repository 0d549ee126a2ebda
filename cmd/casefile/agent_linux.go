package main

import (
	"context"
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
	var file, listen, spool, remove string
	var stdio bool
	var maxSpool int64
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Serve this node to the admins of its cluster",
		Long: `Answers casefile collect --cluster over mutual TLS 1.3: only identities of the same
cluster are heard (casefile cluster init makes them), and only the admin's may
capture. What a capture does is bounded by the agent, whatever the plan says: it
runs no commands and reads no paths that the plan names. Idle, it does nothing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if stdio {
				return serveStdio(cmd.Context(), u, remove)
			}
			if file == "" {
				return usage("--identity is needed: the file node-<name>.pem that casefile cluster init made for this node")
			}
			return serveAgent(cmd.Context(), u, file, listen, spool, maxSpool)
		},
	}
	cmd.Flags().StringVar(&file, "identity", "", "identity file of this node")
	cmd.Flags().StringVar(&listen, "listen", ":7443", "address to listen on")
	cmd.Flags().StringVar(&spool, "spool", "/var/lib/casefile/spool", "folder for bundles until they are fetched")
	cmd.Flags().Int64Var(&maxSpool, "max-spool-bytes", agent.DefaultSpool, "most that the spool may hold")
	cmd.Flags().BoolVar(&stdio, "stdio", false, "serve one connection on stdin and stdout (used over ssh)")
	cmd.Flags().StringVar(&remove, "remove", "", "with --stdio: remove this folder at the end")
	cmd.Flags().MarkHidden("stdio")
	cmd.Flags().MarkHidden("remove")
	return cmd
}

func serveAgent(ctx context.Context, u *ui, file, listen, spool string, maxSpool int64) error {
	id, err := identity.Load(file)
	if err != nil {
		return hinted(err, "casefile cluster init, add or renew make identities")
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	node := &agent.Node{Name: id.Name.Name, Collectors: nodeCollectors, SpoolDir: spool, MaxSpool: maxSpool, Tool: thisTool()}
	fmt.Fprintf(u.err, "casefile agent: node %s listens on %s\n", node.Name, ln.Addr())
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

// serveStdio serves the admin at the other end of an ssh connection, and leaves
// nothing behind when that ends.
func serveStdio(ctx context.Context, u *ui, remove string) error {
	if remove != "" && !strings.HasPrefix(filepath.Base(remove), ".casefile-") {
		return usage("--remove %q is not a folder of ours", remove)
	}
	spool, err := os.MkdirTemp("", ".casefile-spool-")
	if err != nil {
		return err
	}
	host, _ := os.Hostname()
	node := &agent.Node{Name: collectors.SafeName(orDefault(host, "node")), Collectors: nodeCollectors, SpoolDir: spool, Tool: thisTool()}
	out, ok := u.out.(*os.File)
	if !ok {
		return usage("--stdio needs a real stdout")
	}
	err = agent.ServeConn(ctx, stdioConn{u.in, out}, node.Handler())
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	node.Close(end)
	os.RemoveAll(spool)
	if remove != "" {
		os.RemoveAll(remove)
	}
	return err
}
