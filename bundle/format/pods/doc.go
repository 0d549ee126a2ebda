// Package pods is the format of what is kept of Kubernetes' own account of a pod: its state, the events about it, and
// the node that it runs on.
//
// Fields have the names of the Kubernetes API (core/v1), and what is not listed here is not kept: to decode an answer
// of the API into these types is what leaves the environment, arguments, volumes, annotations and labels of a pod
// behind. Texts and lists are cut to a length.
package pods
