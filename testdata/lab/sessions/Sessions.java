import java.sql.*;
import java.util.*;

/** Threads that each wait for the answer of a session of their own: in a sleep of the server or for a row lock. */
public class Sessions {
    public static void main(String[] args) throws Exception {
        String id = args[0], sleep = args[1], lock = args[2];
        List<String> urls = Arrays.asList(args).subList(3, args.length);
        int threads = 5;
        Connection holder = DriverManager.getConnection(urls.get(0));
        holder.setAutoCommit(false);
        holder.createStatement().execute(lock);
        for (String url : urls) {
            for (int i = 0; i < threads; i++) {
                Connection c = DriverManager.getConnection(url);
                Statement s = c.createStatement();
                ResultSet r = s.executeQuery(id);
                r.next();
                String name = "session-" + r.getLong(1);
                String sql = i % 2 == 0 ? sleep : lock;
                Thread t = new Thread(() -> {
                    try {
                        s.execute(sql);
                    } catch (SQLException e) {
                        System.out.println("failed " + name + " " + e);
                    }
                }, name);
                t.setDaemon(true);
                t.start();
            }
        }
        Thread.sleep(2000);
        System.out.println("ready");
        System.in.read();
    }
}
