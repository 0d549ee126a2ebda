import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Spring Boot, with Tomcat or with Reactor Netty, by what is on the class path. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@RestController
public class SpringServer {
  @GetMapping("/")
  public String root() {
    return "ok";
  }

  public static void main(String[] args) {
    new SpringApplication(SpringServer.class).run("--server.port=" + args[0], "--server.address=127.0.0.1");
  }
}
