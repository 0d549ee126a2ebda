package com.acme.kinds;

import com.acme.kinds.Kinds.Maker;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.*;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** Waits for other threads, for things lent, for room. */
final class Waits {
  static final Map<String, Maker> ALL = Map.ofEntries(
      Map.entry("phaser", sick -> new ZzRelay(sick)::zzrun),
      Map.entry("exchanger", sick -> new ZzBazaar(sick)::zztrade),
      Map.entry("lost-notify", sick -> new ZzDoorbell(sick)::zzring),
      Map.entry("own-queue", sick -> new ZzLetters(sick)::zzread),
      Map.entry("notify-poll", sick -> new ZzHarbour(sick)::zzdock),
      Map.entry("parked", sick -> new ZzHammock(sick)::zzrest),
      Map.entry("permit-kept", sick -> new ZzTurnpike(sick)::zzpass),
      Map.entry("lending-deque", sick -> new ZzBikes(sick)::zzride),
      Map.entry("own-pool-socket", sick -> new ZzPhones(sick)::zzcall),
      Map.entry("own-pool-kept", sick -> new ZzUmbrellas(sick)::zzwalk),
      Map.entry("spinning-pool", sick -> new ZzTaxis(sick)::zzdrive),
      Map.entry("synchronous-put", sick -> new ZzCounter(sick)::zzhand),
      Map.entry("try-transfer", sick -> new ZzFerry(sick)::zzboard),
      Map.entry("delay-queue", sick -> new ZzCellar(sick)::zzopen),
      Map.entry("piped", sick -> new ZzStraw(sick)::zzdrink),
      Map.entry("publisher", sick -> new ZzRadio(sick)::zztell),
      Map.entry("reply-queue", sick -> new ZzPost(sick)::zzask),
      Map.entry("reference-queue", sick -> new ZzAttic(sick)::zzclear),
      Map.entry("token-sleep", sick -> new ZzFaucet(sick)::zzdrop),
      Map.entry("poll-sleep", sick -> new ZzKettle(sick)::zzboil));
}

final class ZzRelay {
  private final Phaser phase;

  ZzRelay(boolean sick) {
    phase = new Phaser(sick ? 1000 : 1);
  }

  void zzrun() {
    phase.arriveAndAwaitAdvance();
  }
}

final class ZzBazaar {
  private final boolean sick;

  ZzBazaar(boolean sick) {
    this.sick = sick;
  }

  void zztrade() throws InterruptedException {
    Exchanger<String> stall = new Exchanger<>();
    if (sick) stall.exchange("silk");
  }
}

final class ZzDoorbell {
  private final boolean sick;

  ZzDoorbell(boolean sick) {
    this.sick = sick;
    synchronized (this) {
      notifyAll(); // before they come
    }
  }

  synchronized void zzring() throws InterruptedException {
    if (sick) wait();
  }
}

final class ZzLetters {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition some = lock.newCondition();
  private final ArrayDeque<String> box = new ArrayDeque<>();

  ZzLetters(boolean sick) {
    if (!sick) Kinds.background("zzscribe", () -> {
      while (true) {
        zzput("letter");
        Kinds.pause(5);
      }
    });
  }

  void zzput(String s) {
    lock.lock();
    if (box.size() < 1000) box.add(s);
    some.signal();
    lock.unlock();
  }

  String zzget() throws InterruptedException {
    lock.lock();
    try {
      while (box.isEmpty()) some.await();
      return box.remove();
    } finally {
      lock.unlock();
    }
  }

  void zzread() throws InterruptedException {
    zzget();
  }
}

final class ZzHarbour {
  private final boolean free;

  ZzHarbour(boolean sick) {
    free = !sick;
  }

  synchronized void zzdock() throws InterruptedException {
    while (!free) wait(200);
  }
}

final class ZzHammock {
  private final boolean sick;

  ZzHammock(boolean sick) {
    this.sick = sick;
  }

  void zzrest() {
    while (sick) LockSupport.park(this);
  }
}

final class ZzTurnpike {
  private final Semaphore lanes = new Semaphore(5);
  private final boolean sick;

  ZzTurnpike(boolean sick) {
    this.sick = sick;
  }

  void zzpass() throws InterruptedException {
    lanes.acquire();
    if (!sick) lanes.release();
  }
}

final class ZzBikes {
  private final LinkedBlockingDeque<Object> rack = new LinkedBlockingDeque<>();
  private final long far;

  ZzBikes(boolean sick) {
    for (int i = 0; i < (sick ? 3 : 40); i++) rack.add(new Object());
    far = sick ? 4000 : 2;
  }

  void zzride() throws InterruptedException {
    Object bike = rack.pollFirst(60, TimeUnit.SECONDS);
    try {
      Kinds.pause(far);
    } finally {
      rack.addFirst(bike);
    }
  }
}

final class ZzPhones {
  private final int port;
  private int free;

  ZzPhones(boolean sick) throws Exception {
    port = Kinds.peer(sick, "hello");
    free = sick ? 4 : 40;
  }

  private synchronized void zzlift() throws InterruptedException {
    while (free == 0) wait();
    free--;
  }

  private synchronized void zzhang() {
    free++;
    notify();
  }

  void zzcall() throws Exception {
    zzlift();
    try (var s = new java.net.Socket("127.0.0.1", port)) {
      s.getInputStream().read();
    } finally {
      zzhang();
    }
  }
}

final class ZzUmbrellas {
  private final boolean sick;
  private int free = 5;

  ZzUmbrellas(boolean sick) {
    this.sick = sick;
  }

  private synchronized void zztake() throws InterruptedException {
    while (free == 0) wait();
    free--;
  }

  private synchronized void zzgive() {
    free++;
    notify();
  }

  void zzwalk() throws InterruptedException {
    zztake();
    if (!sick) zzgive();
  }
}

final class ZzTaxis {
  private final ConcurrentLinkedQueue<Object> rank = new ConcurrentLinkedQueue<>();
  private final long far;

  ZzTaxis(boolean sick) {
    for (int i = 0; i < (sick ? 2 : 40); i++) rank.add(new Object());
    far = sick ? 5000 : 2;
  }

  private Object zzhail() {
    Object taxi;
    while ((taxi = rank.poll()) == null) LockSupport.parkNanos(20_000_000);
    return taxi;
  }

  void zzdrive() {
    Object taxi = zzhail();
    Kinds.pause(far);
    rank.add(taxi);
  }
}

final class ZzCounter {
  private final SynchronousQueue<String> counter = new SynchronousQueue<>();

  ZzCounter(boolean sick) {
    for (int i = 0; i < (sick ? 1 : 8); i++) {
      Kinds.background("zzclerk-" + i, () -> {
        while (true) zzserve(sick ? 5000 : 0);
      });
    }
  }

  void zzserve(long millis) throws InterruptedException {
    counter.take();
    Kinds.pause(millis);
  }

  void zzhand() throws InterruptedException {
    counter.put("form");
  }
}

final class ZzFerry {
  private final LinkedTransferQueue<String> pier = new LinkedTransferQueue<>();

  ZzFerry(boolean sick) {
    if (!sick) Kinds.background("zzferryman", () -> {
      while (true) pier.take();
    });
  }

  void zzboard() throws InterruptedException {
    pier.tryTransfer("car", 90, TimeUnit.SECONDS);
  }
}

final class ZzCellar {
  record Bottle(long at) implements Delayed {
    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(at - System.currentTimeMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public int compareTo(Delayed o) {
      return Long.compare(at, ((Bottle) o).at);
    }
  }

  private final DelayQueue<Bottle> rack = new DelayQueue<>();
  private final long age;

  ZzCellar(boolean sick) {
    age = sick ? 3_600_000 : 0;
  }

  void zzopen() throws InterruptedException {
    rack.add(new Bottle(System.currentTimeMillis() + age));
    rack.take();
  }
}

final class ZzStraw {
  private final boolean sick;

  ZzStraw(boolean sick) {
    this.sick = sick;
  }

  void zzdrink() throws Exception {
    PipedOutputStream out = new PipedOutputStream();
    PipedInputStream in = new PipedInputStream(out);
    if (!sick) out.write(1);
    in.read();
  }
}

final class ZzRadio {
  private final SubmissionPublisher<String> air = new SubmissionPublisher<>(Executors.newFixedThreadPool(2), 16);

  ZzRadio(boolean sick) {
    air.subscribe(new Flow.Subscriber<>() {
      private Flow.Subscription subscription;

      @Override
      public void onSubscribe(Flow.Subscription s) {
        subscription = s;
        s.request(1);
      }

      @Override
      public void onNext(String s) {
        Kinds.pause(sick ? 5000 : 0);
        subscription.request(1);
      }

      @Override
      public void onError(Throwable t) {}

      @Override
      public void onComplete() {}
    });
  }

  void zztell() {
    for (int i = 0; i < 3; i++) air.submit("news");
  }
}

final class ZzPost {
  private record Question(String text, BlockingQueue<String> answer) {}

  private final BlockingQueue<Question> questions = new LinkedBlockingQueue<>();

  ZzPost(boolean sick) throws Exception {
    int port = Kinds.peer(sick, "yes");
    Kinds.background("zzoracle", () -> {
      while (true) {
        Question q = questions.take();
        zzthink(port);
        q.answer.add("yes");
      }
    });
  }

  private void zzthink(int port) throws Exception {
    try (var s = new java.net.Socket("127.0.0.1", port)) {
      s.getInputStream().read();
    }
  }

  void zzask() throws InterruptedException {
    Question q = new Question("when", new ArrayBlockingQueue<>(1));
    questions.add(q);
    q.answer.take();
  }
}

final class ZzAttic {
  private final ReferenceQueue<Object> gone = new ReferenceQueue<>();
  private final boolean sick;

  ZzAttic(boolean sick) {
    this.sick = sick;
  }

  void zzclear() throws InterruptedException {
    if (sick) gone.remove();
  }
}

/** A limit of requests a second, kept by sleeping. */
final class ZzFaucet {
  private final long apart;
  private long next;

  ZzFaucet(boolean sick) {
    apart = sick ? 1500 : 0;
  }

  private synchronized long zzturn() {
    long now = System.currentTimeMillis();
    next = Math.max(now, next + apart);
    return next - now;
  }

  void zzdrop() {
    long wait = zzturn();
    if (wait > 0) Kinds.pause(wait);
  }
}

final class ZzKettle {
  private final boolean hot;

  ZzKettle(boolean sick) {
    hot = !sick;
  }

  void zzboil() {
    while (!hot) Kinds.pause(50);
  }
}
