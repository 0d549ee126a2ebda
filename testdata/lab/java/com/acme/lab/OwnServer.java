package com.acme.lab;

import com.acme.shop.Work;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
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

  /** The thread that accepts serves by itself; the pool is for what it never gets. */
  static int acceptor(Work work) throws IOException {
    ServerSocket port = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
    idlePool();
    daemon("zzdoor", () -> {
      while (true) zzanswer(port.accept(), work);
    });
    return port.getLocalPort();
  }

  /** One selector for all connections, whose thread does the work too. */
  static int selector(Work work) throws IOException {
    ServerSocketChannel port = ServerSocketChannel.open();
    port.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 500);
    port.configureBlocking(false);
    Selector selector = Selector.open();
    port.register(selector, SelectionKey.OP_ACCEPT);
    idlePool();
    daemon("zzgate", () -> {
      while (true) {
        selector.select();
        for (SelectionKey key : selector.selectedKeys()) zzready(key, port, work);
        selector.selectedKeys().clear();
      }
    });
    return ((InetSocketAddress) port.getLocalAddress()).getPort();
  }

  private static void zzready(SelectionKey key, ServerSocketChannel port, Work work) throws Exception {
    if (key.isAcceptable()) {
      for (SocketChannel c = port.accept(); c != null; c = port.accept()) {
        c.configureBlocking(false);
        c.register(key.selector(), SelectionKey.OP_READ);
      }
      return;
    }
    SocketChannel c = (SocketChannel) key.channel();
    if (c.read(ByteBuffer.allocate(4096)) > 0) {
      work.serve();
      c.write(ByteBuffer.wrap("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".getBytes()));
    }
    c.close();
  }

  private static void idlePool() {
    AtomicInteger n = new AtomicInteger();
    ThreadPoolExecutor pool = (ThreadPoolExecutor) Executors.newFixedThreadPool(8, r -> new Thread(r, "zzdesk/" + n.incrementAndGet()));
    pool.prestartAllCoreThreads();
  }

  private static void daemon(String name, Callable<?> body) {
    Thread t = new Thread(() -> {
      try {
        body.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }, name);
    t.setDaemon(true);
    t.start();
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
