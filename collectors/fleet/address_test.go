package fleet

import (
	"reflect"
	"strings"
	"testing"

	"casefile/collectors"
)

func TestParseNode(t *testing.T) {
	cases := map[string]Node{
		"local":                               {Name: "local", Address: Address{Kind: Local}},
		"me=local":                            {Name: "me", Address: Address{Kind: Local}},
		"https://wiki1:7443":                  {Name: "wiki1", Address: Address{Kind: Agent, Host: "wiki1:7443"}},
		"https://wiki1:7443/":                 {Name: "wiki1", Address: Address{Kind: Agent, Host: "wiki1:7443"}},
		"n1=https://[fd00::1]:7443":           {Name: "n1", Address: Address{Kind: Agent, Host: "[fd00::1]:7443"}},
		"https://[fd00::1]:7443":              {Name: "fd00__1", Address: Address{Kind: Agent, Host: "[fd00::1]:7443"}},
		"ssh://wiki1":                         {Name: "wiki1", Address: Address{Kind: SSH, Host: "wiki1"}},
		"ssh://root@wiki1:2222":               {Name: "wiki1", Address: Address{Kind: SSH, Host: "wiki1", User: "root", Port: "2222"}},
		"n2=ssh://confluence@10.0.0.2?sudo=1": {Name: "n2", Address: Address{Kind: SSH, Host: "10.0.0.2", User: "confluence", Sudo: true}},
		"k8s://wiki/confluence-0":             {Name: "confluence-0", Address: Address{Kind: Kube, Host: "confluence-0", Namespace: "wiki", Pod: "confluence-0"}},
		"n1=k8s://wiki/web-1/app?context=prod&image=registry.example.com/casefile:1.2": {Name: "n1", Address: Address{Kind: Kube, Host: "web-1", Namespace: "wiki", Pod: "web-1", Container: "app",
			Context: "prod", Image: "registry.example.com/casefile:1.2"}},
		"k8s://wiki/?selector=app=confluence": {Address: Address{Kind: Kube, Namespace: "wiki", Selector: "app=confluence"}},
	}
	for text, want := range cases {
		if want.Name == "" {
			want.Name = want.Address.Name()
		}
		if got, err := ParseNode(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	refused := map[string]string{
		"":                                 "want https",
		"wiki1":                            "want https",
		"wiki1:7443":                       "want https",
		"http://wiki1:7443":                "want https",
		"https://wiki1":                    "needs its port",
		"https://wiki1:0":                  "not a port",
		"https://wiki1:70000":              "not a port",
		"https://wiki1:7443/x":             "want https",
		"https://:7443":                    "want https",
		"ssh://":                           "want https",
		"ssh://-oProxyCommand=x":           "",
		"ssh://-oProxyCommand":             "want https",
		"ssh://-F@wiki1":                   "not a user",
		"ssh://root:secret@wiki1":          "passwords are not taken",
		"k8s://wiki":                       "names of a pod",
		"k8s://wiki/-x":                    "names of a pod",
		"k8s://-n/web":                     "want k8s",
		"k8s://wiki/a/b/c":                 "names of a pod",
		"k8s://wiki/web?selector=app=x":    "stands for the pod",
		"k8s://wiki/?selector=-l":          "stands for the pod",
		"k8s://wiki/web?context=--token=x": "not a context",
		"k8s://wiki/web?image=--overrides": "not an image",
		"../n1=local":                      "",
		"-n1=local":                        "node name",
		"n 1=https://wiki1:7443":           "node name",
		"n1=n2=https://wiki1:7443":         "want https",
	}
	for text, says := range refused {
		if got, err := ParseNode(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// Whatever is accepted can be a folder's name and an argument of ssh.
func FuzzParseNode(f *testing.F) {
	for _, seed := range []string{"local", "n1=https://a:1", "ssh://u@h:22?sudo=1", "ssh://-x@h", "n=ssh://[::1]", "https://a%00:1", "k8s://n/p/c?context=x", "k8s://n/?selector=a=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseNode(text)
		if err != nil {
			return
		}
		if n.Address.Selector != "" { // stands for nodes that have names
			return
		}
		if n.Name == "" || n.Name == ".." || collectors.SafeName(n.Name) != n.Name {
			t.Errorf("%q: name %q", text, n.Name)
		}
		for _, arg := range []string{n.Address.Host, n.Address.User, n.Address.Port, n.Address.Namespace, n.Address.Container, n.Address.Selector, n.Address.Image} {
			if strings.HasPrefix(arg, "-") || strings.ContainsAny(arg, "\x00\n") {
				t.Errorf("%q: argument %q", text, arg)
			}
		}
		if n.Address.Kind != Local && n.Address.Host == "" {
			t.Errorf("%q: no host", text)
		}
	})
}
