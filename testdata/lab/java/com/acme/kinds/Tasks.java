package com.acme.kinds;

import com.acme.kinds.Kinds.Maker;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.*;

/** Work given to other threads, and waits for it. */
final class Tasks {
  static final Map<String, Maker> ALL = Map.ofEntries(
      Map.entry("common-pool", sick -> new ZzLoom(sick)::zzweave),
      Map.entry("joined-in-common-pool", sick -> new ZzKnot(sick)::zztie),
      Map.entry("fork-join-blocked", sick -> new ZzGrove(sick)::zzgrow),
      Map.entry("timer-socket", sick -> new ZzAlarm(sick)::zzwake),
      Map.entry("one-scheduler", sick -> new ZzCalendar(sick)::zzmeet),
      Map.entry("fixed-pool-socket", sick -> new ZzKitchen(sick)::zzorder),
      Map.entry("invoke-all", sick -> new ZzOrchestra(sick)::zzplay),
      Map.entry("completion-service", sick -> new ZzLottery(sick)::zzdraw),
      Map.entry("caller-blocks", sick -> new ZzConveyor(sick)::zzload),
      Map.entry("thread-join", sick -> new ZzShadow(sick)::zzfollow),
      Map.entry("memoizer", sick -> new ZzMemory(sick)::zzrecall),
      Map.entry("actor", sick -> new ZzTroupe(sick)::zzcue),
      Map.entry("latch-failed", sick -> new ZzRocket(sick)::zzlaunch),
      Map.entry("single-executor", sick -> new ZzTeller(sick)::zzpay));
}

final class ZzLoom {
  private final long thread;

  ZzLoom(boolean sick) {
    thread = sick ? 3000 : 0;
  }

  private int zzshuttle() {
    Kinds.pause(thread);
    return 1;
  }

  void zzweave() {
    CompletableFuture.supplyAsync(this::zzshuttle).join();
  }
}

/** Tasks of a small pool that wait for tasks of the same pool. */
final class ZzKnot {
  private final Executor pool;

  ZzKnot(boolean sick) {
    pool = sick ? Executors.newFixedThreadPool(3) : Executors.newCachedThreadPool();
  }

  private int zzinner() {
    return 1;
  }

  private int zzouter() {
    Kinds.pause(1);
    return CompletableFuture.supplyAsync(this::zzinner, pool).join();
  }

  void zztie() {
    CompletableFuture.supplyAsync(this::zzouter, pool).join();
  }
}

final class ZzGrove {
  private final ForkJoinPool pool = new ForkJoinPool(2);
  private final CountDownLatch rain = new CountDownLatch(1);

  ZzGrove(boolean sick) {
    if (!sick) rain.countDown();
  }

  private Integer zzsprout() throws InterruptedException {
    rain.await();
    return 1;
  }

  void zzgrow() {
    pool.submit(this::zzsprout).join();
  }
}

final class ZzAlarm {
  private final Timer timer = new Timer("zzclock", true);
  private final boolean sick;

  ZzAlarm(boolean sick) throws Exception {
    this.sick = sick;
    int port = Kinds.peer(sick, "tick");
    timer.schedule(new TimerTask() {
      @Override
      public void run() {
        zzsync(port);
      }
    }, 0);
  }

  private void zzsync(int port) {
    try (var s = new java.net.Socket("127.0.0.1", port)) {
      s.getInputStream().read();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  void zzwake() throws InterruptedException {
    CountDownLatch rung = new CountDownLatch(1);
    timer.schedule(new TimerTask() {
      @Override
      public void run() {
        rung.countDown();
      }
    }, 0);
    rung.await();
  }
}

final class ZzCalendar {
  private final ScheduledExecutorService one = Executors.newScheduledThreadPool(1);

  ZzCalendar(boolean sick) throws Exception {
    int port = Kinds.peer(sick, "ok");
    one.scheduleAtFixedRate(() -> zzinvite(port), 0, 200, TimeUnit.MILLISECONDS);
  }

  private void zzinvite(int port) {
    Kinds.unchecked(() -> {
      try (var s = new java.net.Socket("127.0.0.1", port)) {
        return s.getInputStream().read();
      }
    });
  }

  void zzmeet() throws Exception {
    one.schedule(() -> 1, 0, TimeUnit.MILLISECONDS).get();
  }
}

final class ZzKitchen {
  private final ExecutorService cooks;
  private final int port;

  ZzKitchen(boolean sick) throws Exception {
    port = Kinds.peer(sick, "salt");
    cooks = Executors.newFixedThreadPool(3, r -> new Thread(r, "zzcook" + System.nanoTime()));
  }

  private int zzfry() throws Exception {
    try (var s = new java.net.Socket("127.0.0.1", port)) {
      return s.getInputStream().read();
    }
  }

  void zzorder() throws Exception {
    cooks.submit(this::zzfry).get(10, TimeUnit.MINUTES);
  }
}

final class ZzOrchestra {
  private final ExecutorService players = Executors.newFixedThreadPool(2);
  private final long bar;

  ZzOrchestra(boolean sick) {
    bar = sick ? 3000 : 0;
  }

  private Integer zzbow() {
    Kinds.pause(bar);
    return 1;
  }

  void zzplay() throws InterruptedException {
    players.invokeAll(Collections.nCopies(3, this::zzbow));
  }
}

final class ZzLottery {
  private final ExecutorService drum = Executors.newFixedThreadPool(2);
  private final long turn;

  ZzLottery(boolean sick) {
    turn = sick ? 4000 : 0;
  }

  private Integer zzspin() {
    Kinds.pause(turn);
    return 7;
  }

  void zzdraw() throws InterruptedException {
    var balls = new ExecutorCompletionService<Integer>(drum);
    balls.submit(this::zzspin);
    balls.take();
  }
}

final class ZzConveyor {
  private final ThreadPoolExecutor belt;
  private final long each;

  ZzConveyor(boolean sick) {
    each = sick ? 5000 : 0;
    belt = new ThreadPoolExecutor(2, 2, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(2), (r, pool) -> {
      try {
        pool.getQueue().put(r);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
  }

  private void zzcarry() {
    Kinds.pause(each);
  }

  void zzload() {
    belt.execute(this::zzcarry);
  }
}

final class ZzShadow {
  private final Thread walker;

  ZzShadow(boolean sick) {
    walker = Kinds.background("zzwalker", () -> zzwalk(sick));
  }

  private void zzwalk(boolean sick) {
    Kinds.pause(sick ? 3_600_000 : 0);
  }

  void zzfollow() throws InterruptedException {
    walker.join();
  }
}

final class ZzMemory {
  private final ConcurrentHashMap<String, FutureTask<Integer>> known = new ConcurrentHashMap<>();
  private final int port;

  ZzMemory(boolean sick) throws Exception {
    port = Kinds.peer(sick, "!");
  }

  private Integer zzlearn() throws Exception {
    try (var s = new java.net.Socket("127.0.0.1", port)) {
      return s.getInputStream().read();
    }
  }

  void zzrecall() throws Exception {
    FutureTask<Integer> mine = new FutureTask<>(this::zzlearn);
    FutureTask<Integer> first = known.putIfAbsent("k", mine);
    if (first == null) {
      mine.run();
      first = mine;
    }
    first.get();
  }
}

final class ZzTroupe {
  private record Cue(CompletableFuture<String> done) {}

  private final LinkedBlockingQueue<Cue> box = new LinkedBlockingQueue<>();

  ZzTroupe(boolean sick) {
    Kinds.background("zzprompter", () -> {
      while (true) {
        Cue c = box.take();
        zzact(sick ? 5000 : 0);
        c.done.complete("done");
      }
    });
  }

  private void zzact(long millis) {
    Kinds.pause(millis);
  }

  void zzcue() throws Exception {
    Cue c = new Cue(new CompletableFuture<>());
    box.add(c);
    c.done.get(5, TimeUnit.MINUTES);
  }
}

final class ZzRocket {
  private final ExecutorService stages = Executors.newCachedThreadPool();
  private final boolean sick;

  ZzRocket(boolean sick) {
    this.sick = sick;
  }

  void zzlaunch() throws InterruptedException {
    CountDownLatch all = new CountDownLatch(2);
    for (int i = 0; i < 2; i++) {
      boolean fails = sick && i == 1;
      stages.submit(() -> {
        if (fails) throw new IllegalStateException("no fuel");
        all.countDown();
      });
    }
    all.await(10, TimeUnit.MINUTES);
  }
}

final class ZzTeller {
  private final ExecutorService one = Executors.newSingleThreadExecutor();
  private final List<String> book = new ArrayList<>();
  private final long each;

  ZzTeller(boolean sick) {
    each = sick ? 2000 : 0;
  }

  private int zzcount() {
    Kinds.pause(each);
    return book.size();
  }

  void zzpay() throws Exception {
    one.submit(this::zzcount).get();
  }
}
