// Package applog reads what a service writes about itself: application logs of log4j, logback, java.util.logging and Tomcat's JULI,
// and the access logs of Tomcat's AccessLogValve.
//
// A log of many gigabytes is read in one pass with bounded memory. Of an application log what is kept is counts, the lines that a [Mark]
// asks for, and the reports of Tomcat's StuckThreadDetectionValve; of an access log the figures and the requests that took long. A line
// that is not understood is counted.
//
// Layouts of application logs, as their first lines show them:
//
//	2022-07-12 01:08:59,489 INFO [Catalina-utility-1] [confluence.cluster.hazelcast.HazelcastClusterManager] startCluster ...   log4j, Atlassian
//	2022-07-12 01:08:59,489+0000 http-nio-8080-exec-7 url: /x; user: jo WARN jo 68x12x1 abc 10.0.0.1 /x [c.a.jira.Thing] text    log4j, Jira
//	12-Jul-2022 01:08:59.489 WARNING [main] org.apache.catalina.startup.VersionLoggerListener.log text                           JULI
//	2022-07-12T01:08:59.489+02:00  INFO 4711 --- [nio-8080-exec-1] c.acme.Shop : text                                            logback, Spring Boot
//	Jul 12, 2022 1:08:59 AM org.apache.catalina.startup.Catalina start                                                           java.util.logging
package applog
