// Package lab plants problems into programs on real parts - Tomcat, Jetty, Undertow, Netty, HikariCP, c3p0, DBCP,
// Hazelcast, Log4j, PostgreSQL - and holds what casefile says of them, and of their healthy twins, to what is right.
// make lab runs it; it needs a JDK with javac, Maven, and PostgreSQL for what uses a database.
package lab
