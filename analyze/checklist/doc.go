// Package checklist asks a captured cluster the questions that vendors and experience ask of one: is every node alike, do machines, network and
// database have what the application needs. The questions are data (items.yaml); each is answered from the evidence, or it is said how to get
// the answer.
package checklist
