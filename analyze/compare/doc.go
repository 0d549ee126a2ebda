// Package compare says what differs between two captures of one service: by how much, how sure that is, and what else
// changed that could explain it.
//
// [New] takes the runs of both sides. It finds nodes and processes again (match.go), reads the measures of its table
// (measure.go) from the evidence of each as samples in the order of time, and lets package stats compare them. Load comes
// first: where it differs, only what is counted by request, or what moved against the load, is judged (judge.go). Then
// come settings that differ (changes.go), findings that went and came (findings.go), advice that was followed
// (advice.go), and a verdict in a sentence (verdict.go).
package compare
