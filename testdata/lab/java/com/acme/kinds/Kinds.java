package com.acme.kinds;

import com.acme.shop.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Problems of kinds, in classes of made-up names: the lab gives every name that begins with Zz or zz another one, made up anew for
 * each run, before it compiles them. Each has a healthy twin.
 */
public final class Kinds {
  private Kinds() {}

  interface Maker {
    Work make(boolean sick) throws Exception;
  }

  public static Work of(String name, boolean sick) throws Exception {
    Maker m = Locks.ALL.get(name);
    if (m == null) m = Waits.ALL.get(name);
    if (m == null) m = Tasks.ALL.get(name);
    if (m == null) m = Calls.ALL.get(name);
    if (m == null) m = Burns.ALL.get(name);
    if (m == null) throw new IllegalArgumentException(name);
    return m.make(sick);
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  interface Job {
    void run() throws Exception;
  }

  static Thread background(String name, Job job) {
    Thread t = new Thread(() -> {
      try {
        job.run();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }, name);
    t.setDaemon(true);
    t.start();
    return t;
  }

  /** A peer that takes connections and never says a word, or answers at once and closes. */
  static int peer(boolean silent, String answer) throws Exception {
    var far = new java.net.ServerSocket(0, 500, java.net.InetAddress.getLoopbackAddress());
    List<java.net.Socket> open = new ArrayList<>();
    background("far-end", () -> {
      while (true) {
        java.net.Socket s = far.accept();
        open.add(s);
        if (!silent) {
          s.getOutputStream().write(answer.getBytes());
          s.close();
        }
      }
    });
    return far.getLocalPort();
  }

  static <T> T unchecked(Callable<T> c) {
    try {
      return c.call();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
