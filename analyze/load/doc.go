// Package load turns what there is - a bundle, whole or cut, a folder, another
// tool's archive, or loose files - into a Case. An input that cannot be read
// costs only itself: it becomes a line of Case.Problems.
package load
