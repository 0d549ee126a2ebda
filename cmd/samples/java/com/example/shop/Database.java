package com.example.shop;

import com.zaxxer.hikari.HikariDataSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.tomcat.util.net.NioEndpoint;
import org.postgresql.core.v3.QueryExecutorImpl;

/** A connection pool that is too small for its slow queries. */
final class Database {
    private Database() {}

    /**
     * 25 workers, 5 connections, each query takes 5 s. Must find: db-pool-exhausted,
     * about 20 waiters in HikariPool.getConnection, 5 holders in
     * QueryExecutorImpl.execute below OrderRepository.findOpenOrders. Must not find:
     * deadlock, lock-contention; slow-downstream at most below it. Argument: virtual (21+): the
     * workers are virtual threads.
     */
    static void poolExhausted(Arguments args) throws Exception {
        Backend database = new Backend(5_000);
        HikariDataSource source = new HikariDataSource(5);
        OrderRepository orders = new OrderRepository(source, database);
        if (args.text(1, "").equals("virtual")) {
            List<Thread> handlers = new ArrayList<>();
            for (int i = 0; i < 25; i++) {
                handlers.add(Threads.startVirtual("tomcat-handler-" + i, () -> {
                    while (true) {
                        orders.findOpenOrders();
                    }
                }));
            }
            Threads.until(() -> Threads.in(handlers, "tomcat", "borrow") >= 18 && Threads.in(handlers, "tomcat", "execute") == 5);
            return;
        }
        NioEndpoint endpoint = new NioEndpoint("http-nio-8080-exec-", 25);
        for (int i = 0; i < 25; i++) {
            endpoint.accept(() -> {
                while (true) {
                    Threads.unchecked(orders::findOpenOrders);
                }
            });
        }
        Threads.until(() -> Threads.in("http-nio-8080-exec-", "borrow") >= 18 && Threads.in("http-nio-8080-exec-", "execute") == 5);
    }
}

final class OrderRepository {
    private final HikariDataSource source;
    private final Backend database;
    private final AtomicInteger found = new AtomicInteger();

    OrderRepository(HikariDataSource source, Backend database) {
        this.source = source;
        this.database = database;
    }

    void findOpenOrders() throws Exception {
        Object connection = source.getConnection();
        try {
            new QueryExecutorImpl(database.connect()).execute("select * from orders where state = 'open'");
            found.incrementAndGet();
        } finally {
            source.release(connection);
        }
    }
}
