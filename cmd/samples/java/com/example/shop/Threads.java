package com.example.shop;

import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Starting threads, and waiting for what they have come to. */
final class Threads {
    /** Work that may throw: what it throws ends the thread with a stack trace. */
    interface Work {
        void run() throws Exception;
    }

    private Threads() {}

    static Thread start(String name, Work work) {
        Thread t = new Thread(() -> unchecked(work), name);
        t.setDaemon(true);
        t.start();
        return t;
    }

    /** By reflection, because the sources are compiled for Java 8. */
    static Thread startVirtual(String name, Work work) throws Exception {
        Class<?> builder = Class.forName("java.lang.Thread$Builder");
        Object virtual = Thread.class.getMethod("ofVirtual").invoke(null);
        virtual = builder.getMethod("name", String.class).invoke(virtual, name);
        Runnable run = () -> unchecked(work);
        return (Thread) builder.getMethod("start", Runnable.class).invoke(virtual, run);
    }

    static void unchecked(Work work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** How many of the live threads whose name starts with prefix are in this state. */
    static int count(String prefix, Thread.State state) {
        int n = 0;
        for (Thread t : live()) {
            if (t.getName().startsWith(prefix) && t.getState() == state) {
                n++;
            }
        }
        return n;
    }

    /** How many of the live threads whose name starts with prefix are in a method of this name. */
    static int in(String prefix, String method) {
        return in(live(), prefix, method);
    }

    static int in(Collection<Thread> threads, String prefix, String method) {
        int n = 0;
        for (Thread t : threads) {
            if (!t.getName().startsWith(prefix)) {
                continue;
            }
            if (Arrays.stream(t.getStackTrace()).anyMatch(f -> f.getMethodName().equals(method))) {
                n++;
            }
        }
        return n;
    }

    private static Collection<Thread> live() {
        Thread[] all = new Thread[Thread.activeCount() * 2 + 16];
        return Arrays.asList(all).subList(0, Thread.enumerate(all));
    }
}
