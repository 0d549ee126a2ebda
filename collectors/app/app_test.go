package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/collectors/access"
)

func traits(main, jar string, options, args []string) Traits {
	return Traits{Main: main, Jar: jar, Options: options, Args: args, Cwd: "/srv", Property: func(name string) string {
		for _, o := range options {
			if v, ok := strings.CutPrefix(o, "-D"+name+"="); ok {
				return v
			}
		}
		return ""
	}}
}

func TestFind(t *testing.T) {
	const tomcat = "org.apache.catalina.startup.Bootstrap"
	cases := []struct {
		name string
		tr   Traits
		want string
	}{
		{"confluence by context path", traits(tomcat, "", []string{"-Dconfluence.context.path=", "-Dcatalina.base=/opt/x"}, []string{"start"}), "confluence"},
		{"confluence by base", traits(tomcat, "", []string{"-Dcatalina.base=/opt/atlassian/confluence"}, nil), "confluence"},
		{"synchrony, whose class path says confluence", traits("synchrony.core", "", []string{"-cp", "/opt/atlassian/confluence/x.jar"}, []string{"sql"}), "synchrony"},
		{"jira", traits(tomcat, "", []string{"-Datlassian.standalone=JIRA"}, nil), "jira"},
		{"bamboo", traits(tomcat, "", []string{"-Dcatalina.base=/opt/atlassian/bamboo"}, nil), "bamboo"},
		{"plain tomcat", traits(tomcat, "", []string{"-Dcatalina.base=/var/lib/tomcat10"}, nil), "tomcat"},
		{"bitbucket", traits("com.atlassian.bitbucket.internal.launcher.BitbucketServerLauncher", "", nil, nil), "bitbucket"},
		{"kafka", traits("kafka.Kafka", "", nil, []string{"server.properties"}), "kafka"},
		{"elasticsearch", traits("org.elasticsearch.server", "", nil, nil), "elasticsearch"},
		{"solr", traits("", "start.jar", []string{"-Dsolr.solr.home=/x"}, nil), "solr"},
		{"keycloak", traits("io.quarkus.bootstrap.runner.QuarkusEntryPoint", "", []string{"-Dkc.home.dir=/opt/keycloak"}, nil), "keycloak"},
		{"activemq", traits("", "/opt/activemq/bin/activemq.jar", []string{"-Dactivemq.base=/opt/activemq"}, []string{"start"}), "activemq"},
		{"wildfly", traits("", "/opt/wildfly/jboss-modules.jar", nil, nil), "wildfly"},
		{"jetty", traits("", "start.jar", nil, nil), "jetty"},
		{"jenkins", traits("", "/usr/share/java/jenkins.war", nil, nil), "jenkins"},
		{"spring boot", traits("org.springframework.boot.loader.launch.JarLauncher", "", nil, nil), "spring-boot"},
		{"a jar", traits("", "/srv/Shop-1.2.jar", nil, nil), "shop-1.2"},
		{"a class", traits("com.example.Main$Inner", "", nil, nil), "main_inner"},
		{"nothing at all", traits("", "", nil, nil), "java"},
	}
	for _, c := range cases {
		p, err := Find(c.tr)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != c.want {
			t.Errorf("%s: got %q, want %q", c.name, p.Name, c.want)
		}
	}
}

// A jar that is started by -jar says itself what loads it.
func TestFindByTheMainClassOfTheJar(t *testing.T) {
	tr := traits("", "/srv/shop.jar", nil, nil)
	for main, title := range map[string]string{"org.springframework.boot.loader.launch.JarLauncher": "Spring Boot", "com.acme.Main": "Java application", "": "Java application"} {
		tr.JarMain = func() string { return main }
		if p, err := Find(tr); err != nil || p.Title != title || p.Name != "shop" {
			t.Errorf("%q is %q, named %q, %v; want %s", main, p.Title, p.Name, err, title)
		}
	}
}

func TestLocateReadsHomeFromProductFile(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("opt/conf[1]/confluence/WEB-INF/classes/confluence-init.properties", "# home\nconfluence.home = /data/wiki\n")
	write("data/wiki/confluence.cfg.xml", "<x/>")
	tr := traits("org.apache.catalina.startup.Bootstrap", "", []string{"-Dconfluence.context.path=", "-Dcatalina.base=/opt/conf[1]"}, nil)
	p, err := Find(tr)
	if err != nil {
		t.Fatal(err)
	}
	got := p.Locate(tr, access.Fixture(root))
	if !slices.Contains(got.Config, "/data/wiki/confluence.cfg.xml") {
		t.Errorf("config: %q", got.Config)
	}
	if !slices.Contains(got.Logs, `/opt/conf\[1]/logs/catalina.out`) {
		t.Errorf("logs: %q", got.Logs)
	}
}

func TestLocateConfigNamedByArgument(t *testing.T) {
	tr := traits("kafka.Kafka", "", nil, []string{"config/server.properties", "--override"})
	p, err := Find(tr)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Locate(tr, access.Fixture("/nonexistent")).Config; !slices.Equal(got, []string{"/srv/config/server.properties"}) {
		t.Errorf("config: %q", got)
	}
}
