import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Sends and reads ten messages a second. */
public final class KafkaLoad {
  public static void main(String[] args) throws Exception {
    String at = "127.0.0.1:" + args[0];
    var producer = new KafkaProducer<>(Map.of("bootstrap.servers", at), new StringSerializer(), new StringSerializer());
    var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", at, "group.id", "lab"), new StringDeserializer(), new StringDeserializer());
    consumer.subscribe(List.of("orders"));
    while (true) {
      producer.send(new ProducerRecord<>("orders", "k", "v"));
      consumer.poll(Duration.ofMillis(100));
    }
  }
}
