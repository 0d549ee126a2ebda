package com.acme.shop;

import com.mchange.v2.c3p0.ComboPooledDataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;

/** Many statements where few would do: those that test a connection each time it is borrowed, and one for each row. */
final class Statements {
  private Statements() {}

  static Work of(String name, boolean sick, String jdbc) throws Exception {
    String test = sick ? "select pg_sleep(0.4)" : "select 1";
    return switch (name) {
      case "hikari-validation" -> new Invoices(hikari(test, jdbc))::open;
      case "c3p0-validation" -> new Invoices(c3p0(test, jdbc))::open;
      case "dbcp-validation" -> new Invoices(dbcp(test, jdbc))::open;
      case "n-plus-one" -> new Catalogue(hikari("select 1", jdbc), sick ? 300 : 2)::page;
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static DataSource hikari(String test, String jdbc) {
    System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "0"); // else one used within half a second is not tested
    HikariConfig c = new HikariConfig();
    c.setJdbcUrl(jdbc);
    c.setMaximumPoolSize(30);
    c.setConnectionTestQuery(test);
    return new HikariDataSource(c);
  }

  private static DataSource c3p0(String test, String jdbc) throws Exception {
    ComboPooledDataSource d = new ComboPooledDataSource();
    d.setDriverClass("org.postgresql.Driver");
    d.setJdbcUrl(jdbc);
    d.setMaxPoolSize(30);
    d.setTestConnectionOnCheckout(true);
    d.setPreferredTestQuery(test);
    return d;
  }

  private static DataSource dbcp(String test, String jdbc) {
    BasicDataSource d = new BasicDataSource();
    d.setUrl(jdbc);
    d.setMaxTotal(30);
    d.setMaxIdle(30);
    d.setTestOnBorrow(true);
    d.setValidationQuery(test);
    return d;
  }
}

final class Invoices {
  private final DataSource source;

  Invoices(DataSource source) {
    this.source = source;
  }

  void open() throws Exception {
    try (Connection c = source.getConnection(); PreparedStatement s = c.prepareStatement("select 7"); ResultSet r = s.executeQuery()) {
      r.next();
    }
  }
}

/** Reads what a page lists one by one. */
final class Catalogue {
  private final DataSource source;
  private final int items;

  Catalogue(DataSource source, int items) {
    this.source = source;
    this.items = items;
  }

  void page() throws Exception {
    try (Connection c = source.getConnection()) {
      for (int id = 0; id < items; id++) item(c, id);
    }
  }

  private void item(Connection c, int id) throws Exception {
    try (PreparedStatement s = c.prepareStatement("select ?, pg_sleep(0.004)")) { // the way to a database and back
      s.setInt(1, id);
      try (ResultSet r = s.executeQuery()) {
        r.next();
      }
    }
  }
}
