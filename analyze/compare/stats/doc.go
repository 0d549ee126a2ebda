// Package stats says how a measure differs between two sets of runs, and how sure that is.
//
// What is measured of a running service is autocorrelated: a busy second follows a busy second. So the standard error of
// a run comes from a circular block bootstrap (Politis and Romano 1992) whose block length is chosen from the data
// (Politis and White 2004, with the correction of Patton, Politis and White 2009), of the ratio of two sums or of a
// quantile. Intervals are those of Student's t on the logarithm of the ratio, with as many degrees of freedom as there
// are blocks less one (Welch 1947 for two sides): a percentile interval of so few blocks is too narrow.
//
// Two runs of one program differ by more than the noise within each (Kalibera and Jones 2013). Several runs a side show
// by how much; one run does not, and an allowance stands for it. The two are joined as in a moderated t (Smyth 2004).
//
// Few events are counts: two Poisson rates are compared exactly, by the binomial that they are given their sum.
//
// Everything is deterministic: the bootstrap has its own generator with a fixed seed.
package stats
