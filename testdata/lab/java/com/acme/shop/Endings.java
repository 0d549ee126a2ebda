package com.acme.shop;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A JVM that was told to end and does not: a hook waits for what never comes. */
final class Endings {
  private final AtomicBoolean told = new AtomicBoolean();
  private final boolean sick;

  private Endings(boolean sick, Thread hook) {
    this.sick = sick;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  static Work of(String name, boolean sick) {
    return switch (name) {
      case "shutdown-pool" -> new Endings(sick, new Thread(new Dispatch()::drain, "dispatch-drain"))::serve;
      case "shutdown-exit" -> new Endings(sick, new Thread(Endings::fail, "licence-release"))::serve;
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** Ends the JVM with the first request. */
  void serve() {
    if (sick && told.compareAndSet(false, true)) Faults.background("console-stop", () -> System.exit(0));
  }

  private static void fail() {
    System.exit(3); // waits for the end that waits for it
  }
}

final class Dispatch {
  private final ExecutorService pool = Executors.newSingleThreadExecutor(r -> new Thread(r, "dispatch-sender"));

  Dispatch() {
    pool.execute(this::send);
  }

  private void send() {
    try (ServerSocket never = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      never.accept();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  void drain() {
    pool.shutdown();
    try {
      pool.awaitTermination(1, TimeUnit.DAYS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
