package com.acme.lab;

import com.acme.kinds.Kinds;
import com.acme.shop.Faults;
import com.acme.shop.Work;

/** Serves one kind of work on one kind of server: Main SERVER FAULT sick|healthy [JDBC-URL]. Prints "port N" when it serves. */
public final class Main {
  public static void main(String[] args) throws Exception {
    boolean sick = args[2].equals("sick");
    Work work = args[0].startsWith("kinds-") ? Kinds.of(args[1], sick) : Faults.of(args[1], sick, args.length > 3 ? args[3] : null);
    int port = switch (args[0].replace("kinds-", "")) {
      case "tomcat" -> Servers.tomcat(work, false);
      case "tomcat-virtual" -> Servers.tomcat(work, true);
      case "jetty" -> Servers.jetty(work);
      case "undertow" -> Servers.undertow(work);
      case "own" -> OwnServer.start(work);
      case "own-acceptor" -> OwnServer.acceptor(work);
      case "own-selector" -> OwnServer.selector(work);
      case "vertx-blocking" -> Servers.vertx(work);
      case "netty" -> Servers.netty(work);
      default -> throw new IllegalArgumentException(args[0]);
    };
    System.out.println("port " + port);
    while (System.in.read() >= 0) {
      // the end of the input is the end of the program
    }
    System.exit(0);
  }
}
