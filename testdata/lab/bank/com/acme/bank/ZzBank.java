package com.acme.bank;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One node of a cluster that shares a database: its request threads change accounts, each in a transaction of its own.
 * Arguments: what it does, the JDBC URL, the number of request threads. It prints "ready" when it does it, and ends when
 * its standard input does.
 */
public final class ZzBank {
  private final String url;
  private final ExecutorService pool;
  private final Object zzLedger = new ZzLedger();

  private ZzBank(String url) {
    this.url = url;
    AtomicInteger number = new AtomicInteger();
    pool = Executors.newFixedThreadPool(24, task -> {
      Thread t = new Thread(task, "http-nio-8090-exec-" + number.incrementAndGet());
      t.setDaemon(true);
      return t;
    });
  }

  /** A lock of the program that a request holds while it asks the database. */
  private static final class ZzLedger {}

  public static void main(String[] args) throws Exception {
    ZzBank bank = new ZzBank(args[1]);
    int threads = Integer.parseInt(args[2]);
    bank.warm();
    switch (args[0]) {
      case "debit" -> bank.zzDebits(threads, false);
      case "quiet" -> bank.zzDebits(threads, true);
      case "export" -> bank.zzExport();
      case "first" -> bank.zzFirst();
      case "second" -> bank.zzSecond();
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.out.println("ready");
    while (System.in.read() >= 0) {
    }
    System.exit(0);
  }

  /** Starts all threads of the pool, so that it is one. */
  private void warm() throws Exception {
    CountDownLatch all = new CountDownLatch(24);
    for (int i = 0; i < 24; i++) {
      pool.execute(() -> {
        all.countDown();
        try {
          all.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      });
    }
    all.await();
  }

  private Connection open() throws SQLException {
    Connection c = DriverManager.getConnection(url);
    c.setAutoCommit(false);
    return c;
  }

  private interface Work {
    void run() throws Exception;
  }

  private void serve(Work work) {
    pool.execute(() -> {
      try {
        work.run();
      } catch (Exception e) {
        System.out.println("failed: " + e);
      }
    });
  }

  /** Request threads that take from an account: from one and the same, or each from its own. */
  private void zzDebits(int threads, boolean apart) {
    for (int i = 0; i < threads; i++) {
      int id = apart ? 100 + i : 1;
      serve(() -> {
        try (Connection c = open()) {
          while (true) {
            zzDebit(c, id);
            c.commit();
            Thread.sleep(20);
          }
        }
      });
    }
  }

  private void zzDebit(Connection c, int id) throws SQLException {
    try (PreparedStatement s = c.prepareStatement("UPDATE zzaccounts SET balance = balance - 1 WHERE id = ?")) {
      s.setInt(1, id);
      s.executeUpdate();
    }
  }

  /** A request that locks an account and then does something else for long, with its transaction open. */
  private void zzExport() throws Exception {
    CountDownLatch locked = new CountDownLatch(1);
    serve(() -> {
      try (Connection c = open()) {
        try (PreparedStatement s = c.prepareStatement("UPDATE zzaccounts SET note = 'exported, secret-4711' WHERE id = 1")) {
          s.executeUpdate();
        }
        locked.countDown();
        zzWriteFile();
        c.commit();
      }
    });
    locked.await();
  }

  private void zzWriteFile() throws InterruptedException {
    while (true) {
      Thread.sleep(1000);
    }
  }

  /** Holds account 1, and wants the ledger; another of its threads has the ledger, and wants account 2. */
  private void zzFirst() throws Exception {
    CountDownLatch ledger = new CountDownLatch(1);
    CountDownLatch account = new CountDownLatch(1);
    serve(() -> {
      synchronized (zzLedger) {
        ledger.countDown();
        account.await();
        try (Connection c = open()) {
          zzDebit(c, 2);
        }
      }
    });
    ledger.await();
    serve(() -> {
      try (Connection c = open()) {
        zzDebit(c, 1);
        account.countDown();
        zzPost();
        c.commit();
      }
    });
    account.await();
  }

  private void zzPost() {
    synchronized (zzLedger) {
      System.out.println("posted");
    }
  }

  /** Holds account 2, and wants account 1 once somebody writes a byte to its standard input. */
  private void zzSecond() throws Exception {
    CountDownLatch locked = new CountDownLatch(1);
    CountDownLatch asked = new CountDownLatch(1);
    serve(() -> {
      try (Connection c = open()) {
        zzDebit(c, 2);
        locked.countDown();
        asked.await();
        zzDebit(c, 1);
        c.commit();
      }
    });
    locked.await();
    System.out.println("locked");
    System.in.read();
    asked.countDown();
  }
}
