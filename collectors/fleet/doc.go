// Package fleet runs one plan on many nodes at the same moment and joins what
// they send into one bundle while it arrives. A node that cannot be reached,
// refuses, hangs or dies costs only its own part.
package fleet
