// Package jvm captures from HotSpot JVMs without a JDK, an agent or a restart:
// through /proc, through the hsperfdata file, and through the attach protocol
// that jcmd and jstack use (sun.tools.attach, HotSpot's attachListener.cpp).
//
// What keeps a sick JVM from getting sicker:
//   - SIGQUIT is sent only to a process that catches it;
//   - one connection at a time, its reply always read to the end as fast as it comes;
//   - a JVM that is stopped or already waits for a safepoint is not asked anything;
//   - commands that walk the heap are not in the table of safe commands;
//   - a JVM that missed a deadline is asked again only when its VM thread is idle.
package jvm
