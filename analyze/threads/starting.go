package threads

import "strings"

// startFrames are methods that run while a server or an application starts, and return when it is up.
var startFrames = []string{
	"org.apache.catalina.startup.Catalina.load", "org.apache.catalina.core.StandardContext.startInternal", "org.apache.catalina.startup.HostConfig.deploy",
	"org.apache.catalina.core.StandardServer.startInternal", "org.springframework.web.context.ContextLoader.initWebApplicationContext",
	"org.springframework.context.support.AbstractApplicationContext.refresh", "org.springframework.boot.SpringApplication.refresh",
	"org.eclipse.jetty.server.Server.doStart", "org.eclipse.jetty.webapp.WebAppContext.doStart", "org.eclipse.jetty.ee10.webapp.WebAppContext.doStart",
	"io.undertow.servlet.core.DeploymentManagerImpl.deploy", "org.jboss.as.controller.AbstractControllerService", "io.quarkus.runtime.Application.start",
	"io.micronaut.runtime.Micronaut.start", "org.elasticsearch.node.Node.start", "org.elasticsearch.node.Node.<init>", "org.opensearch.node.Node.start",
	"org.apache.cassandra.service.CassandraDaemon.setup", "kafka.server.KafkaServer.startup", "kafka.server.BrokerServer.startup",
	"jenkins.InitReactorRunner", "org.jvnet.hudson.reactor.Reactor.execute", "com.atlassian.plugin.manager.DefaultPluginManager.init",
	"com.atlassian.plugin.manager.DefaultPluginManager.earlyStartup", "com.atlassian.plugin.manager.DefaultPluginManager.lateStartup",
}

// Starting gives the thread that shows that the program was starting when the dump was taken, and the method that says so; nil when none does.
func (d *Dump) Starting() (*Thread, string) {
	for _, t := range d.Threads {
		if t.VMInternal {
			continue
		}
		for _, f := range t.Stack.Frames {
			for _, start := range startFrames {
				if strings.HasPrefix(f.Func, start) {
					return t, start
				}
			}
		}
	}
	return nil, ""
}
