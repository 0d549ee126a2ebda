// Package agent serves the collectors of one node, and asks other nodes for
// theirs. The API is HTTP/2 with JSON, over whatever carries bytes: TLS with the
// identities of a cluster (Serve, Dial), the stdin and stdout of a program that
// ssh started (ServeConn, DialConn), or a pipe inside one process. An agent gives bundles by HTTP/1.1 too, over a connection
// of their own at the same port, with the same identities: that costs both sides half the CPU, and time stamps do not
// queue among the bundle's bytes.
//
//	GET    /v1/hello                     Hello
//	POST   /v1/time                      {"t2":ns,"t3":ns}: one exchange of four timestamps
//	POST   /v1/meeting                   Meeting {id, key, for} -> Place: answer peers
//	POST   /v1/captures                  Order {id, plan, peers} -> 202
//	GET    /v1/captures/{id}             Status
//	GET    /v1/captures/{id}/events      JSON lines; ?after=N goes on behind event N
//	GET    /v1/captures/{id}/bundle      the bundle as it grows; ?generation=G&offset=N
//	POST   /v1/captures/{id}/stop        ends the capture early, keeps what is there
//	DELETE /v1/captures/{id}             removes the spool of an ended capture
//
// A refusal is {"error":"...","code":"..."} with a fitting HTTP status.
//
// # The stream of a bundle
//
// The node writes its bundle into a spool folder, entry by entry, and sends whole
// entries as soon as they are written; what it has sent of a generation never
// changes. A client that lost the link asks again from the byte it has.
//
// When the capture has ended the node reads the bundle again for secrets that it
// learnt too late. If it finds one it writes the bundle anew: generation 2. The
// stream of generation 1 then ends with the trailer "Casefile-Stream: restart",
// and asking for more of it is refused with code "restart": the client must drop
// every byte of generation 1 and fetch generation 2 from the start. A stream with
// the trailer "Casefile-Stream: end" is complete. One that ends without a trailer
// was cut.
//
// # What a node lets others do
//
// A plan is data: it chooses among what the collectors can do, and it is refused
// when it asks for more than the bounds of this package. A capture id is a random
// number of the admin's, good for one capture; one capture runs at a time.
//
// # Peers
//
// During a capture nodes ask each other for the time. The admin opens a meeting on
// each: a key of 32 random bytes, sent over the admin's own connection, and a UDP
// responder that answers packets made with that key, one for one and of the same
// size, until the capture has ended. Then it tells each node whom to ask. A node
// asks only peers that the admin named and its Policy admits, stops after ten
// packets where none was ever answered, and never asks more than 400 times a second
// in all. Where UDP does not pass it asks the peer's agent over TLS, with its own
// identity of the cluster.
package agent
