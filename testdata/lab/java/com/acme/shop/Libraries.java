package com.acme.shop;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import com.mchange.v2.c3p0.ComboPooledDataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.Serializable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.commons.pool2.BasePooledObjectFactory;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.apache.commons.pool2.impl.GenericObjectPool;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.appender.AsyncAppender;
import org.apache.logging.log4j.core.config.AppenderRef;
import org.apache.logging.log4j.core.config.Property;

/** Problems in well-known libraries. */
final class Libraries {
  private Libraries() {}

  static Work of(String name, boolean sick, String jdbc) throws Exception {
    return switch (name) {
      case "hikari-slow" -> new Orders(hikari(sick ? 3 : 30, jdbc), sick ? "3" : "0.001", true)::list;
      case "hikari-leak" -> new Orders(hikari(sick ? 3 : 30, jdbc), "0.001", !sick)::list;
      case "c3p0" -> new Orders(c3p0(sick ? 3 : 30, jdbc), sick ? "3" : "0.001", true)::list;
      case "dbcp" -> new Orders(dbcp(sick ? 3 : 30, jdbc), sick ? "3" : "0.001", true)::list;
      case "slow-statement" -> new Orders(hikari(40, jdbc), sick ? "5" : "0.001", true)::list;
      case "row-lock" -> new Stock(hikari(40, jdbc), sick)::reserve;
      case "commons-pool" -> new PrinterPool(sick)::print;
      case "hazelcast-lock" -> new CartStore(sick)::update;
      case "hazelcast-call" -> new CartIndex(sick)::search;
      case "log4j2" -> new Trace(sick, false)::write;
      case "log4j2-async" -> new Trace(sick, true)::write;
      case "okhttp" -> new Tariffs(sick)::ask;
      case "hikari-validation", "c3p0-validation", "dbcp-validation", "n-plus-one" -> Statements.of(name, sick, jdbc);
      case "shutdown-pool", "shutdown-exit" -> Endings.of(name, sick);
      case "inline-cpu", "inline-call", "blocking-pool" -> Turns.of(name, sick);
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static DataSource hikari(int size, String jdbc) {
    HikariConfig c = new HikariConfig();
    c.setJdbcUrl(jdbc);
    c.setMaximumPoolSize(size);
    c.setMinimumIdle(2);
    c.setConnectionTimeout(120_000);
    return new HikariDataSource(c);
  }

  private static DataSource c3p0(int size, String jdbc) throws Exception {
    ComboPooledDataSource d = new ComboPooledDataSource();
    d.setDriverClass("org.postgresql.Driver");
    d.setJdbcUrl(jdbc);
    d.setInitialPoolSize(2);
    d.setMinPoolSize(2);
    d.setMaxPoolSize(size);
    return d;
  }

  private static DataSource dbcp(int size, String jdbc) {
    BasicDataSource d = new BasicDataSource();
    d.setUrl(jdbc);
    d.setMaxTotal(size);
    return d;
  }
}

final class Orders {
  private final DataSource source;
  private final String seconds;
  private final boolean closes;

  Orders(DataSource source, String seconds, boolean closes) {
    this.source = source;
    this.seconds = seconds;
    this.closes = closes;
  }

  void list() throws Exception {
    Connection c = source.getConnection();
    try (Statement s = c.createStatement()) {
      s.execute("select pg_sleep(" + seconds + ")");
    } finally {
      if (closes) c.close();
    }
  }
}

final class Stock {
  private final DataSource source;
  private final String table = "stock_" + ProcessHandle.current().pid(); // not that of the twin

  Stock(DataSource source, boolean sick) throws Exception {
    this.source = source;
    try (Connection c = source.getConnection(); Statement s = c.createStatement()) {
      s.execute("create table " + table + " (id int primary key, n int)");
      s.execute("insert into " + table + " values (1, 0)");
    }
    if (sick) {
      Connection forgotten = source.getConnection();
      forgotten.setAutoCommit(false);
      forgotten.createStatement().execute("update " + table + " set n = n + 1 where id = 1");
    }
  }

  void reserve() throws Exception {
    try (Connection c = source.getConnection(); PreparedStatement s = c.prepareStatement("update " + table + " set n = n + 1 where id = 1")) {
      s.executeUpdate();
    }
  }
}

final class PrinterPool {
  private final GenericObjectPool<Object> printers = new GenericObjectPool<>(new BasePooledObjectFactory<Object>() {
    @Override
    public Object create() {
      return new Object();
    }

    @Override
    public PooledObject<Object> wrap(Object o) {
      return new DefaultPooledObject<>(o);
    }
  });
  private final long used;

  PrinterPool(boolean sick) {
    printers.setMaxTotal(sick ? 3 : 50);
    used = sick ? 4000 : 2;
  }

  void print() throws Exception {
    Object p = printers.borrowObject();
    try {
      Faults.pause(used);
    } finally {
      printers.returnObject(p);
    }
  }
}

final class Members {
  private Members() {}

  static HazelcastInstance member() {
    Config c = new Config().setClusterName("lab-" + ProcessHandle.current().pid());
    c.setProperty("hazelcast.phone.home.enabled", "false");
    c.setProperty("hazelcast.logging.type", "none");
    c.getNetworkConfig().setPublicAddress("127.0.0.1").getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    c.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    c.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    c.getNetworkConfig().getJoin().getTcpIpConfig().setEnabled(true).addMember("127.0.0.1");
    return Hazelcast.newHazelcastInstance(c);
  }
}

final class CartStore {
  private final IMap<String, String> carts;

  CartStore(boolean sick) {
    HazelcastInstance other = Members.member();
    carts = Members.member().getMap("carts");
    if (sick) {
      Thread t = new Thread(() -> {
        other.getMap("carts").lock("all");
        Faults.pause(3_600_000);
      }, "cart-migration");
      t.setDaemon(true);
      t.start();
      Faults.pause(1000);
    }
  }

  void update() {
    carts.lock("all");
    try {
      carts.put("a", "b");
    } finally {
      carts.unlock("all");
    }
  }
}

final class CartIndex {
  private final IMap<String, String> carts;
  private final long millis;

  CartIndex(boolean sick) {
    Members.member();
    carts = Members.member().getMap("carts");
    carts.put("k", "v");
    millis = sick ? 4000 : 0;
  }

  void search() {
    carts.executeOnKey("k", new Slow(millis));
  }

  record Slow(long millis) implements EntryProcessor<String, String, String>, Serializable {
    @Override
    public String process(Map.Entry<String, String> e) {
      Faults.pause(millis);
      return null;
    }
  }
}

final class Trace {
  private final Logger log;

  Trace(boolean sick, boolean async) {
    LoggerContext context = (LoggerContext) LogManager.getContext(false);
    var config = context.getConfiguration();
    AbstractAppender slow = new AbstractAppender("disk", null, null, false, Property.EMPTY_ARRAY) {
      @Override
      public synchronized void append(LogEvent event) {
        Faults.pause(sick ? 1500 : 0);
      }
    };
    slow.start();
    config.addAppender(slow);
    org.apache.logging.log4j.core.Appender used = slow;
    if (async) {
      AsyncAppender queue = AsyncAppender.newBuilder().setName("queue").setConfiguration(config).setBufferSize(128)
          .setAppenderRefs(new AppenderRef[] {AppenderRef.createAppenderRef("disk", null, null)}).build();
      queue.start();
      config.addAppender(queue);
      used = queue;
    }
    config.getRootLogger().getAppenders().keySet().forEach(config.getRootLogger()::removeAppender);
    config.getRootLogger().addAppender(used, null, null);
    config.getRootLogger().setLevel(org.apache.logging.log4j.Level.INFO);
    context.updateLoggers();
    log = LogManager.getLogger("trace");
  }

  void write() {
    for (int i = 0; i < 20; i++) log.info("served");
  }
}
