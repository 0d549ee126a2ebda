import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleListener;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/** A service whose requests take so many milliseconds of each resource; the system properties lab.* say how many. */
public class Limited extends ValveBase implements LifecycleListener {
    static final double CPU = millis("cpu"), MONITOR = millis("monitor"), LOCK = millis("lock"), QUERY = millis("query"), ROW = millis("row"), WAIT = millis("wait");
    static final Object PRICES = new Object();
    static final ReentrantLock STOCK = new ReentrantLock();
    static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    /** Nanoseconds that requests took, and that they kept a connection. */
    static final LongAdder SERVED = new LongAdder(), KEPT = new LongAdder();
    static HikariDataSource database;
    static volatile long sink;

    static double millis(String name) {
        return Double.parseDouble(System.getProperty("lab." + name, "0"));
    }

    /** The work of one request varies by half of it. */
    static long nanos(double millis) {
        return (long) (millis * 1e6 * ThreadLocalRandom.current().nextDouble(0.5, 1.5));
    }

    @Override public void lifecycleEvent(LifecycleEvent event) {
        String jdbc = System.getProperty("lab.jdbc", "");
        if (jdbc.isEmpty() || !event.getType().equals(Lifecycle.BEFORE_START_EVENT)) return;
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(jdbc);
        config.setMaximumPoolSize(Integer.getInteger("lab.pool"));
        config.setConnectionTimeout(120_000);
        database = new HikariDataSource(config);
        try (Connection c = database.getConnection(); Statement s = c.createStatement()) {
            s.execute("create table if not exists counter(id int primary key, n bigint)");
            s.execute("insert into counter values (1, 0) on conflict do nothing");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override public void invoke(Request request, Response response) throws IOException {
        if (request.getRequestURI().equals("/used")) {
            long cpu = ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
            response.getWriter().printf("{\"at\": %d, \"cpu\": %d, \"threads\": %d, \"connections\": %d}%n", System.nanoTime(), cpu, SERVED.sum(), KEPT.sum());
            return;
        }
        long began = System.nanoTime();
        try {
            burn(CPU);
            if (MONITOR > 0) price();
            if (LOCK > 0) stock();
            if (QUERY > 0) query();
            if (ROW > 0) count();
            if (WAIT > 0) TimeUnit.NANOSECONDS.sleep(nanos(WAIT));
        } catch (InterruptedException | SQLException e) {
            throw new IOException(e);
        } finally {
            SERVED.add(System.nanoTime() - began);
        }
        response.getWriter().println("ok");
    }

    /** CPU time, not time: a busy machine does not change what a request needs. */
    static void burn(double millis) {
        long until = THREADS.getCurrentThreadCpuTime() + nanos(millis), x = until;
        while (THREADS.getCurrentThreadCpuTime() < until) {
            for (int i = 0; i < 20_000; i++) x = x * 6364136223846793005L + 1442695040888963407L;
        }
        sink = x;
    }

    static void price() throws InterruptedException {
        synchronized (PRICES) {
            TimeUnit.NANOSECONDS.sleep(nanos(MONITOR));
        }
    }

    static void stock() throws InterruptedException {
        STOCK.lock();
        try {
            TimeUnit.NANOSECONDS.sleep(nanos(LOCK));
        } finally {
            STOCK.unlock();
        }
    }

    static void query() throws SQLException {
        try (Connection c = database.getConnection()) {
            long began = System.nanoTime();
            sleep(c, QUERY);
            KEPT.add(System.nanoTime() - began);
        }
    }

    /** One row that all requests change. */
    static void count() throws SQLException {
        try (Connection c = database.getConnection(); Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("update counter set n = n + 1 where id = 1");
            sleep(c, ROW);
            c.commit();
            c.setAutoCommit(true);
        }
    }

    static void sleep(Connection c, double millis) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("select pg_sleep(?)")) {
            s.setDouble(1, nanos(millis) / 1e9);
            s.executeQuery().close();
        }
    }
}
