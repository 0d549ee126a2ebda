package com.acme.shop;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** Asks another service through a client that sends so many calls to one host at a time. */
final class Tariffs {
  private final OkHttpClient client;
  private final String url;

  Tariffs(boolean sick) throws IOException {
    okhttp3.Dispatcher dispatcher = new okhttp3.Dispatcher();
    if (!sick) dispatcher.setMaxRequestsPerHost(64);
    client = new OkHttpClient.Builder().dispatcher(dispatcher).readTimeout(java.time.Duration.ofMinutes(1)).build();
    url = "http://127.0.0.1:" + Peer.answering(sick ? 1200 : 2) + "/tariff";
  }

  void ask() throws Exception {
    CompletableFuture<String> body = new CompletableFuture<>();
    client.newCall(new Request.Builder().url(url).build()).enqueue(new Callback() {
      @Override
      public void onFailure(Call call, IOException e) {
        body.completeExceptionally(e);
      }

      @Override
      public void onResponse(Call call, Response response) throws IOException {
        body.complete(response.body().string());
      }
    });
    body.get();
  }
}

/** Another service, which takes its time for each answer. */
final class Peer {
  private Peer() {}

  static int answering(long millis) throws IOException {
    ServerSocket port = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
    Faults.background("peer", () -> {
      while (true) {
        try {
          Socket s = port.accept();
          Faults.background("peer-call", () -> answer(s, millis));
        } catch (IOException e) {
          return;
        }
      }
    });
    return port.getLocalPort();
  }

  private static void answer(Socket s, long millis) {
    try (s) {
      s.getInputStream().read(new byte[4096]);
      Faults.pause(millis);
      s.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".getBytes());
    } catch (IOException e) {
      return; // the client went
    }
  }
}
