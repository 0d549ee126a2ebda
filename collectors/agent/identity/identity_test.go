package identity

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

var day0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func newCluster(t *testing.T, nodes ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cluster")
	addrs := map[string]string{}
	for _, n := range nodes {
		addrs[n] = n + ".example:7433"
	}
	if err := initAt(dir, "wiki", addrs, day0); err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(t *testing.T, dir, file string, now time.Time) *Identity {
	t.Helper()
	id, err := LoadAt(filepath.Join(dir, file), at(now))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestInitMakesPrivateFiles(t *testing.T) {
	dir := newCluster(t, "n1", "n2")
	want := map[string]bool{CAFile: true, AdminFile: true, ClusterFile: true, "node-n1.pem": true, "node-n2.pem": true}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		st, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if !want[f.Name()] {
			t.Errorf("unexpected file %s", f.Name())
		}
		delete(want, f.Name())
		if runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), st.Mode())
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	n1, admin := load(t, dir, "node-n1.pem", day0), load(t, dir, AdminFile, day0)
	if n1.Role != Node || n1.Name.Name != "n1" || admin.Role != Admin || admin.Cluster != n1.Cluster || len(n1.Cluster) != 32 {
		t.Errorf("node %v, admin %v", n1.Name, admin.Name)
	}
	if life := n1.Expires.Sub(day0); life != leafLife {
		t.Errorf("a node's identity lives %v", life)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "node-n1.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := readPEM(filepath.Join(dir, CAFile))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := parsePEM(raw); err != nil || belongs(c.key, ca.certs[0]) {
		t.Errorf("a node's file holds the key of the authority (%v)", err)
	}
	if err := initAt(dir, "wiki", nil, day0); err == nil || !strings.Contains(err.Error(), "holds a cluster already") {
		t.Errorf("a second init: %v", err)
	}
}

func TestInitRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		title string
		nodes map[string]string
		want  string
	}{
		"no title":       {"", nil, "cluster name"},
		"control":        {"a\x1b[2J", nil, "cluster name"},
		"no port":        {"c", map[string]string{"n1": "host"}, "want host:port"},
		"port too large": {"c", map[string]string{"n1": "host:70000"}, "1 to 65535"},
		"no host":        {"c", map[string]string{"n1": ":7433"}, "no host name"},
		"path in host":   {"c", map[string]string{"n1": "a/b:7433"}, "no host name"},
		"traversal":      {"c", map[string]string{"../n1": "h:7433"}, "node name"},
		"dots":           {"c", map[string]string{"..": "h:7433"}, "node name"},
		"absolute":       {"c", map[string]string{"/etc/x": "h:7433"}, "node name"},
		"empty name":     {"c", map[string]string{"": "h:7433"}, "node name"},
		"long name":      {"c", map[string]string{strings.Repeat("n", 64): "h:7433"}, "node name"},
		"same but case":  {"c", map[string]string{"n1": "h:7433", "N1": "h:7434"}, "too"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new")
			if err := initAt(dir, c.title, c.nodes, day0); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
			if exists(dir) {
				t.Error("something was written")
			}
		})
	}
}

func TestAddKeepsTheFileAsItWas(t *testing.T) {
	dir := newCluster(t, "n1")
	file := filepath.Join(dir, ClusterFile)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(raw), "addr: n1.example:7433", "addr: n1.example:7433 # rack 4\n  labels:\n    zone: a", 1)
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := addAt(dir, "n2", "10.0.0.2:7433", day0); err != nil {
		t.Fatal(err)
	}
	c, err := ReadCluster(file)
	if err != nil {
		t.Fatal(err)
	}
	n1, _ := c.Member("n1")
	n2, there := c.Member("n2")
	if n1.Labels["zone"] != "a" || !there || n2.Addr != "10.0.0.2:7433" || c.IdentityFile() != filepath.Join(dir, AdminFile) {
		t.Errorf("%+v", c)
	}
	if raw, _ = os.ReadFile(file); !strings.Contains(string(raw), "# rack 4") {
		t.Errorf("the comment is gone:\n%s", raw)
	}
	load(t, dir, "node-n2.pem", day0)
	if err := addAt(dir, "N2", "10.0.0.3:7433", day0); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("the same node again: %v", err)
	}
	if err := addAt(dir, "../n3", "10.0.0.3:7433", day0); err == nil {
		t.Error("a name that leads out of the folder was taken")
	}
}

func TestAddToAnEmptyCluster(t *testing.T) {
	dir := newCluster(t)
	if err := addAt(dir, "n1", "h:7433", day0); err != nil {
		t.Fatal(err)
	}
	c, err := ReadCluster(filepath.Join(dir, ClusterFile))
	if err != nil || len(c.Nodes) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestReadClusterRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"misspelt":  {"cluster: c\nnodes:\n- name: n1\n  adr: h:1\n", "adr"},
		"twice":     {"cluster: c\nnodes:\n- {name: n1, addr: 'h:1'}\n- {name: N1, addr: 'h:2'}\n", "nodes[1]"},
		"traversal": {"cluster: c\nnodes:\n- {name: ../../x, addr: 'h:1'}\n", "node name"},
		"probe":     {"cluster: c\nnodes: []\nprobes:\n  storage:\n  - {path: ../x, kind: other}\n", "must be absolute"},
		"no yaml":   {"\tx", "cluster.yaml"},
		"too large": {strings.Repeat("# padding\n", 200_000), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), ClusterFile)
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadCluster(file); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestReadClusterTakesEveryWayToReachANode(t *testing.T) {
	file := filepath.Join(t.TempDir(), ClusterFile)
	text := "cluster: c\nnodes:\n- {name: a, addr: 'https://h:7433'}\n- {name: b, addr: 'ssh://u@h:22'}\n- {name: c, addr: local}\n- {name: d, addr: '[fe80::1%eth0]:7433'}\n" +
		"probes:\n  databases:\n  - {url: 'postgres://u@db/wiki', credential: 'env:DB'}\n  storage:\n  - {path: /shared, kind: shared-home}\n  names: [db.example]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := ReadCluster(file); err != nil || len(c.Nodes) != 4 || c.Probes.Databases[0].Credential != "env:DB" || c.Probes.Storage[0].Kind != "shared-home" || c.Probes.Names[0] != "db.example" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestRenew(t *testing.T) {
	dir := newCluster(t, "n1")
	old := load(t, dir, "node-n1.pem", day0)

	soon := day0.Add(300 * 24 * time.Hour)
	if err := renewAt(dir, soon); err != nil {
		t.Fatal(err)
	}
	renewed := load(t, dir, "node-n1.pem", soon)
	if renewed.Expires.Sub(soon) != leafLife || renewed.own.Leaf.Equal(old.own.Leaf) || renewed.Cluster != old.Cluster {
		t.Errorf("renewed until %v", renewed.Expires)
	}
	if !renewed.ca.Equal(old.ca) {
		t.Error("an authority with four years left was made anew")
	}

	// In the fourth year the authority gets a new term; both sides of the change
	// still know each other.
	late := day0.Add(4 * leafLife)
	old, oldAdmin := renewed, load(t, dir, AdminFile, soon)
	if err := renewAt(dir, late); err != nil {
		t.Fatal(err)
	}
	renewed = load(t, dir, "node-n1.pem", late)
	if renewed.ca.NotAfter.Sub(late) != caLife {
		t.Errorf("authority until %v", renewed.ca.NotAfter)
	}
	old.now, oldAdmin.now = at(soon), at(soon)
	newAdmin := load(t, dir, AdminFile, late)
	newAdmin.now, renewed.now = at(soon.Add(100*24*time.Hour)), at(late)
	if _, err := shake(t, renewed, newAdmin, "n1"); err == nil {
		t.Error("a certificate from the future was taken")
	}
	newAdmin.now = at(late)
	if _, err := shake(t, renewed, newAdmin, "n1"); err != nil {
		t.Error(err)
	}
}

// A new authority certificate has the key of the old one.
func TestRenewedAuthorityVerifiesOldIdentities(t *testing.T) {
	dir := newCluster(t, "n1", "n2")
	three := day0.Add(3*leafLife + leafLife/2)
	if err := os.Remove(filepath.Join(dir, "node-n2.pem")); err != nil {
		t.Fatal(err)
	}
	a, err := loadAuthority(dir, three)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.write(Node, "n2", three); err != nil {
		t.Fatal(err)
	}
	before := load(t, dir, "node-n2.pem", three)
	if err := renewAt(dir, three); err != nil {
		t.Fatal(err)
	}
	admin := load(t, dir, AdminFile, three)
	if admin.ca.Equal(before.ca) {
		t.Fatal("the authority was not renewed")
	}
	if _, err := shake(t, before, admin, "n2"); err != nil {
		t.Error(err)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir, other := newCluster(t, "n1"), newCluster(t, "n1")
	read := func(dir, file string) string {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	node, foreign := read(dir, "node-n1.pem"), read(other, "node-n1.pem")
	certs := func(s string) string { return s[:strings.Index(s, "-----BEGIN PRIVATE")] }
	key := func(s string) string { return s[strings.Index(s, "-----BEGIN PRIVATE"):] }
	second := func(s string) string { return s[strings.Index(s[1:], "-----BEGIN")+1:] }
	year := day0.Add(leafLife + time.Hour)
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		now  time.Time
		is   error
		want string
	}{
		"mode":           {node, 0o640, day0, ErrTooOpen, "chmod 600"},
		"expired":        {node, 0o600, year, ErrExpired, "casefile cluster renew"},
		"clock far back": {node, 0o600, day0.Add(-48 * time.Hour), nil, "set the clock"},
		"authority":      {read(dir, CAFile), 0o600, day0, ErrWrongKind, "this is the authority"},
		"foreign key":    {certs(node) + key(foreign), 0o600, day0, ErrWrongKind, "the key is not"},
		"foreign CA":     {foreign[:strings.Index(foreign[1:], "-----BEGIN")+1] + second(node), 0o600, day0, ErrWrongKind, "not signed by"},
		"no key":         {certs(node), 0o600, day0, ErrWrongKind, "0 keys"},
		"two keys":       {node + key(node), 0o600, day0, ErrWrongKind, "second key"},
		"no PEM":         {"cluster: wiki\n", 0o600, day0, ErrWrongKind, "no PEM block"},
		"empty":          {"", 0o600, day0, ErrWrongKind, "0 certificates"},
		"broken":         {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o600, day0, ErrWrongKind, "PEM block 1"},
		"too large":      {strings.Repeat("x", maxFile+1), 0o600, day0, ErrWrongKind, "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.mode != 0o600 && runtime.GOOS == "windows" {
				t.Skip("Windows has no such modes")
			}
			file := filepath.Join(t.TempDir(), "id.pem")
			if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := LoadAt(file, at(c.now))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v", err)
			}
			if strings.Contains(err.Error(), "MIGH") {
				t.Error("the error quotes the key")
			}
		})
	}
	if _, err := Load(filepath.Join(dir, "none.pem")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestServerNeedsANodeIdentity(t *testing.T) {
	dir := newCluster(t, "n1")
	if _, err := load(t, dir, AdminFile, day0).ServerTLS(); !errors.Is(err, ErrWrongKind) || !strings.Contains(err.Error(), "node-<name>.pem") {
		t.Errorf("%v", err)
	}
}

// shake makes a mutual handshake and says whom the server saw. Its error is the
// first of either side.
func shake(t *testing.T, node, client *Identity, name string) (Name, error) {
	t.Helper()
	server, err := node.ServerTLS()
	if err != nil {
		t.Fatal(err)
	}
	config, err := client.ClientTLS(name)
	if err != nil {
		t.Fatal(err)
	}
	return shakeWith(server, config)
}

func shakeWith(server, client *tls.Config) (Name, error) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	s, c := tls.Server(a, server), tls.Client(b, client)
	saw := make(chan error, 1)
	go func() {
		_, err := s.Write([]byte{1}) // with TLS 1.3 a client learns by reading that it was refused
		a.Close()
		saw <- err
	}()
	_, cerr := c.Read(make([]byte, 1))
	b.Close()
	if err := errors.Join(cerr, <-saw); err != nil {
		return Name{}, err
	}
	st := s.ConnectionState()
	return PeerOf(&st)
}

func TestHandshake(t *testing.T) {
	dir, other := newCluster(t, "n1", "n2", "n-3.dc_1"), newCluster(t, "n1")
	n1, n2, admin := load(t, dir, "node-n1.pem", day0), load(t, dir, "node-n2.pem", day0), load(t, dir, AdminFile, day0)
	far := load(t, other, AdminFile, day0)
	aged := load(t, dir, AdminFile, day0)
	aged.now = at(day0)
	lateN1 := load(t, dir, "node-n1.pem", day0)
	lateN1.now = at(day0.Add(leafLife + time.Hour))
	for name, c := range map[string]struct {
		server, client *Identity
		ask            string
		refused        string // empty: accepted
	}{
		"admin":               {n1, admin, "n1", ""},
		"peer":                {n1, n2, "n1", ""},
		"odd name":            {load(t, dir, "node-n-3.dc_1.pem", day0), admin, "n-3.dc_1", ""},
		"other node answers":  {n2, admin, "n1", "n1.node."},
		"other cluster":       {n1, far, "n1", "valid for n1.node."},
		"expired at server":   {lateN1, aged, "n1", "expired"},
		"admin cannot answer": {&Identity{Name: Name{n1.Cluster, Node, "admin"}, ca: admin.ca, own: admin.own, now: admin.now}, admin, "n1", "n1.node."},
	} {
		t.Run(name, func(t *testing.T) {
			peer, err := shake(t, c.server, c.client, c.ask)
			if c.refused == "" {
				if err != nil || peer != c.client.Name {
					t.Errorf("peer %v, %v", peer, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestHandshakeWithoutCertificateOrOldTLS(t *testing.T) {
	dir := newCluster(t, "n1")
	n1, admin := load(t, dir, "node-n1.pem", day0), load(t, dir, AdminFile, day0)
	far := load(t, newCluster(t, "n1"), AdminFile, day0)
	server, err := n1.ServerTLS()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*tls.Config)
		want   string
	}{
		"no certificate": {func(c *tls.Config) { c.Certificates = nil }, "didn't provide a certificate"},
		"TLS 1.2":        {func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }, "protocol version"},
		"foreign authority": {func(c *tls.Config) {
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &far.own, nil }
		}, "unknown authority"},
		"system roots": {func(c *tls.Config) { c.RootCAs = nil }, "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := admin.ClientTLS("n1")
			if err != nil {
				t.Fatal(err)
			}
			c.change(client)
			if _, err := shakeWith(server, client); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := admin.ClientTLS("../n1"); err == nil {
		t.Error("a path was taken for a node's name")
	}
}

func FuzzParsePEM(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parsePEM(raw)
		if err == nil && (c.key == nil || len(c.certs) == 0) {
			t.Error("accepted without a key or a certificate")
		}
		if err == nil {
			_, _ = c.identity(at(day0))
		}
	})
}
