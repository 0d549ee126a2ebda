package com.acme.kinds;

import com.acme.kinds.Kinds.Maker;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.rmi.registry.LocateRegistry;
import java.util.Hashtable;
import java.util.Map;
import javax.naming.directory.InitialDirContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** Calls of what lies outside. */
final class Calls {
  static final Map<String, Maker> ALL = Map.ofEntries(
      Map.entry("rmi", sick -> new ZzEmbassy(sick)::zzvisa),
      Map.entry("dns", sick -> new ZzSignpost(sick)::zzwhere),
      Map.entry("tls", sick -> new ZzVault(sick)::zzunlock),
      Map.entry("url-connection", sick -> new ZzHerald(sick)::zzannounce),
      Map.entry("async-http", sick -> new ZzPigeon(sick)::zzfly),
      Map.entry("channel-read", sick -> new ZzWell(sick)::zzdraw),
      Map.entry("datagram", sick -> new ZzEcho(sick)::zzshout),
      Map.entry("socket-write", sick -> new ZzDrain(sick)::zzpour),
      Map.entry("connect", sick -> new ZzGate(sick)::zzknock),
      Map.entry("jdbc-login", sick -> new ZzArchive(sick)::zzlogin),
      Map.entry("fifo", sick -> new ZzSeed(sick)::zzplant),
      Map.entry("child-unread", sick -> new ZzParrot(sick)::zztalk),
      Map.entry("child-output", sick -> new ZzMonkey(sick)::zzlisten),
      Map.entry("stdout", sick -> new ZzTown(sick)::zzcry));
}

final class ZzEmbassy {
  private final int port;
  private final boolean sick;

  ZzEmbassy(boolean sick) throws Exception {
    this.sick = sick;
    port = Kinds.peer(sick, "");
  }

  void zzvisa() throws Exception {
    if (sick) LocateRegistry.getRegistry("127.0.0.1", port).lookup("visa");
  }
}

final class ZzSignpost {
  private final Hashtable<String, String> env = new Hashtable<>();
  private final boolean sick;

  ZzSignpost(boolean sick) throws Exception {
    this.sick = sick;
    DatagramSocket mute = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    env.put("java.naming.factory.initial", "com.sun.jndi.dns.DnsContextFactory");
    env.put("java.naming.provider.url", "dns://127.0.0.1:" + mute.getLocalPort());
    env.put("com.sun.jndi.dns.timeout.initial", "60000");
    Kinds.background("far-end", () -> {
      byte[] b = new byte[512];
      while (true) mute.receive(new DatagramPacket(b, b.length));
    });
  }

  void zzwhere() throws Exception {
    if (sick) new InitialDirContext(env).getAttributes("shop.example", new String[] {"A"});
  }
}

final class ZzVault {
  private final int port;
  private final boolean sick;

  ZzVault(boolean sick) throws Exception {
    this.sick = sick;
    port = Kinds.peer(sick, "");
  }

  void zzunlock() throws Exception {
    if (!sick) return;
    try (SSLSocket s = (SSLSocket) SSLSocketFactory.getDefault().createSocket("127.0.0.1", port)) {
      s.startHandshake();
    }
  }
}

final class ZzHerald {
  private final URI uri;

  ZzHerald(boolean sick) throws Exception {
    uri = URI.create("http://127.0.0.1:" + Kinds.peer(sick, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") + "/news");
  }

  void zzannounce() throws Exception {
    HttpURLConnection c = (HttpURLConnection) uri.toURL().openConnection();
    c.getInputStream().close();
  }
}

final class ZzPigeon {
  private final HttpClient client = HttpClient.newHttpClient();
  private final URI uri;

  ZzPigeon(boolean sick) throws Exception {
    uri = URI.create("http://127.0.0.1:" + Kinds.peer(sick, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") + "/loft");
  }

  void zzfly() {
    var request = HttpRequest.newBuilder(uri).version(HttpClient.Version.HTTP_1_1).build();
    client.sendAsync(request, HttpResponse.BodyHandlers.ofString()).join();
  }
}

final class ZzWell {
  private final int port;

  ZzWell(boolean sick) throws Exception {
    port = Kinds.peer(sick, "water");
  }

  void zzdraw() throws Exception {
    try (SocketChannel c = SocketChannel.open(new InetSocketAddress("127.0.0.1", port))) {
      c.read(ByteBuffer.allocate(16));
    }
  }
}

final class ZzEcho {
  private final boolean sick;

  ZzEcho(boolean sick) {
    this.sick = sick;
  }

  void zzshout() throws Exception {
    try (DatagramSocket s = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      if (!sick) s.send(new DatagramPacket(new byte[4], 4, s.getLocalSocketAddress()));
      s.receive(new DatagramPacket(new byte[16], 16));
    }
  }
}

final class ZzDrain {
  private final int port;
  private final boolean sick;

  ZzDrain(boolean sick) throws Exception {
    this.sick = sick;
    port = Kinds.peer(sick, "");
  }

  void zzpour() throws Exception {
    if (!sick) return;
    try (Socket s = new Socket("127.0.0.1", port)) {
      byte[] much = new byte[1 << 20];
      for (int i = 0; i < 100; i++) s.getOutputStream().write(much);
    }
  }
}

final class ZzGate {
  private final InetSocketAddress at;
  private final boolean sick;

  ZzGate(boolean sick) throws Exception {
    this.sick = sick;
    ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    at = new InetSocketAddress(full.getInetAddress(), full.getLocalPort());
  }

  void zzknock() throws Exception {
    if (!sick) return;
    try (Socket s = new Socket()) {
      s.connect(at);
      Kinds.pause(3_600_000);
    }
  }
}

final class ZzArchive {
  private final String url;
  private final boolean sick;

  ZzArchive(boolean sick) throws Exception {
    this.sick = sick;
    url = "jdbc:postgresql://127.0.0.1:" + Kinds.peer(sick, "") + "/archive?user=lab&loginTimeout=0&connectTimeout=0";
  }

  void zzlogin() throws Exception {
    if (sick) java.sql.DriverManager.getConnection(url).close();
  }
}

/** Reads from a pipe of the file system into which nothing is written, as a store that hangs would. */
final class ZzSeed {
  private final File fifo;
  private final boolean sick;

  ZzSeed(boolean sick) throws Exception {
    this.sick = sick;
    fifo = new File("seed");
    new ProcessBuilder("mkfifo", fifo.getPath()).start().waitFor();
  }

  void zzplant() throws Exception {
    if (!sick) return;
    try (FileInputStream in = new FileInputStream(fifo)) {
      in.read();
    }
  }
}

/** Waits for a child process whose output is not read. */
final class ZzParrot {
  private final String bytes;

  ZzParrot(boolean sick) {
    bytes = sick ? "500000" : "5";
  }

  void zztalk() throws Exception {
    new ProcessBuilder("head", "-c", bytes, "/dev/zero").start().waitFor();
  }
}

final class ZzMonkey {
  private final String seconds;

  ZzMonkey(boolean sick) {
    seconds = sick ? "120" : "0";
  }

  void zzlisten() throws Exception {
    try (InputStream in = new ProcessBuilder("sleep", seconds).start().getInputStream()) {
      in.read();
    }
  }
}

/** Writes to the standard output, which the sick one's parent does not read. */
final class ZzTown {
  private final String line = "x".repeat(400);

  ZzTown(boolean sick) {}

  void zzcry() {
    for (int i = 0; i < 20; i++) System.out.println(line);
  }
}
