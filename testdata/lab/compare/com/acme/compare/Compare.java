package com.acme.compare;

import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * A service whose requests cost CPU, pauses, a lock or the database; one of them so many times as much. Each second it
 * prints what it counted itself: requests, nanoseconds of CPU of the process, of waiting for the lock and in statements.
 */
public class Compare {
    static final int THREADS = 24;
    static final Object PRICES = new Object();
    static final AtomicInteger NEXT = new AtomicInteger();
    static final LongAdder REQUESTS = new LongAdder(), LOCK = new LongAdder(), QUERY = new LongAdder();
    static final ThreadLocal<Connection> CONNECTION = new ThreadLocal<>();
    static volatile Object[] kept;
    static volatile long sink;
    static String jdbc;

    /** What collections copy: pauses are as long as these are many. */
    static class Item {
        Item next;
        long price, stock;
    }

    public static void main(String[] args) throws Exception {
        String what = args[0];
        double times = Double.parseDouble(args[1]), rate = Double.parseDouble(args[2]);
        jdbc = args.length > 3 ? args[3] : "";
        kept = new Object[what.equals("pauses") ? (int) (400 * times) : 10];
        AtomicInteger thread = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(THREADS, THREADS, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(2_000),
            r -> new Thread(r, "http-nio-8080-exec-" + thread.incrementAndGet()), new ThreadPoolExecutor.DiscardPolicy());
        Thread told = new Thread(Compare::tell, "figures");
        told.setDaemon(true);
        told.start();
        if (rate == 0) { // each thread asks again as soon as it has its answer
            for (int i = 0; i < THREADS; i++) {
                pool.execute(() -> {
                    while (true) {
                        serve(what, times);
                    }
                });
            }
            return;
        }
        for (long due = System.nanoTime(); true; ) {
            pool.execute(() -> serve(what, times));
            due += (long) (-Math.log(1 - ThreadLocalRandom.current().nextDouble()) * 1e9 / rate);
            long wait = due - System.nanoTime();
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
        }
    }

    static void tell() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        while (true) {
            System.out.println(REQUESTS.sum() + " " + system.getProcessCpuTime() + " " + LOCK.sum() + " " + QUERY.sum());
            try {
                Thread.sleep(1000);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    static void serve(String what, double times) {
        byte[][] answer = new byte[what.equals("pauses") ? 250 : 100][];
        for (int i = 0; i < answer.length; i++) {
            answer[i] = new byte[4096];
        }
        sink = answer.length;
        try {
            switch (what) {
                case "cpu" -> burn(2_500_000 * times);
                case "pauses" -> keep(1500);
                case "locks" -> price(8 * times);
                default -> query(0.1 * times);
            }
        } catch (InterruptedException | SQLException e) {
            throw new IllegalStateException(e);
        }
        REQUESTS.increment();
    }

    static void burn(double steps) {
        long x = NEXT.get();
        for (long i = 0; i < steps; i++) {
            x = x * 6364136223846793005L + 1442695040888963407L;
        }
        sink = x;
    }

    static void keep(int items) {
        Item first = null;
        for (int i = 0; i < items; i++) {
            Item item = new Item();
            item.next = first;
            first = item;
        }
        Object[] window = kept;
        window[Math.floorMod(NEXT.incrementAndGet(), window.length)] = first;
    }

    static void price(double millis) throws InterruptedException {
        long began = System.nanoTime();
        synchronized (PRICES) {
            LOCK.add(System.nanoTime() - began);
            TimeUnit.NANOSECONDS.sleep((long) (millis * 1e6));
        }
    }

    static void query(double seconds) throws SQLException {
        if (CONNECTION.get() == null) {
            CONNECTION.set(DriverManager.getConnection(jdbc));
        }
        long began = System.nanoTime();
        try (PreparedStatement s = CONNECTION.get().prepareStatement("select pg_sleep(?)")) {
            s.setDouble(1, seconds);
            s.executeQuery().close();
        }
        QUERY.add(System.nanoTime() - began);
    }
}
