package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"casefile/collectors/agent/identity"
)

func newCluster(u *ui) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Make the identities of a cluster's nodes and admin",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var dir, title string
	var nodes []string
	cmd.PersistentFlags().StringVar(&dir, "dir", "casefile-cluster", "folder of the cluster: authority, identities, cluster.yaml")
	initCmd := &cobra.Command{
		Use:   "init --node NAME=HOST:PORT...",
		Short: "Make a cluster: its authority, an identity for each node and for the admin, cluster.yaml",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			members, err := parseMembers(nodes)
			if err != nil {
				return err
			}
			if len(members) == 0 {
				return usage("--node NAME=HOST:PORT is needed, once for each node")
			}
			if err := identity.Init(dir, title, members); err != nil {
				return err
			}
			tellNext(u, dir, members)
			return nil
		},
	}
	initCmd.Flags().StringArrayVar(&nodes, "node", nil, "NAME=HOST:PORT of a node's agent (repeatable)")
	initCmd.Flags().StringVar(&title, "name", "cluster", "name of the cluster")
	addCmd := &cobra.Command{
		Use:   "add --node NAME=HOST:PORT...",
		Short: "Add nodes to a cluster",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			members, err := parseMembers(nodes)
			if err != nil {
				return err
			}
			for name, addr := range members {
				if err := identity.Add(dir, name, addr); err != nil {
					return err
				}
			}
			tellNext(u, dir, members)
			return nil
		},
	}
	addCmd.Flags().StringArrayVar(&nodes, "node", nil, "NAME=HOST:PORT of a node's agent (repeatable)")
	renewCmd := &cobra.Command{
		Use:   "renew",
		Short: "Make new identities for the admin and all nodes; the old ones stay valid until they expire",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := identity.Renew(dir); err != nil {
				return err
			}
			fmt.Fprintf(u.out, "renewed in %s: copy node-<name>.pem to each node and restart its agent\n", dir)
			return nil
		},
	}
	cmd.AddCommand(initCmd, addCmd, renewCmd)
	return cmd
}

func parseMembers(nodes []string) (map[string]string, error) {
	members := map[string]string{}
	for _, n := range nodes {
		name, addr, ok := strings.Cut(n, "=")
		if _, twice := members[name]; !ok || twice {
			return nil, usage("--node %q: want NAME=HOST:PORT, each name once", n)
		}
		members[name] = addr
	}
	return members, nil
}

func tellNext(u *ui, dir string, members map[string]string) {
	for name := range members {
		fmt.Fprintf(u.out, "copy %s to node %s (mode 0600) and run there: casefile agent --identity %s\n",
			filepath.Join(dir, identity.NodeFile(name)), name, identity.NodeFile(name))
	}
	fmt.Fprintf(u.out, "then here: casefile collect --cluster %s\n", filepath.Join(dir, identity.ClusterFile))
}
