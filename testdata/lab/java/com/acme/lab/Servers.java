package com.acme.lab;

import com.acme.shop.ShopServlet;
import com.acme.shop.Work;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.*;
import io.undertow.Undertow;
import io.undertow.server.handlers.BlockingHandler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.coyote.AbstractProtocol;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Real servers on a free port of loopback, each with 24 workers. */
final class Servers {
  static final int WORKERS = 24;

  static int tomcat(Work work, boolean virtual) throws Exception {
    Tomcat tomcat = new Tomcat();
    File base = Files.createTempDirectory("lab").toFile();
    tomcat.setBaseDir(base.getPath());
    Connector connector = new Connector("org.apache.coyote.http11.Http11NioProtocol");
    connector.setPort(0);
    connector.setProperty("address", "127.0.0.1");
    connector.setProperty("maxThreads", "" + WORKERS);
    connector.setProperty("minSpareThreads", "4");
    if (virtual) {
      Executor each = (Executor) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
      ((AbstractProtocol<?>) connector.getProtocolHandler()).setExecutor(each);
    }
    tomcat.setConnector(connector);
    var context = tomcat.addContext("", base.getPath());
    Tomcat.addServlet(context, "shop", new ShopServlet(work));
    context.addServletMappingDecoded("/*", "shop");
    tomcat.start();
    return connector.getLocalPort();
  }

  static int jetty(Work work) throws Exception {
    Server server = new Server(new QueuedThreadPool(WORKERS + 8));
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler("/");
    context.addServlet(new ServletHolder(new ShopServlet(work)), "/*");
    server.setHandler(context);
    server.start();
    return connector.getLocalPort();
  }

  static int undertow(Work work) {
    Undertow server = Undertow.builder().addHttpListener(0, "127.0.0.1").setIoThreads(2).setWorkerThreads(WORKERS)
        .setHandler(new BlockingHandler(exchange -> {
          work.serve();
          exchange.getResponseSender().send("done");
        })).build();
    server.start();
    return ((InetSocketAddress) server.getListenerInfo().get(0).getAddress()).getPort();
  }

  /** Vert.x with a pool of eight workers for work that blocks. */
  static int vertx(Work work) throws Exception {
    Vertx vertx = Vertx.vertx(new VertxOptions().setWorkerPoolSize(8));
    return vertx.createHttpServer().requestHandler(request -> vertx.executeBlocking(() -> {
      work.serve();
      return "ok";
    }, false).onComplete(done -> request.response().end("ok"))).listen(0, "127.0.0.1").toCompletionStage().toCompletableFuture().get().actualPort();
  }

  /** Netty as it should not be used: the work is done on the event loops. */
  static int netty(Work work) throws Exception {
    var channel = new ServerBootstrap()
        .group(new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()), new MultiThreadIoEventLoopGroup(4, NioIoHandler.newFactory()))
        .channel(NioServerSocketChannel.class)
        .childHandler(new ChannelInitializer<SocketChannel>() {
          @Override
          protected void initChannel(SocketChannel c) {
            c.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1 << 16), new ShopHandler(work));
          }
        }).bind("127.0.0.1", 0).sync().channel();
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  private static final class ShopHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final Work work;

    ShopHandler(Work work) {
      this.work = work;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) throws Exception {
      work.serve();
      var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.copiedBuffer(new byte[] {'o', 'k'}));
      response.headers().set(HttpHeaderNames.CONTENT_LENGTH, 2);
      context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }
  }
}
