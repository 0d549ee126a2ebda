// Package identity makes and checks the certificates by which the nodes of a
// cluster and its admin know each other.
//
// Each cluster has a certificate authority of its own; nothing else is trusted,
// least of all the authorities of the system. Who somebody is stands in a URI:
//
//	casefile://<cluster id>/admin/<name>
//	casefile://<cluster id>/node/<name>
//
// A folder made by Init holds, each with mode 0600:
//
//	ca.pem           authority: certificate and key. Stays with the admin.
//	admin.pem        the admin's identity
//	node-<name>.pem  the identity of one node, to be copied there
//	cluster.yaml     the nodes, for casefile collect --cluster
//
// An identity file holds three PEM blocks: the certificate of the authority, the
// own certificate, the own key.
package identity
