package kube

import (
	"encoding/json"

	"casefile/bundle/redact"
)

// told is what a pod's description says openly to its containers, secrets among it. References to Secrets hold no
// value, and are not followed.
type told struct {
	Items []told `json:"items"`
	Spec  struct {
		Containers     []container `json:"containers"`
		InitContainers []container `json:"initContainers"`
	} `json:"spec"`
}

type container struct {
	Env []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"env"`
	Command []string `json:"command"`
	Args    []string `json:"args"`
}

// teach learns the secrets in the environment and the arguments of pods, so that they are taken out of the output of
// containers. Nothing of both is kept.
func teach(known *redact.Secrets, answer []byte) {
	var t told
	if json.Unmarshal(answer, &t) != nil {
		return // told by who reads the pods
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
}
