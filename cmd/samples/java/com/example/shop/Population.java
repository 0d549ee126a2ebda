package com.example.shop;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.tomcat.util.net.NioEndpoint;

/** Scenarios that are about how many threads there are, and of which kind. */
final class Population {
    /** Families of a Tomcat application and their share in percent; the last one takes the rest. */
    private static final String[] FAMILIES = {
        "http-nio-8090-exec-", "Caesium-1-", "hz.confluence.cached.thread-", "AtlassianEvent::CustomizableThreadFactory-"};
    private static final int[] SHARES = {50, 15, 15, 20};

    private Population() {}

    /**
     * N threads, each parked some 30 frames deep: the yardstick for what a thread
     * dump costs. All workers stand still, so stuck-thread and thread-pool-exhausted
     * would be right. Must not find: thread-leak (the number does not grow),
     * deadlock, lock-contention (they wait for a latch, which nobody holds).
     */
    static void parked(Arguments args) {
        int n = args.number(1, 500);
        CountDownLatch never = new CountDownLatch(1);
        int left = n;
        for (int f = 0; f < FAMILIES.length; f++) {
            int size = f == FAMILIES.length - 1 ? left : n * SHARES[f] / 100;
            left -= size;
            if (size == 0) {
                continue;
            }
            NioEndpoint pool = new NioEndpoint(FAMILIES[f], size);
            for (int i = 0; i < size; i++) {
                pool.accept(() -> Threads.unchecked(never::await));
            }
            String prefix = FAMILIES[f];
            Threads.until(() -> Threads.in(prefix, "await") == size);
        }
    }

    /**
     * One more parked thread every PERIOD ms (100), up to MAX (2000). Must find:
     * thread-leak of family report-worker. Must not find: thread-pool-exhausted,
     * stuck-thread (they have no work).
     */
    static void leak(Arguments args) {
        int period = args.number(1, 100);
        int max = args.number(2, 2000);
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger started = new AtomicInteger();
        Threads.start("report-scheduler", () -> {
            while (started.get() < max) {
                Threads.start("report-worker-" + started.incrementAndGet(), never::await);
                TimeUnit.MILLISECONDS.sleep(period);
            }
        });
        Threads.until(() -> started.get() >= Math.min(max, 5));
    }

    /**
     * As many virtual threads pinned to their carrier as there are carriers, and
     * others that cannot run. JDK 21 to 23 pin in a synchronized block, later ones
     * only below native frames such as a class initializer. Must find:
     * pinned-virtual-threads on every carrier. Must not find: deadlock.
     */
    static void pinned(Arguments args) throws Exception {
        int carriers = Runtime.getRuntime().availableProcessors();
        CountDownLatch pinned = new CountDownLatch(carriers);
        // Loaded beforehand: a carrier that is pinned would hold the loader's locks.
        Class<?>[] slow = new Class<?>[2 * carriers];
        for (int i = 0; i < slow.length; i++) {
            slow[i] = new CopyLoader().copy(SlowStart.class);
        }
        for (Class<?> c : slow) {
            Runnable task = () -> Threads.unchecked(() -> {
                pinned.countDown();
                Object own = new Object();
                synchronized (own) {
                    Class.forName(c.getName(), true, c.getClassLoader());
                }
            });
            // By reflection, because the sources are compiled for Java 8.
            Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
        }
        pinned.await();
    }
}

/** Its initializer takes longer than any sample lives. */
final class SlowStart {
    static final long STARTED = start();

    private SlowStart() {}

    private static long start() {
        try {
            TimeUnit.HOURS.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return System.nanoTime();
    }
}
