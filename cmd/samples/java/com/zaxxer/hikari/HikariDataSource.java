package com.zaxxer.hikari;

import com.zaxxer.hikari.pool.HikariPool;

/** Stand-in for the data source: frames and waiting as in the real one, no database. */
public final class HikariDataSource {
    private final HikariPool pool;

    public HikariDataSource(int maximumPoolSize) {
        pool = new HikariPool(maximumPoolSize);
    }

    public Object getConnection() throws InterruptedException {
        return pool.getConnection(30_000);
    }

    public void release(Object connection) {
        pool.recycle(connection);
    }
}
