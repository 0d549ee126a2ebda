package com.acme.shop;

/** Work of a moment, which many can do at once and one thread cannot do for all. */
final class Turns {
  private Turns() {}

  static Work of(String name, boolean sick) throws Exception {
    return switch (name) {
      case "inline-cpu" -> new Thumbnails(sick ? 60 : 1)::scale;
      case "inline-call" -> new StampDesk(sick)::stamp;
      case "blocking-pool" -> new Letterbox(sick)::print;
      default -> throw new IllegalArgumentException(name);
    };
  }
}

final class Thumbnails {
  private final long millis;

  Thumbnails(long millis) {
    this.millis = millis;
  }

  double scale() {
    double sum = 0;
    for (long end = System.nanoTime() + millis * 1_000_000; System.nanoTime() < end; ) sum += Math.sqrt(sum + 3);
    return sum;
  }
}

final class StampDesk {
  private final int port;

  StampDesk(boolean sick) throws Exception {
    port = Peer.answering(sick ? 80 : 1);
  }

  void stamp() throws Exception {
    try (var s = new java.net.Socket("127.0.0.1", port)) {
      s.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes());
      while (s.getInputStream().read() >= 0) {
        // to the end of the answer
      }
    }
  }
}

final class Letterbox {
  private final int port;

  Letterbox(boolean sick) throws Exception {
    port = Peer.answering(sick ? 1500 : 1);
  }

  void print() throws Exception {
    try (var s = new java.net.Socket("127.0.0.1", port)) {
      s.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes());
      while (s.getInputStream().read() >= 0) {
        // to the end of the answer
      }
    }
  }
}
