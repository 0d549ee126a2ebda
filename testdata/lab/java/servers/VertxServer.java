import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;

/** Vert.x with a router. */
public final class VertxServer {
  public static void main(String[] args) {
    Vertx vertx = Vertx.vertx();
    Router router = Router.router(vertx);
    router.get("/").handler(c -> c.end("ok"));
    vertx.createHttpServer().requestHandler(router).listen(Integer.parseInt(args[0]), "127.0.0.1");
  }
}
