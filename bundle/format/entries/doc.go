// Package entries names what crosses the bundle: the entries of a target, the
// items of the ledger, the columns of a process series, and why something is
// missing. Collectors write by these names, and analyze reads by them; what the
// host and the timing collector write is named in hostseries and timing.
package entries
