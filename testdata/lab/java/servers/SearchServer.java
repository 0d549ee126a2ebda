import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** One node of OpenSearch, with its HTTP by Netty. */
public final class SearchServer {
  static final class One extends Node {
    One(Settings s) {
      super(InternalSettingsPreparer.prepareEnvironment(s, Map.of(), null, () -> "lab"), List.of(Netty4Plugin.class), false);
    }
  }

  public static void main(String[] args) throws Exception {
    String home = Files.createTempDirectory("lab-search").toString();
    Settings s = Settings.builder().put("path.home", home).put("cluster.name", "lab-" + args[0]).put("discovery.type", "single-node")
        .put("http.port", args[0]).put("network.host", "127.0.0.1").put("transport.port", "0").put("http.type", "netty4")
        .put("transport.type", "netty4").build();
    new One(s).start();
    Thread.currentThread().join();
  }
}
