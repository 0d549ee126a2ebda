package fleet

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"casefile/collectors"
	"casefile/collectors/agent/identity"
)

// Kind is a way to reach a node.
type Kind string

const (
	Agent Kind = "https" // an agent of this cluster, mutual TLS
	SSH   Kind = "ssh"   // the system's ssh client; nothing is installed there
	Kube  Kind = "k8s"   // a container, through the user's kubectl
	Local Kind = "local" // this process
)

// Address is where and how a node is reached.
type Address struct {
	Kind Kind
	Host string // host:port of an agent; host of ssh
	Port string // ssh, empty: as the ssh configuration says
	User string // ssh, likewise
	Sudo bool   // ssh: run with sudo -n

	// Of k8s; Host is the pod's name within its namespace. Selector stands for all pods that have these labels, until they are known.
	Namespace, Pod, Container, Context, Selector string
	// Image is casefile's own image, for a debug container beside one that has no shell; empty: none.
	Image string
}

// ParseAddress reads https://host:port, ssh://user@host[:port][?sudo=1], k8s://namespace/pod[/container][?context=C&image=I],
// k8s://namespace/?selector=LABELS and local.
func ParseAddress(text string) (Address, error) {
	if text == "local" {
		return Address{Kind: Local}, nil
	}
	u, err := url.Parse(text)
	bad := func(why string) (Address, error) { return Address{}, fmt.Errorf("node %q: %s", text, why) }
	if err != nil {
		return bad("want https://host:port, ssh://user@host[:port], k8s://namespace/pod[/container] or local")
	}
	if Kind(u.Scheme) == Kube {
		a, err := parsePod(u)
		if err != nil {
			return bad(err.Error())
		}
		return a, nil
	}
	if u.Hostname() == "" || strings.HasPrefix(u.Hostname(), "-") || u.Path != "" && u.Path != "/" {
		return bad("want https://host:port, ssh://user@host[:port], k8s://namespace/pod[/container] or local")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return bad("not a port: " + port)
		}
	}
	switch Kind(u.Scheme) {
	case Agent:
		if u.Port() == "" {
			return bad("an agent's address needs its port")
		}
		return Address{Kind: Agent, Host: net.JoinHostPort(u.Hostname(), u.Port())}, nil
	case SSH:
		if _, has := u.User.Password(); has {
			return bad("passwords are not taken: use keys or ssh's own configuration")
		}
		if strings.HasPrefix(u.User.Username(), "-") {
			return bad("not a user name")
		}
		return Address{Kind: SSH, Host: u.Hostname(), Port: u.Port(), User: u.User.Username(), Sudo: u.Query().Get("sudo") == "1"}, nil
	}
	return bad("want https://host:port, ssh://user@host[:port], k8s://namespace/pod[/container] or local")
}

// ParseNode reads the value of --node: an address, or name=address.
func ParseNode(text string) (Node, error) {
	name, addr, named := strings.Cut(text, "=")
	if !named || strings.ContainsAny(name, ":/?") {
		a, err := ParseAddress(text)
		if err != nil {
			return Node{}, err
		}
		return Node{Name: a.Name(), Address: a}, nil
	}
	if err := identity.CheckName(name); err != nil {
		return Node{}, err
	}
	a, err := ParseAddress(addr)
	if err != nil {
		return Node{}, err
	}
	return Node{Name: name, Address: a}, nil
}

// Name is what a node is called when nobody gave it a name.
func (a Address) Name() string {
	host := a.Host
	switch a.Kind {
	case Local:
		return "local"
	case Agent:
		host, _, _ = net.SplitHostPort(a.Host)
	}
	return collectors.SafeName(host)
}
