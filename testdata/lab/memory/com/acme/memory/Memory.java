package com.acme.memory;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Uses memory in one way: Memory FAULT sick|healthy [NUMBER...]. Prints "ready" when it has begun, and ends with its input. All work has
 * a pace in MB/s, so that what collections take is time that the program has to spare.
 */
public final class Memory {
  static final int MB = 1 << 20;
  static final int BLOCK = 4096;
  static volatile Object sink;

  /** What is done a hundred times a second. */
  interface Tick {
    void run(long number) throws Exception;
  }

  public static void main(String[] args) throws Exception {
    boolean sick = args[1].equals("sick");
    double[] n = new double[args.length - 2];
    for (int i = 0; i < n.length; i++) {
      n[i] = Double.parseDouble(args[i + 2]);
    }
    Tick tick = switch (args[0]) {
      case "leak" -> leak(n[0], sick ? n[1] : 0);
      case "step" -> step((int) n[0], n[1]);
      case "direct" -> direct(sick, (int) n[0]);
      case "direct-leak" -> directLeak(sick);
      case "metaspace" -> classes(sick, (int) n[0], false);
      case "class-loaders" -> classes(sick, (int) n[0], true);
      case "explicit" -> explicit(sick);
      case "heap-dump" -> heapDump(sick, (int) n[0]);
      case "humongous" -> humongous(sick, (int) (n[0] * MB));
      case "sessions" -> sessions((int) n[0], n[1], n[2]);
      default -> throw new IllegalArgumentException(args[0]);
    };
    Thread input = new Thread(() -> {
      try {
        while (System.in.read() >= 0) {
          // the end of the input is the end of the program
        }
      } catch (IOException e) {
        // so is its loss
      }
      Runtime.getRuntime().halt(0);
    }, "input");
    input.setDaemon(true);
    input.start();
    System.out.println("ready");
    long start = System.nanoTime();
    for (long i = 0; ; i++) {
      tick.run(i);
      long left = start + (i + 1) * 10_000_000L - System.nanoTime();
      if (left > 0) {
        Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
      }
    }
  }

  static void garbage(double mb) {
    for (int i = 0; i < mb * MB / BLOCK; i++) {
      sink = new byte[BLOCK];
    }
  }

  static List<byte[]> keep(List<byte[]> list, double mb) {
    for (long due = list.size() + (long) (mb * MB / BLOCK); list.size() < due; ) {
      list.add(new byte[BLOCK]);
    }
    return list;
  }

  /** Keeps some MB at once, then some MB/s, next to pages that grow old and die, so that the old generation is collected. */
  static Tick leak(double first, double rate) {
    List<byte[]> kept = keep(new ArrayList<>(), first);
    List<byte[]> pages = keep(new ArrayList<>(), first / 2);
    double[] owed = {0};
    return i -> {
      owed[0] += rate / 100 * MB / BLOCK;
      for (; owed[0] >= 1; owed[0]--) {
        kept.add(new byte[BLOCK]);
      }
      garbage(Math.max(0.1, first / 300));
      for (int k = 0; k < first * MB / BLOCK / 400; k++) {
        pages.set(ThreadLocalRandom.current().nextInt(pages.size()), new byte[BLOCK]);
      }
    };
  }

  /** Loads an index of some MB after some seconds, once. */
  static Tick step(int mb, double after) {
    Tick base = leak(mb, 0);
    List<byte[]> index = new ArrayList<>();
    return i -> {
      base.run(i);
      if (i > after * 100 && index.size() < (long) mb * MB / BLOCK) {
        keep(index, mb / 150.0);
      }
    };
  }

  /** Direct buffers up to a limit, thrown away and made again; the healthy program uses its buffers again. */
  static Tick direct(boolean sick, int mb) {
    Deque<ByteBuffer> buffers = new ArrayDeque<>();
    for (int i = 0; i < mb; i++) {
      buffers.add(ByteBuffer.allocateDirect(MB));
    }
    return i -> {
      garbage(0.1);
      if (i % 5 == 0) {
        buffers.add(sick ? newBuffer() : buffers.remove());
        if (sick) {
          buffers.remove();
        }
      }
    };
  }

  static ByteBuffer newBuffer() {
    return ByteBuffer.allocateDirect(MB);
  }

  /** Keeps direct buffers until there are no more, and asks again. */
  static Tick directLeak(boolean sick) {
    List<ByteBuffer> kept = new ArrayList<>();
    return i -> {
      garbage(0.1);
      if (i % 4 == 0 && (sick || kept.size() < 4)) {
        try {
          kept.add(newBuffer());
        } catch (OutOfMemoryError e) {
          System.out.println(e);
        }
      }
    };
  }

  /** Copies of a class, so many a second: of loaders that are kept, or of hidden classes that are. */
  static Tick classes(boolean sick, int perSecond, boolean loaders) throws Exception {
    byte[] code;
    try (InputStream in = Memory.class.getResourceAsStream("Plugin.class")) {
      code = in.readAllBytes();
    }
    List<Class<?>> kept = new ArrayList<>();
    double[] owed = {0};
    return i -> {
      garbage(0.1);
      for (owed[0] += perSecond / 100.0; owed[0] >= 1; owed[0]--) {
        if (!sick && kept.size() > 200) {
          continue;
        }
        try {
          kept.add(loaders ? new PluginLoader().define(code) : Plugin.hidden(code));
        } catch (OutOfMemoryError e) {
          System.out.println(e);
        }
      }
    };
  }

  static Tick explicit(boolean sick) {
    List<byte[]> kept = keep(new ArrayList<>(), 40);
    return i -> {
      garbage(0.2);
      if (sick && i % 50 == 25) {
        cleanUp();
      }
      sink = kept;
    };
  }

  static void cleanUp() {
    System.gc();
  }

  /** Many small objects, and one dump of them after three seconds. */
  static Tick heapDump(boolean sick, int mb) {
    Object[][] all = new Object[mb * MB / 24 / 1000][1000];
    for (Object[] part : all) {
      for (int i = 0; i < part.length; i++) {
        part[i] = new Object[1];
      }
    }
    return i -> {
      garbage(0.2);
      sink = all[0];
      if (sick && i == 300) {
        dump();
      }
    };
  }

  static void dump() throws IOException {
    try {
      ManagementFactory.getPlatformMBeanServer().invoke(new javax.management.ObjectName("com.sun.management:type=HotSpotDiagnostic"),
          "dumpHeap", new Object[] {new java.io.File("heap.hprof").getAbsolutePath(), true}, new String[] {"java.lang.String", "boolean"});
    } catch (javax.management.JMException e) {
      throw new IOException(e);
    }
  }

  /** Arrays of one size and a bit more, 20 of them in use; the healthy program reads the same in pieces. */
  static Tick humongous(boolean sick, int size) {
    Deque<Object> exports = new ArrayDeque<>();
    int pieces = 64 * 1024;
    double every = Math.max(1, 100.0 * size / (60 * MB));
    double[] next = {0};
    return i -> {
      garbage(0.2);
      if (i < next[0]) {
        return;
      }
      next[0] += every;
      if (sick) {
        exports.add(new byte[size + ThreadLocalRandom.current().nextInt(size / 8)]);
      } else {
        List<byte[]> parts = new ArrayList<>();
        for (int got = 0; got < size; got += pieces) {
          parts.add(new byte[pieces]);
        }
        exports.add(parts);
      }
      if (exports.size() * (long) size > 80L * MB) {
        exports.remove();
      }
    };
  }

  /** A live set of some MB of which some MB/s are replaced, and so many MB/s of garbage. */
  static Tick sessions(int mb, double replaced, double garbage) {
    byte[][] live = new byte[mb * (MB / 1024)][];
    for (int i = 0; i < live.length; i++) {
      live[i] = new byte[1000];
    }
    return i -> {
      for (int k = 0; k < replaced / 100 * MB / 1024; k++) {
        live[ThreadLocalRandom.current().nextInt(live.length)] = new byte[1000];
      }
      garbage(garbage / 100);
    };
  }
}
