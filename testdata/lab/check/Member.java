import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import java.io.IOException;
import jakarta.servlet.ServletException;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleListener;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/** A node of a cluster: as a listener of Tomcat it starts a Hazelcast member, as a valve it answers and names the user. */
public class Member extends ValveBase implements LifecycleListener {
    @Override public void lifecycleEvent(LifecycleEvent event) {
        if (!event.getType().equals(Lifecycle.AFTER_START_EVENT)) return;
        Config config = new Config().setProperty("hazelcast.phone.home.enabled", "false").setProperty("hazelcast.logging.type", "none");
        config.getNetworkConfig().setPort(5701).setPortAutoIncrement(false);
        config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
        config.getNetworkConfig().getJoin().getTcpIpConfig().setEnabled(true);
        for (String peer : System.getProperty("lab.peers").split(",")) config.getNetworkConfig().getJoin().getTcpIpConfig().addMember(peer);
        new Thread(() -> Hazelcast.newHazelcastInstance(config)).start();
    }

    @Override public void invoke(Request request, Response response) throws IOException, ServletException {
        response.setHeader("X-AUSERNAME", request.getHeader("X-User"));
        response.getWriter().println("ok");
    }
}
