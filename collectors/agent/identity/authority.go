package identity

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Names of the files in a cluster folder.
const (
	CAFile      = "ca.pem"
	AdminFile   = "admin.pem"
	ClusterFile = "cluster.yaml"
)

// NodeFile is the name of a node's identity file.
func NodeFile(name string) string { return "node-" + name + ".pem" }

// Init makes a cluster in dir: its authority, an identity for the admin and for
// each node (name to address, host:port), and cluster.yaml. It refuses a folder
// that holds a cluster already.
func Init(dir, cluster string, nodes map[string]string) error {
	return initAt(dir, cluster, nodes, time.Now())
}

// Add makes the identity of one more node and adds it to cluster.yaml.
func Add(dir, name, addr string) error { return addAt(dir, name, addr, time.Now()) }

// Renew makes new identities with new keys for the admin and every node of
// cluster.yaml. The old ones stay valid until they expire, so nodes may get the
// new ones one after the other. An authority near its end gets a new term.
func Renew(dir string) error { return renewAt(dir, time.Now()) }

func initAt(dir, cluster string, nodes map[string]string, now time.Time) error {
	if err := checkTitle(cluster); err != nil {
		return err
	}
	c := &Cluster{Title: cluster, Identity: AdminFile}
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		if err := checkAddr(nodes[name]); err != nil {
			return fmt.Errorf("node %s: %w", name, err)
		}
		c.Nodes = append(c.Nodes, Member{Name: name, Addr: nodes[name]})
	}
	if err := c.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cluster folder: %w", err)
	}
	for _, file := range []string{CAFile, AdminFile, ClusterFile} {
		if file = filepath.Join(dir, file); exists(file) {
			return fmt.Errorf("%s exists: this folder holds a cluster already; casefile cluster add or renew change it", file)
		}
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	ca, err := newCA(cluster, hex.EncodeToString(id), nil, now)
	if err != nil {
		return err
	}
	a := &authority{dir: dir, pair: ca}
	c.ID = a.clusterID()
	if err := a.write(Admin, string(Admin), now); err != nil {
		return err
	}
	for _, m := range c.Nodes {
		if err := a.write(Node, m.Name, now); err != nil {
			return err
		}
	}
	if err := c.write(filepath.Join(dir, ClusterFile)); err != nil {
		return err
	}
	return a.save() // last: a folder with an authority is a complete one
}

func addAt(dir, name, addr string, now time.Time) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := checkAddr(addr); err != nil {
		return fmt.Errorf("node %s: %w", name, err)
	}
	a, err := loadAuthority(dir, now)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, ClusterFile)
	c, err := ReadCluster(file)
	if err != nil {
		return err
	}
	if _, there := c.Member(name); there {
		return fmt.Errorf("node %s is in %s already; casefile cluster renew makes new identities", name, file)
	}
	if err := a.write(Node, name, now); err != nil {
		return err
	}
	return appendMember(file, Member{Name: name, Addr: addr})
}

func renewAt(dir string, now time.Time) error {
	a, err := loadAuthority(dir, now)
	if err != nil {
		return err
	}
	c, err := ReadCluster(filepath.Join(dir, ClusterFile))
	if err != nil {
		return err
	}
	if a.cert.NotAfter.Sub(now) < renewCA {
		if a.pair, err = newCA(c.Title, a.clusterID(), a.key, now); err != nil {
			return err
		}
		if err := a.save(); err != nil {
			return err
		}
	}
	if err := a.write(Admin, string(Admin), now); err != nil {
		return err
	}
	for _, m := range c.Nodes {
		if m.overSSH() {
			continue
		}
		if err := a.write(Node, m.Name, now); err != nil {
			return err
		}
	}
	return nil
}

// authority is the CA of a cluster folder.
type authority struct {
	pair
	dir string
}

func loadAuthority(dir string, now time.Time) (*authority, error) {
	file := filepath.Join(dir, CAFile)
	c, err := readPEM(file)
	if err != nil {
		return nil, fmt.Errorf("authority of the cluster: %w", err)
	}
	a := &authority{pair: pair{cert: c.certs[0], key: c.key}, dir: dir}
	switch {
	case len(c.certs) != 1 || !a.cert.IsCA || len(a.cert.Subject.Organization) != 1:
		return nil, fmt.Errorf("%s: %w: not the authority of a cluster", file, ErrWrongKind)
	case !belongs(a.key, a.cert):
		return nil, fmt.Errorf("%s: %w: the key is not that of the certificate", file, ErrWrongKind)
	case now.After(a.cert.NotAfter):
		return nil, fmt.Errorf("%s: %w on %s; make a new cluster with casefile cluster init", file, ErrExpired, a.cert.NotAfter.Format(time.DateOnly))
	}
	return a, nil
}

func (a *authority) clusterID() string { return a.cert.Subject.Organization[0] }

func (a *authority) save() error {
	raw, err := encodePEM(a.key, a.cert)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(a.dir, CAFile), raw)
}

// write makes an identity and its file.
func (a *authority) write(role Role, name string, now time.Time) error {
	p, err := a.issue(Name{Cluster: a.clusterID(), Role: role, Name: name}, now)
	if err != nil {
		return err
	}
	raw, err := encodePEM(p.key, a.cert, p.cert)
	if err != nil {
		return err
	}
	file := AdminFile
	if role == Node {
		file = NodeFile(name)
	}
	return replaceFile(filepath.Join(a.dir, file), raw)
}
