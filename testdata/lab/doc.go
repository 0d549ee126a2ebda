// Package lab plants problems into programs and holds what casefile says of them, and of their healthy twins, to what is right.
// make lab runs it; it needs a JDK with javac, Maven, and PostgreSQL for what uses a database. LAB is a pattern of names:
//
//	LAB=tomcat   problems on real parts: Tomcat, Jetty, Undertow, Netty, HikariCP, c3p0, DBCP, Hazelcast, Log4j, PostgreSQL
//	LAB=/go      the same in a Go service
//	LAB=kinds-   problems of kinds, in programs whose names are made up anew for each run
//	LAB=^gc/     memory under every collector: full, leaking, a step, direct buffers, classes, explicit, large objects, too small; and what advised
//	             sizes do (^gc/effects, ^gc/regions)
//	LAB=waits/   waits through a database across three nodes with agents: a row lock, also behind PgBouncer, a circle, and a quiet cluster
//	LAB=check    casefile check on three Tomcats with Hazelcast members, agents and PostgreSQL, sound and with some thirty faults at once; needs root
//	LAB=limits   what limits a service, and what is foretold of a node that is left, against what is measured; limits/pool is one service,
//	             limits/loss the two nodes; needs root
//	LAB=idle     servers with nothing to do, or little: nothing of them is worth a warning
//
// CASEFILE_LAB_JDK is the one JDK to use, CASEFILE_LAB_CAPTURES how often an idle server is captured. With CASEFILE_LAB_KEEP captures stay
// in that folder; with CASEFILE_LAB_KEPT they are judged again from there, without a program.
package lab
