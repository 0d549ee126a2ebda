package com.acme.kinds;

import com.acme.kinds.Kinds.Maker;
import java.io.File;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;

/** Locks of all kinds. */
final class Locks {
  static final Map<String, Maker> ALL = Map.ofEntries(
      Map.entry("stamped-write", sick -> new ZzTide(sick)::zzlevel),
      Map.entry("stamped-read-kept", sick -> new ZzFjord(sick)::zzdepth),
      Map.entry("writer-starved", sick -> new ZzGazette(sick)::zzprint),
      Map.entry("upgrade", sick -> new ZzMuseum(sick)::zzvisit),
      Map.entry("lock-kept", sick -> new ZzLocker(sick)::zzopen),
      Map.entry("file-lock", sick -> new ZzSpool(sick)::zzappend),
      Map.entry("class-init-slow", sick -> sick ? ZzVerbs::zzconjugate : () -> {}),
      Map.entry("class-init-pool", sick -> sick ? ZzNouns::zzdecline : () -> {}),
      Map.entry("compute-if-absent", sick -> new ZzPantry(sick)::zzjam),
      Map.entry("synchronized-map", sick -> new ZzAtlas(sick)::zzfind),
      Map.entry("static-lock", sick -> new ZzChoir(sick)::zzsing),
      Map.entry("interned-key", sick -> new ZzLedger(sick)::zzbook),
      Map.entry("lock-order", sick -> new ZzTwins(sick)::zzmeet),
      Map.entry("three-monitors", sick -> new ZzTriad(sick)::zzplay),
      Map.entry("nested-monitor", sick -> new ZzKiosk(sick)::zzbuy));
}

final class ZzTide {
  private final StampedLock lock = new StampedLock();

  ZzTide(boolean sick) {
    Kinds.background("zzmoon", () -> {
      while (true) {
        zzrise(sick ? 4000 : 1);
        Kinds.pause(sick ? 20 : 500);
      }
    });
  }

  void zzrise(long millis) {
    long s = lock.writeLock();
    Kinds.pause(millis);
    lock.unlockWrite(s);
  }

  void zzlevel() {
    lock.unlockRead(lock.readLock());
  }
}

final class ZzFjord {
  private final StampedLock lock = new StampedLock();

  ZzFjord(boolean sick) {
    if (sick) lock.readLock(); // never given back
  }

  void zzdepth() {
    lock.unlockWrite(lock.writeLock());
  }
}

final class ZzGazette {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  ZzGazette(boolean sick) {
    for (int i = 0; i < 2; i++) {
      Kinds.background("zzreader-" + i, () -> {
        while (true) {
          zzread(sick ? 3000 : 1);
          Kinds.pause(sick ? 1 : 300);
        }
      });
      Kinds.pause(sick ? 1500 : 1);
    }
  }

  void zzread(long millis) {
    lock.readLock().lock();
    Kinds.pause(millis);
    lock.readLock().unlock();
  }

  void zzprint() {
    lock.writeLock().lock();
    lock.writeLock().unlock();
  }
}

final class ZzMuseum {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final boolean sick;

  ZzMuseum(boolean sick) {
    this.sick = sick;
  }

  void zzvisit() {
    lock.readLock().lock();
    if (sick) {
      lock.writeLock().lock(); // never: it holds the read lock itself
    }
    lock.readLock().unlock();
  }
}

final class ZzLocker {
  private final ReentrantLock lock = new ReentrantLock();

  ZzLocker(boolean sick) {
    Kinds.background("zzthief", () -> {
      lock.lock();
      if (!sick) lock.unlock();
    });
  }

  void zzopen() {
    lock.lock();
    lock.unlock();
  }
}

final class ZzSpool {
  private final FileChannel channel;

  ZzSpool(boolean sick) throws Exception {
    File f = File.createTempFile("lab", ".lock");
    f.deleteOnExit();
    channel = new RandomAccessFile(f, "rw").getChannel();
    if (sick) {
      new ProcessBuilder("python3", "-c", "import fcntl,sys,time; f=open(sys.argv[1],'r+'); fcntl.lockf(f,fcntl.LOCK_EX); sys.stdin.read()",
          f.getPath()).start();
      Kinds.pause(1500);
    }
  }

  synchronized void zzappend() throws Exception {
    channel.lock().release();
  }
}

final class ZzVerbs {
  static {
    Kinds.pause(3_600_000);
  }

  static void zzconjugate() {}
}

final class ZzNouns {
  private static final ExecutorService POOL = Executors.newFixedThreadPool(2);
  static final int CASES = Kinds.unchecked(() -> POOL.submit(ZzNouns::zzcount).get());

  static int zzcount() {
    return 4;
  }

  static void zzdecline() {}
}

final class ZzPantry {
  private final ConcurrentHashMap<String, String> jars = new ConcurrentHashMap<>();
  private final boolean sick;

  ZzPantry(boolean sick) {
    this.sick = sick;
  }

  void zzjam() {
    jars.computeIfAbsent("plum", k -> zzcook());
    if (sick) jars.remove("plum");
  }

  private String zzcook() {
    Kinds.pause(sick ? 2500 : 0);
    return "jam";
  }
}

final class ZzAtlas {
  private final Map<String, String> maps = Collections.synchronizedMap(new HashMap<>());

  ZzAtlas(boolean sick) {
    maps.put("a", "b");
    Kinds.background("zzsurvey", () -> {
      while (true) {
        maps.forEach((k, v) -> Kinds.pause(sick ? 4000 : 1));
        Kinds.pause(sick ? 20 : 500);
      }
    });
  }

  void zzfind() {
    maps.get("a");
  }
}

final class ZzChoir {
  ZzChoir(boolean sick) {
    Kinds.background("zzconductor", () -> {
      while (true) {
        zztune(sick ? 4000 : 1);
        Kinds.pause(sick ? 20 : 500);
      }
    });
  }

  static synchronized void zztune(long millis) {
    Kinds.pause(millis);
  }

  void zzsing() {
    zztune(0);
  }
}

final class ZzLedger {
  private final boolean sick;

  ZzLedger(boolean sick) {
    this.sick = sick;
  }

  void zzbook() {
    synchronized (("account-" + 1).intern()) {
      Kinds.pause(sick ? 2000 : 0);
    }
  }
}

final class ZzTwins {
  private final ReentrantLock left = new ReentrantLock();
  private final ReentrantLock right = new ReentrantLock();

  ZzTwins(boolean sick) {
    if (!sick) return;
    Kinds.background("zzcastor", () -> zzboth(left, right));
    Kinds.background("zzpollux", () -> zzboth(right, left));
    Kinds.pause(1500);
  }

  static void zzboth(ReentrantLock a, ReentrantLock b) {
    a.lock();
    Kinds.pause(700);
    b.lock();
  }

  void zzmeet() {
    left.lock();
    left.unlock();
  }
}

final class ZzTriad {
  private final Object[] notes = {new Object(), new Object(), new Object()};

  ZzTriad(boolean sick) {
    for (int i = 0; sick && i < 3; i++) {
      int k = i;
      Kinds.background("zznote-" + k, () -> {
        synchronized (notes[k]) {
          Kinds.pause(700);
          synchronized (notes[(k + 1) % 3]) {
            Kinds.pause(1);
          }
        }
      });
    }
    Kinds.pause(sick ? 1500 : 0);
  }

  void zzplay() {
    synchronized (notes[0]) {
      Kinds.pause(0);
    }
  }
}

/** Waits for goods under the counter's monitor, which the supplier wants too. */
final class ZzKiosk {
  private final Object counter = new Object();
  private final Object shelf = new Object();
  private int goods;

  ZzKiosk(boolean sick) {
    goods = sick ? 0 : Integer.MAX_VALUE;
    Kinds.background("zzsupplier", () -> {
      while (true) {
        Kinds.pause(sick ? 3000 : 1000);
        synchronized (counter) {
          synchronized (shelf) {
            goods++;
            shelf.notify();
          }
        }
      }
    });
  }

  void zzbuy() throws InterruptedException {
    synchronized (counter) {
      synchronized (shelf) {
        while (goods == 0) shelf.wait();
        goods--;
      }
    }
  }
}
