// Package names replaces names of people, machines and places by pseudonyms: the levels of redaction above secrets.
//
// # Pseudonyms
//
// A pseudonym is derived from the name and the cluster's [Key] (HMAC-SHA256): the same host is host-k7q2 in every
// file, on every node and in every bundle of that cluster, whoever captures it and in whatever order names are
// met; under another key it is another one. Nothing has to be agreed on between nodes, which numbers like host-3
// would ask for. Two names whose words of four characters are equal get longer ones, which the [Set] remembers.
//
// They keep their kind, so that what reads the evidence reads it as before:
//
//	host                host-k7q2
//	host.domain         host-k7q2.domain-x4mz.invalid
//	user                user-7fhc
//	e-mail              user-7fhc@domain-x4mz.invalid
//	IPv4                of 240.0.0.0/4 (RFC 1112); two of one /24 are of one /24 again
//	IPv6                of 2001:db8::/32 (RFC 3849); two of one /64 are of one /64 again
//	MAC                 of 02:00:5e (RFC 9542)
//	URL                 scheme, port and number of path segments stay; values of the query, titles and users do not
//	path below a home   /home/user-7fhc/dir-b2kp/file-qq7c.txt; technical words (logs, jdk-17, server.xml) stay
//	title, space key    title-w3nv, space-h8tz
//	SQL literal         'text-c5rd'
//
// # Where
//
// What has a shape (addresses, e-mail, URLs, home folders, SQL) is found by it; other names by their place (host=X,
// user.name=X, //X:8080, the user of an access log) or because they are known: [Set.Learn], and whatever a first pass
// over the evidence ([Set.Learner]) found at such a place. A known name that is also a word of the evidence - a
// class, a package, a thread, a flag, a word of the language - is replaced at its places only: a host called
// tomcat leaves org.apache.tomcat alone. Lines that are stack frames or locks are never looked at.
//
// What is a pseudonym already stays, so that twice is once.
package names
