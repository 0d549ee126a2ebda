package names

import "strings"

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// keptUsers are accounts that every system has, and words for nobody.
var keptUsers = wordSet(`root nobody anonymous daemon bin sys sync adm system guest none null unknown undefined
	nil true false yes no on off unauthenticated anonymoususer nouser empty n/a na any all everyone public default
	current self me you this the a an not is was has git not_kept`)

// keptHost reports whether a name is no machine's own: this one to itself, and what stands for none.
func keptHost(name string) bool {
	return keptHosts[name] || strings.HasSuffix(name, ".localhost") || strings.HasSuffix(name, ".arpa")
}

var keptHosts = wordSet(`localhost localhost.localdomain localhost4 localhost6 localhost6.localdomain6
	ip6-localhost ip6-loopback ip6-localnet ip6-mcastprefix ip6-allnodes ip6-allrouters broadcasthost loopback local
	none null unknown undefined default any true false host hostname server utf-8 auto external internal private
	public yes no on off`)

// commonWords are words of the evidence: a name that is one of them is replaced at its places only.
var commonWords = wordSet(`admin administrator user users root master slave main manager service services
	system server servers client clients cluster node nodes host hosts peer member leader database data base app
	apps application web www mail smtp proxy gateway router backup test testing demo prod production staging stage
	dev development build local global remote default guest public private internal external confluence jira
	bitbucket bamboo crowd atlassian synchrony hazelcast tomcat catalina jetty undertow wildfly jboss spring
	hibernate jenkins gitlab nexus sonar elastic elasticsearch kafka zookeeper solr cassandra redis rabbitmq
	activemq mongo mongodb postgres postgresql mysql mariadb oracle sqlserver keycloak grafana prometheus nginx
	apache httpd haproxy docker kubernetes kube podman java openjdk hotspot jvm jdk go golang python node ruby php
	linux windows ubuntu debian centos redhat alpine vm vms thread threads pool worker workers executor handler
	request response session cookie header bearer token login logout auth authentication cache queue topic index
	search event events task tasks job jobs timer scheduler monitor metrics agent daemon native object string
	integer class method field type value key name title space page pages content file files folder path home opt
	var tmp temp log logs error errors warn warning info debug trace start started stop stopped running waiting
	blocked idle active ready done failed success unknown undefined none null true false and the for from with not
	found was were has have had will would could should this that these those they there here when where which what
	who while after before between into over under than then also only just more most some such each other same new
	old first last next allowed denied invalid valid missing exists already cannot could does did been being its
	your our their has must can may might about against all any because both but during how now off once own same
	very out open close closed read write connect connected connection primary secondary standby control worker
	sender receiver reader writer source target eden old young survivor heap memory process kernel network socket
	disk storage volume image container info used free total count size time date day hour minute second status
	state level logger message reason cause exception action operator operation module package import export version
	release update delete insert select create created modified author owner group groups role roles permission
	permissions access account accounts profile profiles settings setting config configuration plugin plugins report
	reports api rest http https ftp ssh sftp ldap ldaps jdbc jmx rmi tcp udp tls ssl utf ascii json xml yaml html
	text plain binary casefile seconds second minutes minute hours hour days milliseconds millis nanoseconds
	microseconds bytes percent cpus periods counts units ticks hertz pages blocks sectors calls requests responses
	errors threads unlimited enabled disabled enable disable required optional supported unsupported available
	unavailable expired locked unlocked verified accepted rejected ignored skipped cancelled canceled completed
	pending active inactive online offline present absent empty full current previous next first last single
	multiple shared exclusive mutable immutable synchronous asynchronous temporary permanent automatic manual static
	dynamic virtual physical logical simple complex basic advanced custom standard regular special normal high low
	medium fast slow small large short long hidden visible anonymous trusted untrusted secure insecure signed
	unsigned encrypted decrypted compressed expanded domain domains realm tenant tenants customer customers account
	member members person people employee contact identity identities principal subject credential credentials
	password passwords secret secrets license licence certificate keystore truststore alias controller handler
	manager provider consumer producer listener adapter factory builder registry repository model view component
	element attribute property parameter argument variable constant function method return string boolean integer
	number array list map table column row record document folder archive package bundle library framework engine
	driver dialect schema transaction session connection statement query result cursor lock mutex semaphore barrier
	latch monitor condition future promise stream channel buffer message topic partition offset broker exchange
	binding route endpoint gateway balancer instance replica shard region zone rack subnet network address port
	interface bridge firewall certificate sa sysdba dbo publisher subscriber commit rollback`)

// technicalWords are what the folders and files of programs are called.
var technicalWords = wordSet(`bin sbin lib lib64 libs libexec etc opt usr var tmp temp share src main test
	tests java javas classes class target build out dist log logs conf config configuration data work webapps web
	inf meta root home app apps application server servers service services jdk jre jvm openjdk temurin corretto
	zulu graalvm hotspot tomcat catalina jetty wildfly jboss standalone domain confluence jira bitbucket bamboo
	crowd atlassian synchrony kafka zookeeper elasticsearch jenkins hazelcast spring boot hibernate gc heap dump
	dumps hs err pid core thread threads hsperfdata recording profile profiles jfr pprof goroutine access
	application error out err stdout stderr console current old backup bak archive json xml yaml yml properties cfg
	ini env sh bat exe jar war ear so dll dylib txt md csv tsv html gz zip tar zst log4j logback logging setenv http
	https local m2 gradle maven cache caches repository index journal attachments plugins bundled exploded temp
	export import shared installation install program files documents modules module jmods security cacerts go pkg
	mod cmd internal node modules python site packages git github com org net io golang google linux amd64 arm64 x86
	aarch64 hprof sql db catalina manager localhost host users rest api plugin plugins servlet download downloads
	attachment pages page action viewpage login dologin index search latest v1 v2 content status health s static
	assets images css js wiki display spaces space browse issue`)

// technical reports whether a part of a path consists of words that programs use: server.xml, jdk-17, gc.2.log.
func technical(text string) bool {
	for at := 0; at < len(text); {
		if !isLetter(text[at]) && text[at] < 0x80 {
			at++
			continue
		}
		start := at
		for at < len(text) && (isLetter(text[at]) || text[at] >= 0x80) {
			at++
		}
		if word := strings.ToLower(text[start:at]); len(word) > 2 && !technicalWords[word] &&
			!technicalWords[strings.TrimSuffix(word, "s")] {
			return false
		}
	}
	return true
}

// publicDomains are those of the makers of the software, which stand in namespaces, messages and documentation.
var publicDomains = strings.Fields(`w3.org apache.org oracle.com java.net java.com javaee.net sun.com
	atlassian.com github.com githubusercontent.com gitlab.com golang.org go.dev google.golang.org
	springframework.org spring.io xmlsoap.org openjdk.org openjdk.java.net eclipse.org jakarta.ee jboss.org
	jboss.com redhat.com hibernate.org hazelcast.org hazelcast.com elastic.co mozilla.org postgresql.org mysql.com
	mariadb.org microsoft.com oasis-open.org jcp.org ietf.org iana.org wikipedia.org stackoverflow.com maven.org
	sonatype.org gradle.org kernel.org debian.org ubuntu.com azul.com adoptium.net adoptopenjdk.net amazon.com
	graalvm.org slf4j.org qos.ch logback.org opentelemetry.io prometheus.io kubernetes.io docker.com docker.io
	cncf.io grafana.com jenkins.io mojohaus.org junit.org quartz-scheduler.org ehcache.org terracotta.org
	infinispan.org jgroups.org xml.org purl.org dublincore.org opensocial.org json-schema.org google.com
	googleapis.com gstatic.com freedesktop.org gnu.org bouncycastle.org aopalliance.org tigris.org tuckey.org
	thymeleaf.org`)

// publicHost reports whether a name lies in a domain of the makers of software.
func publicHost(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(name), ":")
	for _, d := range publicDomains {
		if name == d || strings.HasSuffix(name, d) && name[len(name)-len(d)-1] == '.' {
			return true
		}
	}
	return false
}

// secondLevel are the labels under which countries give domains: co.uk.
var secondLevel = wordSet("co com org net gov ac edu or ne gob gouv")

// publicTops and privateTops are what the last label of a host's name is.
var (
	publicTops = wordSet(`com org net de eu uk fr ch at nl io dev cloud it es se no dk fi pl cz us ca au jp cn in
	br ru gov edu info biz int internal tech systems services company group app online site bank be ie pt hu ro gr
	tr il kr sg hk za mx ar cl nz`)
	privateTops = wordSet(`local lan corp intra intranet localdomain internal private prod test example svc`)
	// nakedTops are those of them that end no other words.
	nakedTops = wordSet("local lan corp intra intranet localdomain")
)

// hostTop reports whether a label is the last one of a host's name.
func hostTop(label string) bool {
	label = strings.ToLower(label)
	return publicTops[label] || privateTops[label]
}

// isTop reports whether the last label of the domain of an e-mail can be one.
func isTop(label string) bool {
	return len(label) >= 2 && strings.Trim(label, "abcdefghijklmnopqrstuvwxyz") == ""
}

// packageRoots begin the names of packages; codeTops also end names in programs.
var (
	packageRoots = wordSet("com org net io java javax jdk sun jakarta de eu edu gov kotlin scala groovy system this self self main android ch fr uk")
	codeTops     = wordSet("net at it in is no es se io int info dev pl us ch app group services test cloud tech be internal cz id company site")
)
