package com.example.shop;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.tomcat.util.net.NioEndpoint;

/** Two requests that wait for each other for ever. */
final class Deadlocks {
    private Deadlocks() {}

    /**
     * Must find: deadlock of two exec threads over two Account monitors in
     * Account.transferTo. Must not find: lock-contention, stuck-thread besides it.
     */
    static void monitors(Arguments args) {
        NioEndpoint endpoint = new NioEndpoint("http-nio-8080-exec-", 6);
        Account a = new Account();
        Account b = new Account();
        endpoint.accept(() -> Threads.unchecked(() -> a.transferTo(b)));
        endpoint.accept(() -> Threads.unchecked(() -> b.transferTo(a)));
        Threads.until(() -> Threads.count("http-nio-8080-exec-", Thread.State.BLOCKED) == 2);
    }

    /**
     * The same with java.util.concurrent locks: no monitor is involved and the
     * threads are WAITING, not BLOCKED. Must find: deadlock, in Warehouse.moveTo.
     */
    static void locks(Arguments args) {
        NioEndpoint endpoint = new NioEndpoint("http-nio-8080-exec-", 6);
        Warehouse a = new Warehouse();
        Warehouse b = new Warehouse();
        endpoint.accept(() -> Threads.unchecked(() -> a.moveTo(b)));
        endpoint.accept(() -> Threads.unchecked(() -> b.moveTo(a)));
        Threads.until(() -> a.lock.hasQueuedThreads() && b.lock.hasQueuedThreads());
    }
}

final class Account {
    private static final CyclicBarrier BOTH_HOLD_ONE = new CyclicBarrier(2);
    private long balance = 100;

    void transferTo(Account other) throws Exception {
        synchronized (this) {
            BOTH_HOLD_ONE.await();
            other.credit(10);
            balance -= 10;
        }
    }

    private synchronized void credit(long amount) {
        balance += amount;
    }
}

final class Warehouse {
    private static final CyclicBarrier BOTH_HOLD_ONE = new CyclicBarrier(2);
    final ReentrantLock lock = new ReentrantLock();

    void moveTo(Warehouse other) throws Exception {
        lock.lock();
        try {
            BOTH_HOLD_ONE.await();
            other.lock.lock();
            other.lock.unlock();
        } finally {
            lock.unlock();
        }
    }
}
