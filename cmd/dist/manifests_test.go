package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// kinds are the published types of what is applied, and of what the tests of casefile take for answers of an API server.
var kinds = map[string]func() any{
	"DaemonSet":          func() any { return &apps.DaemonSet{} },
	"NetworkPolicy":      func() any { return &networking.NetworkPolicy{} },
	"Role":               func() any { return &rbac.Role{} },
	"RoleBinding":        func() any { return &rbac.RoleBinding{} },
	"ClusterRole":        func() any { return &rbac.ClusterRole{} },
	"ClusterRoleBinding": func() any { return &rbac.ClusterRoleBinding{} },
	"Pod":                func() any { return &core.Pod{} },
	"Event":              func() any { return &core.Event{} },
	"Node":               func() any { return &core.Node{} },
}

// strictly decodes manifests: a field that its type does not have is an error.
func strictly(t *testing.T, text string) (objects []any) {
	t.Helper()
	for doc := range strings.SplitSeq(text, "---\n") {
		var head struct {
			APIVersion string           `json:"apiVersion"`
			Kind       string           `json:"kind"`
			Items      []map[string]any `json:"items"`
		}
		if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
			t.Errorf("%v: %s", err, doc)
			continue
		}
		if head.Kind == "List" {
			for _, item := range head.Items {
				one, err := yaml.Marshal(item)
				if err != nil {
					t.Fatal(err)
				}
				objects = append(objects, strictly(t, string(one))...)
			}
			continue
		}
		if head.Kind == "" && strings.Trim(regexp.MustCompile(`(?m)^#.*$`).ReplaceAllString(doc, ""), "\n") == "" {
			continue
		}
		if kinds[head.Kind] == nil {
			t.Errorf("kind %q is not known: %s", head.Kind, doc)
			continue
		}
		object := kinds[head.Kind]()
		if err := yaml.UnmarshalStrict([]byte(doc), object); err != nil {
			t.Errorf("%s: %v\n%s", head.Kind, err, doc)
		}
		if group := reflect.TypeOf(object).Elem().PkgPath(); !strings.HasSuffix(group, strings.TrimSuffix(apiPath(head.APIVersion), ".k8s.io")) {
			t.Errorf("%s of %s is none of %s", head.Kind, head.APIVersion, group)
		}
		objects = append(objects, object)
	}
	return objects
}

// apiPath is the end of the path of a group's package: rbac.authorization.k8s.io/v1 lies in rbac/v1.
func apiPath(version string) string {
	group, v, has := strings.Cut(version, "/")
	if !has {
		return "core/" + version
	}
	group, _, _ = strings.Cut(group, ".")
	return group + "/" + v
}

// What the chart and the printed roles say is what the published types of Kubernetes know; the answers that tests go by, too.
func TestManifestsAreOfThePublishedTypes(t *testing.T) {
	for _, values := range []map[string]any{nil, {"from": []string{"10.0.0.7/32", "10.0.0.8/32"}, "options": []string{"--allow-peer", "10.0.0.0/8"}, "port": 9000,
		"nodeSelector": map[string]string{"disk": "ssd"}, "tolerations": []map[string]string{{"key": "dedicated", "operator": "Exists"}}}} {
		text, err := rendered("chart", values)
		if err != nil {
			t.Fatal(err)
		}
		checkAgents(t, strictly(t, text))
	}
	files, err := filepath.Glob("../../testdata/kubernetes/*.*")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) == "debug-profile.json" {
			checkProfile(t, text)
			continue
		}
		seen += len(strictly(t, string(text)))
	}
	if seen < 10 {
		t.Errorf("only %d objects", seen)
	}
}

// Helm's own linter has nothing against the chart of a release, whatever git calls its version.
func TestChartIsLinted(t *testing.T) {
	for _, version := range []string{"1.2.3", "1.2.3-4-gabcdef0", "abcdef0-dirty"} {
		r := &release{source: filepath.Join("..", ".."), out: t.TempDir(), version: version}
		if err := r.chart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.manifests(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, m := range lint.RunAll(r.chartDir(), nil, "default").Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %v", version, m)
			}
		}
		for _, name := range r.files {
			if text, err := os.ReadFile(filepath.Join(r.out, name)); err != nil || bytes.Contains(text, []byte(placeholder)) {
				t.Errorf("%s of %s: %v, or without the version", name, version, err)
			}
		}
		if text, err := os.ReadFile(only(t, filepath.Join(r.out, "*-agent.yaml"))); err != nil || !bytes.Contains(text, []byte("casefile:"+r.semantic())) {
			t.Errorf("the manifests of %s name another image: %v", version, err)
		}
	}
}

// four are the capabilities that a capture takes.
var four = []core.Capability{"SYS_PTRACE", "DAC_OVERRIDE", "SETUID", "SETGID"}

func checkContext(t *testing.T, s *core.SecurityContext) {
	t.Helper()
	switch {
	case s == nil || s.Capabilities == nil:
		t.Error("no capabilities are taken away")
	case !slices.Equal(s.Capabilities.Add, four) || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}):
		t.Errorf("capabilities %+v", s.Capabilities)
	case s.Privileged != nil && *s.Privileged || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation:
		t.Errorf("%+v", s)
	}
}

// checkProfile: kubectl debug takes it as a part of a container.
func checkProfile(t *testing.T, text []byte) {
	t.Helper()
	var c core.Container
	if err := yaml.UnmarshalStrict(text, &c); err != nil {
		t.Errorf("the profile of the debug container: %v", err)
	}
	checkContext(t, c.SecurityContext)
}

// checkAgents: the agents have four capabilities, a spool that is bounded, no network of the host, and one port that the policy opens.
func checkAgents(t *testing.T, objects []any) {
	t.Helper()
	var set *apps.DaemonSet
	var policy *networking.NetworkPolicy
	for _, o := range objects {
		switch o := o.(type) {
		case *apps.DaemonSet:
			set = o
		case *networking.NetworkPolicy:
			policy = o
		}
	}
	if set == nil || policy == nil {
		t.Fatalf("%d objects, no DaemonSet or no NetworkPolicy", len(objects))
	}
	pod := set.Spec.Template.Spec
	if s := pod.SecurityContext; s == nil || s.SeccompProfile == nil || s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Errorf("the system calls of the agents are not bounded: %+v", s)
	}
	checkContext(t, pod.Containers[0].SecurityContext)
	if pod.HostNetwork || !pod.HostPID {
		t.Errorf("host network %v, host pids %v", pod.HostNetwork, pod.HostPID)
	}
	if !reflect.DeepEqual(set.Spec.Selector.MatchLabels, set.Spec.Template.Labels) || !reflect.DeepEqual(policy.Spec.PodSelector.MatchLabels, set.Spec.Template.Labels) {
		t.Error("the selectors do not select the agents")
	}
	var opened []string
	for _, p := range policy.Spec.Ingress[0].Ports {
		opened = append(opened, fmt.Sprint(p.Port.IntVal, *p.Protocol))
	}
	for _, p := range pod.Containers[0].Ports {
		if !slices.Contains(opened, fmt.Sprint(p.ContainerPort, p.Protocol)) || !slices.Contains(pod.Containers[0].Args, fmt.Sprintf(":%d", p.ContainerPort)) {
			t.Errorf("port %d/%s: open %v, arguments %v", p.ContainerPort, p.Protocol, opened, pod.Containers[0].Args)
		}
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		i := slices.IndexFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == m.Name })
		if i < 0 {
			t.Errorf("no volume %s", m.Name)
		} else if e := pod.Volumes[i].EmptyDir; m.Name == "spool" && (e == nil || e.SizeLimit.IsZero()) {
			t.Error("the spool is not bounded")
		}
	}
}

// The page names what the files have: capabilities, values of the chart, options of the agent, what make dist writes.
func TestKubernetesPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	var told []core.Capability
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z_, ]+) \|`).FindAllStringSubmatch(page, -1) {
		for c := range strings.SplitSeq(row[1], ", ") {
			told = append(told, core.Capability(c))
		}
	}
	if !slices.Equal(told, four) {
		t.Errorf("capabilities of the page: %v", told)
	}
	var values map[string]any
	defaults, err := os.ReadFile("chart/values.yaml")
	if err != nil || yaml.Unmarshal(defaults, &values) != nil {
		t.Fatal(err)
	}
	set := regexp.MustCompile(`--set '?([a-z]+)=`).FindAllStringSubmatch(page, -1)
	for _, m := range set {
		if _, has := values[m[1]]; !has {
			t.Errorf("the chart has no value %s", m[1])
		}
	}
	if len(set) == 0 {
		t.Error("the page sets nothing")
	}
	if secret := regexp.MustCompile(`create secret generic (\S+)`).FindStringSubmatch(page); secret == nil || secret[1] != values["identities"] {
		t.Errorf("the page makes the secret %v, the chart takes %v", secret, values["identities"])
	}
	for _, file := range []string{"-chart.tgz", "-agent.yaml"} {
		if !strings.Contains(page, "casefile-VERSION"+file) {
			t.Errorf("the page does not name casefile-VERSION%s", file)
		}
	}
}
