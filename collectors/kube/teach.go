package kube

import (
	"encoding/json"

	"casefile/bundle/redact"
)

// told is what a pod's description says openly to its containers, secrets among it. References to Secrets hold no
// value, and are not followed. Nothing of it is kept.
type told struct {
	Items    []told `json:"items"`
	Metadata struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Containers     []container `json:"containers"`
		InitContainers []container `json:"initContainers"`
	} `json:"spec"`
}

type container struct {
	Name string `json:"name"`
	Env  []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"env"`
	Command []string `json:"command"`
	Args    []string `json:"args"`
}

// chosen is the container that kubectl exec enters where none is named.
func (t told) chosen(pod string) string {
	for _, p := range append(t.Items, t) {
		if p.Metadata.Name != pod || len(p.Spec.Containers) == 0 {
			continue
		}
		if named := p.Metadata.Annotations["kubectl.kubernetes.io/default-container"]; named != "" {
			return named
		}
		return p.Spec.Containers[0].Name
	}
	return ""
}

// teach learns the secrets in the environment and the arguments of pods, so that they are taken out of the output of
// containers.
func teach(known *redact.Secrets, answer []byte) (t told) {
	if json.Unmarshal(answer, &t) != nil {
		return told{} // said by who reads the pods
	}
	for _, pod := range append(t.Items, t) {
		for _, c := range append(pod.Spec.Containers, pod.Spec.InitContainers...) {
			var text []byte
			for _, e := range c.Env {
				text = append(text, e.Name+"="+e.Value+"\x00"...)
			}
			for _, arg := range append(c.Command, c.Args...) {
				text = append(text, arg+"\x00"...)
			}
			known.LearnText(redact.Environ, text)
		}
	}
	return t
}
