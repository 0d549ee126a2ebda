package com.example.shop;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.Socket;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Four kinds of work of which the program itself measures who has which share. A
 * line "begin" on standard input sets the measure to zero; "end" prints
 *
 * <pre>truth SHARE</pre>
 *
 * the share, in percent, of the method that must be the first of its profile;
 * with cpu, behind it, the share of the time that passed: on a busy machine a thread waits for a CPU.
 *
 * <p>Arguments: cpu, alloc, lock or io (cpu). First must be: cpu Profiled.discount,
 * alloc Profiled.invoice, lock Profiled.reserve, io Profiled.catalogue. With mixed, four
 * threads do some of each as fast as they can, and "count" prints how often they have:
 *
 * <pre>units N</pre>
 */
final class Profiled {
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();
    private static final AtomicLong FIRST = new AtomicLong();
    private static final AtomicLong REST = new AtomicLong();

    private Profiled() {}

    static void plant(Arguments args) throws Exception {
        switch (args.text(1, "cpu")) {
            case "alloc":
                Threads.start("billing-1", Profiled::allocate);
                break;
            case "lock":
                lock();
                break;
            case "io":
                Backend slow = new Backend(40);
                Backend quick = new Backend(12);
                Threads.start("sync-1", () -> read(slow, quick));
                break;
            case "mixed":
                for (int i = 1; i <= 4; i++) {
                    Threads.start("order-" + i, Profiled::orders);
                }
                FIRST.set(1);
                REST.set(1);
                break;
            default:
                Threads.start("pricing-1", Profiled::compute);
        }
        Threads.start("truth", Profiled::tell);
        Threads.until(() -> FIRST.get() > 0 && REST.get() > 0);
    }

    private static void tell() throws Exception {
        while (true) {
            String line = Sample.INPUT.take();
            if (line.equals("count")) {
                Sample.say("units " + UNITS.sum());
            } else if (line.equals("begin")) {
                for (AtomicLong sum : Arrays.asList(FIRST, REST, FIRST_ELAPSED, REST_ELAPSED)) {
                    sum.set(0);
                }
                Sample.say("begun");
            } else {
                Sample.say("truth " + share(FIRST, REST) + " " + share(FIRST_ELAPSED, REST_ELAPSED));
            }
        }
    }

    private static double share(AtomicLong first, AtomicLong rest) {
        long part = first.get();
        return 100.0 * part / Math.max(1, part + rest.get());
    }

    private static final LongAdder UNITS = new LongAdder();
    private static final Map<Integer, String> ORDERS = new HashMap<>();

    private static void orders() {
        for (int i = 0; ; i++) {
            Heap.blackHole = discount(20_000) + tax(10_000);
            kept = new byte[15 * KIB];
            StringBuilder text = new StringBuilder();
            for (int k = 0; k < 40; k++) {
                text.append("item ").append(i + k);
            }
            synchronized (ORDERS) {
                ORDERS.put(i % 1000, text.toString());
            }
            UNITS.increment();
        }
    }

    private static final AtomicLong FIRST_ELAPSED = new AtomicLong();
    private static final AtomicLong REST_ELAPSED = new AtomicLong();

    private static void compute() {
        while (true) {
            spend(FIRST, FIRST_ELAPSED, () -> discount(14_000_000));
            spend(REST, REST_ELAPSED, () -> tax(6_000_000));
        }
    }

    private static void spend(AtomicLong cpu, AtomicLong elapsed, LongSupplier work) {
        long used = CPU.getCurrentThreadCpuTime();
        long start = System.nanoTime();
        Heap.blackHole = work.getAsLong();
        cpu.addAndGet(CPU.getCurrentThreadCpuTime() - used);
        elapsed.addAndGet(System.nanoTime() - start);
    }

    private static long discount(int n) {
        long x = 1;
        for (int i = 0; i < n; i++) {
            x = x * 31 ^ i;
            x = x * 33 + (x >>> 7);
        }
        return x;
    }

    private static long tax(int n) {
        long x = 1;
        for (int i = 0; i < n; i++) {
            x = x * 37 ^ i;
            x = x * 35 + (x >>> 9);
        }
        return x;
    }

    private static final int KIB = 1024;
    private static volatile Object kept;
    private static int random = 12345;

    /** Sizes vary: a thread-local buffer that is refilled every so many bytes must not meet the same line each time. */
    private static int size() {
        random = random * 1103515245 + 12345;
        return KIB / 2 + (random >>> 22);
    }

    private static void allocate() throws Exception {
        while (true) {
            long first = 0;
            long rest = 0;
            for (int i = 0; i < 20; i++) {
                first += invoice(15);
                rest += receipt(5);
            }
            FIRST.addAndGet(first);
            REST.addAndGet(rest);
            TimeUnit.MICROSECONDS.sleep(200);
        }
    }

    private static long invoice(int items) {
        long bytes = 0;
        for (int i = 0; i < items; i++) {
            byte[] item = new byte[size()];
            kept = item;
            bytes += item.length;
        }
        return bytes;
    }

    private static long receipt(int items) {
        long bytes = 0;
        for (int i = 0; i < items; i++) {
            byte[] item = new byte[size()];
            kept = item;
            bytes += item.length;
        }
        return bytes;
    }

    private static final Object STOCK = new Object();
    private static final Object BASKET = new Object();

    private static void lock() {
        for (int i = 1; i <= 4; i++) {
            Threads.start("reserve-" + i, () -> {
                while (true) {
                    reserve();
                }
            });
        }
        for (int i = 1; i <= 2; i++) {
            Threads.start("basket-" + i, () -> {
                while (true) {
                    put();
                }
            });
        }
    }

    private static void reserve() throws Exception {
        long start = System.nanoTime();
        synchronized (STOCK) {
            FIRST.addAndGet(System.nanoTime() - start);
            TimeUnit.MILLISECONDS.sleep(10);
        }
        TimeUnit.MILLISECONDS.sleep(1); // it is the turn of another: a wait of many turns would be in the recording whole or not at all
    }

    private static void put() throws Exception {
        long start = System.nanoTime();
        synchronized (BASKET) {
            REST.addAndGet(System.nanoTime() - start);
            TimeUnit.MILLISECONDS.sleep(10);
        }
        TimeUnit.MILLISECONDS.sleep(1); // it is the turn of another: a wait of many turns would be in the recording whole or not at all
    }

    private static void read(Backend slow, Backend quick) throws Exception {
        while (true) {
            catalogue(slow);
            rates(quick);
        }
    }

    private static void catalogue(Backend slow) throws Exception {
        try (Socket s = slow.connect()) {
            long start = System.nanoTime();
            s.getInputStream().read();
            FIRST.addAndGet(System.nanoTime() - start);
        }
    }

    private static void rates(Backend quick) throws Exception {
        try (Socket s = quick.connect()) {
            long start = System.nanoTime();
            s.getInputStream().read();
            REST.addAndGet(System.nanoTime() - start);
        }
    }
}
