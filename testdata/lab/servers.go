package lab

// Server is a server with nothing to do, or little.
type Server struct {
	Name string
	// Artifacts are Maven coordinates whose jars, and those that they need, are the class path; Zip is one of a distribution.
	Artifacts []string
	Zip       string
	Main      string // the class that is run, compiled from java/servers where there is a source of that name
	MaxMajor  int    // the newest JDK that it supports; 0: any
	// Run is the command of an unpacked distribution, below its folder. Files are written there before. In them PORT is a free port.
	Run     []string
	Prepare []string
	Files   map[string]string
	Args    []string
	Load    string // the class that puts load on it, where that is not a GET of /
}

// Servers are those whose idle and lightly loaded state has to give no warning. Names of one in Main's table are of the lab itself.
var Servers = []Server{
	{Name: "tomcat"}, {Name: "jetty"}, {Name: "undertow"}, {Name: "netty"},
	{Name: "vertx", Artifacts: []string{"io.vertx:vertx-web:4.5.11"}, Main: "VertxServer", Args: []string{"PORT"}},
	{Name: "spring-boot", Artifacts: []string{"org.springframework.boot:spring-boot-starter-web:3.4.1"}, Main: "SpringServer", Args: []string{"PORT"}},
	{Name: "webflux", Artifacts: []string{"org.springframework.boot:spring-boot-starter-webflux:3.4.1"}, Main: "SpringServer", Args: []string{"PORT"}},
	{Name: "opensearch", Artifacts: []string{"org.opensearch:opensearch:2.18.0", "org.opensearch.plugin:transport-netty4-client:2.18.0", "org.apache.logging.log4j:log4j-core:2.21.0"},
		Main: "SearchServer", Args: []string{"PORT"}, MaxMajor: 21},
	{Name: "kafka", Artifacts: []string{"org.apache.kafka:kafka_2.13:3.9.0"}, Main: "kafka.Kafka", MaxMajor: 21, Args: []string{"server.properties"},
		Load: "KafkaLoad", Prepare: []string{"kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", "server.properties"},
		Files: map[string]string{"server.properties": `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:SECOND
listeners=PLAINTEXT://127.0.0.1:PORT,CONTROLLER://127.0.0.1:SECOND
advertised.listeners=PLAINTEXT://127.0.0.1:PORT
controller.listener.names=CONTROLLER
log.dirs=data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
`}},
	{Name: "keycloak", Zip: "org.keycloak:keycloak-quarkus-dist:26.0.7", MaxMajor: 21,
		Run: []string{"bin/kc.sh", "start-dev", "--http-host=127.0.0.1", "--http-port=PORT", "--cache=local"}},
	{Name: "wildfly", Zip: "org.wildfly:wildfly-dist:34.0.1.Final", MaxMajor: 21,
		Run: []string{"bin/standalone.sh", "-b", "127.0.0.1", "-Djboss.http.port=PORT", "-Djboss.https.port=0", "-Djboss.management.http.port=0"}},
	{Name: "open-liberty", Zip: "io.openliberty:openliberty-runtime:24.0.0.12", MaxMajor: 21, Run: []string{"bin/server", "run", "lab"},
		Files: map[string]string{"usr/servers/lab/server.xml": `<server>
  <featureManager><feature>servlet-6.0</feature></featureManager>
  <httpEndpoint id="defaultHttpEndpoint" host="127.0.0.1" httpPort="PORT" httpsPort="-1"/>
</server>
`}},
}
