package com.zaxxer.hikari.pool;

import com.zaxxer.hikari.util.ConcurrentBag;

/** Stand-in for the pool. */
public final class HikariPool {
    private final ConcurrentBag bag = new ConcurrentBag();

    public HikariPool(int size) {
        for (int i = 0; i < size; i++) {
            bag.requite("connection-" + i);
        }
    }

    public Object getConnection(long hardTimeout) throws InterruptedException {
        Object connection = null;
        while (connection == null) {
            connection = bag.borrow(hardTimeout);
        }
        return connection;
    }

    public void recycle(Object connection) {
        bag.requite(connection);
    }
}
