package com.acme.shop;

import java.io.File;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.*;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;

/** Planted problems, each with a healthy twin: the same code with enough of what it needs. */
public final class Faults {
  private Faults() {}

  public static Work of(String name, boolean sick, String jdbc) throws Exception {
    return switch (name) {
      case "monitor" -> new PriceBook(sick)::lookup;
      case "lock" -> new SeatMap(sick)::seat;
      case "rwlock" -> new TariffTable(sick)::rate;
      case "semaphore" -> new QuotaGate(sick)::pass;
      case "latch" -> new Bootstrap(sick)::ready;
      case "barrier" -> new Settlement(sick)::close;
      case "condition" -> new Turnstile(sick)::enter;
      case "own-pool" -> new ScannerPool(sick)::scan;
      case "queue-put" -> new Outbox(sick)::post;
      case "transfer" -> new Courier(sick)::hand;
      case "self-starvation" -> new QuoteDesk(sick)::quote;
      case "fork-join" -> new Ranking(sick)::rank;
      case "future" -> new RateFeed(sick)::rate;
      case "monitor-future" -> new Ledger(sick)::post;
      case "class-init" -> new Catalog(sick)::open;
      case "deadlock" -> new Accounts(sick)::move;
      case "timer" -> new Digest(sick)::wait1;
      case "socket" -> new StockClient(sick)::fetch;
      case "http-client" -> new RatesClient(sick)::fetch;
      case "process" -> new PdfRender(sick)::convert;
      case "sleep" -> new Throttle(sick)::pause;
      case "one-stuck" -> new NightlyExport(sick)::run;
      case "regex" -> new AddressCheck(sick)::check;
      case "hot-loop" -> new ReportMath(sick)::sum;
      case "thread-leak" -> new MailShot(sick)::send;
      case "explicit-gc" -> new CacheSweep(sick)::sweep;
      case "memory-leak" -> new Basket(sick)::add;
      case "native-leak" -> new Packer(sick)::pack;
      case "work-signal" -> new Signals()::give;
      case "finalizer" -> new Handles(sick)::open;
      case "class-loading" -> new Plugins(sick)::load;
      case "jul" -> new Audit(sick)::note;
      case "virtual-sleep" -> new Throttle(false)::pause;
      case "idle" -> () -> {};
      default -> Libraries.of(name, sick, jdbc);
    };
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static void background(String name, Runnable r) {
    Thread t = new Thread(r, name);
    t.setDaemon(true);
    t.start();
  }
}

final class PriceBook {
  PriceBook(boolean sick) {
    Faults.background("price-loader", () -> {
      while (true) {
        reload(sick ? 4000 : 1);
        Faults.pause(sick ? 50 : 500);
      }
    });
  }

  synchronized void reload(long millis) {
    Faults.pause(millis);
  }

  synchronized void lookup() {}
}

final class SeatMap {
  private final ReentrantLock lock = new ReentrantLock(true);

  SeatMap(boolean sick) {
    Faults.background("seat-planner", () -> {
      while (true) {
        rebuild(sick ? 4000 : 1);
        Faults.pause(sick ? 50 : 500);
      }
    });
  }

  void rebuild(long millis) {
    lock.lock();
    try {
      Faults.pause(millis);
    } finally {
      lock.unlock();
    }
  }

  void seat() {
    lock.lock();
    lock.unlock();
  }
}

final class TariffTable {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  TariffTable(boolean sick) {
    Faults.background("tariff-import", () -> {
      while (true) {
        lock.writeLock().lock();
        Faults.pause(sick ? 4000 : 1);
        lock.writeLock().unlock();
        Faults.pause(sick ? 50 : 500);
      }
    });
  }

  void rate() {
    lock.readLock().lock();
    lock.readLock().unlock();
  }
}

final class QuotaGate {
  private final Semaphore permits;
  private final long held;

  QuotaGate(boolean sick) {
    permits = new Semaphore(sick ? 2 : 100);
    held = sick ? 4000 : 2;
  }

  void pass() throws InterruptedException {
    permits.acquire();
    try {
      Faults.pause(held);
    } finally {
      permits.release();
    }
  }
}

final class Bootstrap {
  private final CountDownLatch started = new CountDownLatch(1);

  Bootstrap(boolean sick) {
    if (!sick) started.countDown();
  }

  void ready() throws InterruptedException {
    started.await();
  }
}

final class Settlement {
  private final CyclicBarrier barrier;

  Settlement(boolean sick) {
    barrier = new CyclicBarrier(sick ? 1000 : 1);
  }

  void close() throws Exception {
    barrier.await();
  }
}

final class Turnstile {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition turned = lock.newCondition();
  private boolean open;

  Turnstile(boolean sick) {
    open = !sick;
  }

  void enter() throws InterruptedException {
    lock.lock();
    try {
      while (!open) turned.await();
    } finally {
      lock.unlock();
    }
  }
}

final class ScannerPool {
  private final List<Object> free = new ArrayList<>();
  private final long used;

  ScannerPool(boolean sick) {
    for (int i = 0; i < (sick ? 2 : 50); i++) free.add(new Object());
    used = sick ? 5000 : 2;
  }

  private synchronized Object take() throws InterruptedException {
    while (free.isEmpty()) wait();
    return free.remove(0);
  }

  private synchronized void give(Object scanner) {
    free.add(scanner);
    notify();
  }

  void scan() throws InterruptedException {
    Object scanner = take();
    try {
      Faults.pause(used);
    } finally {
      give(scanner);
    }
  }
}

final class Outbox {
  private final BlockingQueue<String> queue = new ArrayBlockingQueue<>(4);

  Outbox(boolean sick) {
    Faults.background("outbox-sender", () -> {
      while (true) deliver(sick ? 6000 : 0);
    });
  }

  void deliver(long millis) {
    try {
      queue.take();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    Faults.pause(millis);
  }

  void post() throws InterruptedException {
    queue.put("mail");
  }
}

final class Courier {
  private final LinkedTransferQueue<String> hands = new LinkedTransferQueue<>();

  Courier(boolean sick) {
    if (!sick) {
      for (int i = 0; i < 4; i++) {
        Faults.background("courier-" + i, () -> {
          while (true) {
            try {
              hands.take();
            } catch (InterruptedException e) {
              return;
            }
          }
        });
      }
    }
  }

  void hand() throws InterruptedException {
    hands.transfer("parcel");
  }
}

final class QuoteDesk {
  private final ExecutorService desk;

  QuoteDesk(boolean sick) {
    desk = sick ? Executors.newFixedThreadPool(4) : Executors.newCachedThreadPool();
  }

  void quote() throws Exception {
    desk.submit(() -> desk.submit(() -> 1).get()).get();
  }
}

final class Ranking {
  private final long each;

  Ranking(boolean sick) {
    each = sick ? 3000 : 0;
  }

  void rank() {
    IntStream.range(0, 8).parallel().forEach(i -> Faults.pause(each));
  }
}

final class RateFeed {
  private final CompletableFuture<String> first = new CompletableFuture<>();

  RateFeed(boolean sick) {
    if (!sick) first.complete("1.08");
  }

  void rate() {
    first.join();
  }
}

final class Ledger {
  private final ExecutorService writer = Executors.newSingleThreadExecutor(r -> {
    Thread t = new Thread(r, "ledger-writer");
    t.setDaemon(true);
    return t;
  });
  private final boolean sick;

  Ledger(boolean sick) {
    this.sick = sick;
  }

  private synchronized int append() {
    return 1;
  }

  void post() throws Exception {
    if (!sick) {
      writer.submit(this::append).get();
      return;
    }
    synchronized (this) {
      writer.submit(this::append).get();
    }
  }
}

final class Catalog {
  private final boolean sick;

  Catalog(boolean sick) {
    this.sick = sick;
    if (sick) {
      Faults.background("catalog-a", () -> Left.touch());
      Faults.background("catalog-b", () -> Right.touch());
      Faults.pause(1500);
    }
  }

  void open() {
    if (sick) Left.touch();
  }

  static final class Left {
    static {
      Faults.pause(700);
      Right.touch();
    }

    static void touch() {}
  }

  static final class Right {
    static {
      Faults.pause(700);
      Left.touch();
    }

    static void touch() {}
  }
}

final class Accounts {
  private final Object giro = new Object();
  private final Object savings = new Object();

  Accounts(boolean sick) {
    if (!sick) return;
    Faults.background("booking-a", () -> both(giro, savings));
    Faults.background("booking-b", () -> both(savings, giro));
    Faults.pause(1500);
  }

  private static void both(Object first, Object second) {
    synchronized (first) {
      Faults.pause(700);
      synchronized (second) {
        Faults.pause(1);
      }
    }
  }

  void move() {
    synchronized (giro) {
      Faults.pause(0);
    }
  }
}

final class Digest {
  private final Timer timer = new Timer("digest-timer", true);

  Digest(boolean sick) {
    if (sick) {
      timer.schedule(new TimerTask() {
        @Override
        public void run() {
          Faults.pause(3_600_000);
        }
      }, 10);
    }
  }

  void wait1() throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    timer.schedule(new TimerTask() {
      @Override
      public void run() {
        done.countDown();
      }
    }, 1);
    done.await();
  }
}

final class StockClient {
  private final ServerSocket far;
  private final boolean sick;

  StockClient(boolean sick) throws Exception {
    this.sick = sick;
    far = new ServerSocket(0, 500, java.net.InetAddress.getLoopbackAddress());
    Faults.background("far-end", () -> {
      List<Socket> open = new ArrayList<>();
      while (true) {
        try {
          Socket s = far.accept();
          if (sick) {
            open.add(s);
          } else {
            s.getOutputStream().write(1);
            s.close();
          }
        } catch (Exception e) {
          return;
        }
      }
    });
  }

  void fetch() throws Exception {
    try (Socket s = new Socket(far.getInetAddress(), far.getLocalPort())) {
      s.getInputStream().read();
    }
  }
}

final class RatesClient {
  private final HttpClient client = HttpClient.newHttpClient();
  private final ServerSocket far;

  RatesClient(boolean sick) throws Exception {
    far = new ServerSocket(0, 500, java.net.InetAddress.getLoopbackAddress());
    Faults.background("far-end", () -> {
      List<Socket> open = new ArrayList<>();
      while (true) {
        try {
          Socket s = far.accept();
          open.add(s);
          if (!sick) {
            s.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".getBytes());
            s.close();
          }
        } catch (Exception e) {
          return;
        }
      }
    });
  }

  void fetch() throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + far.getLocalPort() + "/rates");
    client.send(HttpRequest.newBuilder(uri).version(HttpClient.Version.HTTP_1_1).build(), HttpResponse.BodyHandlers.ofString());
  }
}

final class PdfRender {
  private final String seconds;

  PdfRender(boolean sick) {
    seconds = sick ? "60" : "0";
  }

  void convert() throws Exception {
    new ProcessBuilder("sleep", seconds).start().waitFor();
  }
}

final class Throttle {
  private final long millis;

  Throttle(boolean sick) {
    millis = sick ? 8000 : 1;
  }

  void pause() {
    Faults.pause(millis);
  }
}

final class NightlyExport {
  private final boolean sick;
  private volatile boolean begun;

  NightlyExport(boolean sick) {
    this.sick = sick;
  }

  void run() throws Exception {
    if (!sick || begun) return;
    begun = true;
    try (ServerSocket never = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      never.accept();
    }
  }
}

final class AddressCheck {
  // a back reference keeps the JDK from remembering what has failed
  private final java.util.regex.Pattern shape = java.util.regex.Pattern.compile("(a+)+\\1b");
  private final String text;

  AddressCheck(boolean sick) {
    text = sick ? "a".repeat(28) + "!" : "aaaa!";
  }

  void check() {
    shape.matcher(text).find();
  }
}

final class ReportMath {
  private final long rounds;

  ReportMath(boolean sick) {
    rounds = sick ? Long.MAX_VALUE : 1000;
  }

  double sum() {
    double s = 0;
    for (long i = 0; i < rounds; i++) s += Math.sqrt(i ^ 5);
    return s;
  }
}

final class MailShot {
  private final boolean sick;

  MailShot(boolean sick) {
    this.sick = sick;
  }

  void send() throws Exception {
    ExecutorService one = Executors.newSingleThreadExecutor(r -> {
      Thread t = new Thread(r, "mail-shot-" + System.nanoTime());
      t.setDaemon(true);
      return t;
    });
    one.submit(() -> {}).get();
    if (!sick) one.shutdown();
    Faults.pause(300);
  }
}

final class CacheSweep {
  private final boolean sick;
  private final List<byte[]> kept = new ArrayList<>();

  CacheSweep(boolean sick) {
    this.sick = sick;
    for (int i = 0; i < 400; i++) kept.add(new byte[100_000]);
  }

  void sweep() {
    if (sick) System.gc();
  }
}

final class Basket {
  private final boolean sick;
  private static final List<byte[]> KEPT = Collections.synchronizedList(new ArrayList<>());

  Basket(boolean sick) {
    this.sick = sick;
  }

  void add() {
    byte[] item = new byte[18_000];
    if (sick) KEPT.add(item);
    for (int i = 0; i < 20; i++) ByteBuffer.allocate(10_000);
    Faults.pause(20);
  }
}

/** Keeps compressors, whose memory lies outside of the heap. */
final class Packer {
  private final boolean sick;
  private final List<java.util.zip.Deflater> kept = Collections.synchronizedList(new ArrayList<>());
  private final java.util.concurrent.atomic.AtomicInteger n = new java.util.concurrent.atomic.AtomicInteger();

  Packer(boolean sick) {
    this.sick = sick;
  }

  void pack() {
    if (n.incrementAndGet() % 4 != 0) return;
    byte[] in = new byte[1 << 16];
    ThreadLocalRandom.current().nextBytes(in);
    java.util.zip.Deflater d = new java.util.zip.Deflater(1);
    d.setInput(in);
    d.finish();
    d.deflate(new byte[1 << 17]);
    d.setInput(new byte[0]); // it would keep the array
    if (sick) {
      kept.add(d);
    } else {
      d.end();
    }
  }
}

/** Healthy threads that wait for a sign to begin: a permit for each piece of work, a latch, a barrier. */
final class Signals {
  private final Semaphore work = new Semaphore(0);

  Signals() {
    CountDownLatch start = new CountDownLatch(1);
    CyclicBarrier together = new CyclicBarrier(100);
    for (int i = 0; i < 6; i++) {
      thread("signal-worker-" + i, this::serve);
      thread("starter-" + i, () -> {
        start.await();
        return null;
      });
      thread("runner-" + i, together::await);
    }
  }

  private static void thread(String name, Callable<?> task) {
    Thread t = new Thread(() -> {
      try {
        task.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }, name);
    t.setDaemon(true);
    t.start();
  }

  private Object serve() throws InterruptedException {
    while (true) work.acquire();
  }

  void give() {
    work.release();
  }
}

final class Handles {
  private final boolean sick;

  Handles(boolean sick) {
    this.sick = sick;
  }

  @SuppressWarnings({"deprecation", "removal"})
  static final class Slow {
    private final byte[] content = new byte[2_000]; // the heap is to last

    @Override
    protected void finalize() {
      Faults.pause(50);
    }
  }

  void open() {
    for (int i = 0; i < 5; i++) {
      Object o = sick ? new Slow() : new byte[2_000];
      if (o.hashCode() == 1) System.out.print("");
    }
  }
}

final class Plugins {
  private final boolean sick;
  private final SlowLoader loader = new SlowLoader();

  Plugins(boolean sick) {
    this.sick = sick;
  }

  void load() throws Exception {
    if (sick) loader.loadClass("com.acme.plugin.P" + ThreadLocalRandom.current().nextInt(5));
  }

  /** Not registered as parallel capable: one lock for all classes. */
  static final class SlowLoader extends ClassLoader {
    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      Faults.pause(1500);
      throw new ClassNotFoundException(name);
    }

    @Override
    public Class<?> loadClass(String name) {
      try {
        return super.loadClass(name);
      } catch (ClassNotFoundException e) {
        return null;
      }
    }
  }
}

final class Audit {
  private final java.util.logging.Logger log = java.util.logging.Logger.getLogger("audit");

  Audit(boolean sick) {
    log.setUseParentHandlers(false);
    log.addHandler(new java.util.logging.StreamHandler() {
      @Override
      public synchronized void publish(java.util.logging.LogRecord record) {
        Faults.pause(sick ? 1500 : 0);
      }
    });
  }

  void note() {
    log.info("served");
  }
}
