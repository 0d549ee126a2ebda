package com.zaxxer.hikari.util;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Stand-in for the bag of idle connections. */
public final class ConcurrentBag {
    private final BlockingQueue<Object> idle = new LinkedBlockingQueue<>();

    public Object borrow(long millis) throws InterruptedException {
        return idle.poll(millis, TimeUnit.MILLISECONDS);
    }

    public void requite(Object connection) {
        idle.add(connection);
    }
}
