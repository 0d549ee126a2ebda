package com.example.shop;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.tomcat.util.net.NioEndpoint;

/** Scenarios of the heap. Sizes are shares of -Xmx, so that they hold for any. */
final class Heap {
    private static final int BLOCK = 4096;

    private Heap() {}

    /**
     * A live set of PERCENT (85) of -Xmx that does not grow, and requests that
     * allocate. Must find: heap-too-small with a size above the live set. Must not
     * find: memory-leak.
     */
    static void tooSmall(Arguments args) {
        byte[][] sessions = new byte[(int) (max() * args.number(1, 85) / 100 / (BLOCK + 24))][];
        fill(sessions);
        NioEndpoint endpoint = new NioEndpoint("http-nio-8080-exec-", 4);
        AtomicLong served = serve(endpoint, 4, () -> {
            for (int i = 0; i < 200; i++) {
                // The set stays as large, but its blocks age and die in the old generation.
                sessions[ThreadLocalRandom.current().nextInt(sessions.length)] = new byte[BLOCK];
            }
        });
        Threads.until(() -> served.get() > 10 && collectionShare(1000) > 0.3);
    }

    /**
     * Sessions are kept for ever: they rise from a third of -Xmx to three quarters
     * within SECONDS (240). A page cache of 15 % beside them is renewed all the time,
     * so that the collector has to work on the old generation. Must find: memory-leak
     * with a time to exhaustion. Must not find: heap-too-small in the first half of
     * that time, explicit-gc.
     */
    static void leak(Arguments args) {
        long seconds = args.number(1, 240);
        long blocks = max() / BLOCK;
        byte[][] pages = new byte[(int) (blocks * 15 / 100)][];
        fill(pages);
        List<byte[]> kept = new ArrayList<>((int) blocks);
        while (kept.size() < blocks / 3) {
            kept.add(new byte[BLOCK]);
        }
        double perTick = blocks * (0.75 - 1 / 3.0) / seconds / 100;
        AtomicLong ticks = new AtomicLong();
        Threads.start("session-registry", () -> {
            int base = kept.size();
            while (true) {
                long due = base + (long) (perTick * ticks.incrementAndGet());
                while (kept.size() < Math.min(due, blocks * 3 / 4)) {
                    kept.add(new byte[BLOCK]);
                }
                for (int i = 0; i < 60; i++) {
                    blackHole = new byte[BLOCK];
                }
                for (int i = 0; i < 5; i++) {
                    pages[ThreadLocalRandom.current().nextInt(pages.length)] = new byte[BLOCK];
                }
                TimeUnit.MILLISECONDS.sleep(10);
            }
        });
        Threads.until(() -> ticks.get() > 50);
    }

    /**
     * A young generation far too small (set by the harness: -Xmn4m) for requests
     * that allocate without end. Must find: gc-overhead. Must not find:
     * heap-too-small, memory-leak (the live set is a small part of -Xmx).
     */
    static void overhead(Arguments args) {
        NioEndpoint endpoint = new NioEndpoint("http-nio-8080-exec-", 4);
        serve(endpoint, 4, () -> {
            Deque<Object> recent = new ArrayDeque<>();
            for (int i = 0; i < 400_000; i++) {
                recent.add(new long[4]);
                if (recent.size() > 3_000) {
                    recent.remove();
                }
            }
        });
        Threads.until(() -> collectionShare(1000) > 0.2);
    }

    /**
     * Must find: explicit-gc, several a second. Must not find: memory-leak,
     * heap-too-small.
     */
    static void explicit(Arguments args) {
        int period = args.number(1, 300);
        byte[][] live = new byte[(int) (max() / 5 / BLOCK)][];
        fill(live);
        AtomicLong calls = new AtomicLong();
        Threads.start("report-cleanup", () -> {
            while (true) {
                System.gc();
                calls.incrementAndGet();
                live[0] = new byte[BLOCK];
                TimeUnit.MILLISECONDS.sleep(period);
            }
        });
        Threads.until(() -> calls.get() >= 3);
    }

    /**
     * Arrays of 600 KB to 2 MB with G1 regions of 1 MB. Must find:
     * humongous-allocations. Must not find: memory-leak.
     */
    static void humongous(Arguments args) {
        Deque<byte[]> exports = new ArrayDeque<>();
        AtomicLong made = new AtomicLong();
        Threads.start("export-writer-1", () -> {
            while (true) {
                exports.add(new byte[600_000 + ThreadLocalRandom.current().nextInt(1_400_000)]);
                if (exports.size() > 20) {
                    exports.remove();
                }
                made.incrementAndGet();
                TimeUnit.MILLISECONDS.sleep(10);
            }
        });
        Threads.until(() -> made.get() > 250);
    }

    /**
     * The Finalizer thread waits 200 ms for each of thousands of objects. Must find:
     * finalizer-backlog, Finalizer in LegacyImage.finalize. Must not find: deadlock.
     */
    static void finalizer(Arguments args) {
        Threads.start("thumbnail-maker-1", () -> {
            while (true) {
                for (int i = 0; i < 20; i++) {
                    blackHole = new LegacyImage();
                    for (int j = 0; j < 20; j++) {
                        blackHole = new byte[BLOCK];
                    }
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
        });
        Threads.until(() -> LegacyImage.finalized > 0);
    }

    static volatile Object blackHole;

    static long max() {
        return Runtime.getRuntime().maxMemory();
    }

    private static void fill(byte[][] blocks) {
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new byte[BLOCK];
        }
    }

    private static AtomicLong serve(NioEndpoint endpoint, int clients, Runnable servlet) {
        AtomicLong served = new AtomicLong();
        for (int i = 0; i < clients; i++) {
            endpoint.accept(() -> {
                while (true) {
                    servlet.run();
                    served.incrementAndGet();
                    Thread.yield();
                }
            });
        }
        return served;
    }

    /** The share of the next so many milliseconds that is spent in stop-the-world collections. */
    private static double collectionShare(long millis) {
        long before = collectionMillis();
        long start = System.nanoTime();
        Threads.unchecked(() -> TimeUnit.MILLISECONDS.sleep(millis));
        return (collectionMillis() - before) * 1e6 / (System.nanoTime() - start);
    }

    private static long collectionMillis() {
        long sum = 0;
        for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
            if (!gc.getName().contains("Concurrent")) {
                sum += gc.getCollectionTime();
            }
        }
        return sum;
    }
}

final class LegacyImage {
    static volatile int finalized;

    @Override
    @SuppressWarnings({"deprecation", "removal"})
    protected void finalize() throws Throwable {
        finalized++;
        TimeUnit.MILLISECONDS.sleep(200);
    }
}
