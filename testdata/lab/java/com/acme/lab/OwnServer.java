package com.acme.lab;

import com.acme.shop.Work;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that no list knows: one thread accepts connections, a fixed pool serves them. */
final class OwnServer {
  static int start(Work work) throws IOException {
    ServerSocket port = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
    AtomicInteger n = new AtomicInteger();
    ExecutorService pool = Executors.newFixedThreadPool(16, r -> new Thread(r, "zzdesk/" + n.incrementAndGet()));
    Thread door = new Thread(() -> {
      while (true) {
        try {
          Socket s = port.accept();
          pool.execute(() -> zzanswer(s, work));
        } catch (IOException e) {
          return;
        }
      }
    }, "zzdoor");
    door.setDaemon(true);
    door.start();
    return port.getLocalPort();
  }

  private static void zzanswer(Socket s, Work work) {
    try (s) {
      s.getInputStream().read(new byte[4096]);
      work.serve();
      s.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".getBytes());
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
