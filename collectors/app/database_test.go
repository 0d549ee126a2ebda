package app

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestFindDatabase(t *testing.T) {
	confluence := `<?xml version="1.0"?><confluence-configuration><properties>
<property name="hibernate.connection.driver_class">org.postgresql.Driver</property>
<property name="hibernate.connection.password">hunter2</property>
<property name="hibernate.connection.url">jdbc:postgresql://db:5432/confluence</property>
<property name="hibernate.connection.username">conf</property>%s
</properties></confluence-configuration>`
	plain := Database{"jdbc:postgresql://db:5432/confluence", "conf", "hunter2"}
	for name, k := range map[string]struct {
		file, content string
		want          Database
	}{
		"confluence": {"/h/confluence.cfg.xml", fmt.Sprintf(confluence, ""), plain},
		"encrypted": {"/h/confluence.cfg.xml", fmt.Sprintf(confluence, `<property name="jdbc.password.decrypter.classname">com.atlassian.db.config.password.ciphers.base64.Base64Cipher</property>`),
			Database{plain.URL, "conf", ""}},
		"cut":    {"/h/confluence.cfg.xml", strings.Split(fmt.Sprintf(confluence, ""), `</property>%s`)[0][:400], Database{plain.URL, "conf", "hunter2"}},
		"jira":   {"/h/dbconfig.xml", `<jira-database-config><name>defaultDS</name><jdbc-datasource><url>jdbc:mysql://db/jira</url><username>jira</username><password>pw</password></jdbc-datasource></jira-database-config>`, Database{"jdbc:mysql://db/jira", "jira", "pw"}},
		"vault":  {"/h/dbconfig.xml", `<c><url>jdbc:mysql://db/jira</url><username>jira</username><password>{ATL_SECURED}</password></c>`, Database{"jdbc:mysql://db/jira", "jira", ""}},
		"bitbuc": {"/h/bitbucket.properties", "# db\njdbc.url=jdbc\\:postgresql\\://db/bb\njdbc.user = bb\njdbc.password=pw=1\n", Database{"jdbc:postgresql://db/bb", "bb", "pw=1"}},
		"spring": {"/h/application.properties", "spring.datasource.url=jdbc:mariadb://db/x\nspring.datasource.username=x\nspring.datasource.password=${DB}\n", Database{"jdbc:mariadb://db/x", "x", ""}},
		"hikari": {"/b/conf/Catalina/localhost/ROOT.xml", `<Context><Resource name="mail/x" type="javax.mail.Session" user="no"/><Resource name="jdbc/shop" factory="com.zaxxer.hikari.HikariJNDIFactory" jdbcUrl="jdbc:postgresql://db/shop" dataSource.user="shop" dataSource.password="pw"/></Context>`, Database{"jdbc:postgresql://db/shop", "shop", "pw"}},
		"dbcp":   {"/b/conf/context.xml", `<Context><Resource name="jdbc/shop" url="jdbc:mysql://db/shop" username="shop" password="pw"/></Context>`, Database{"jdbc:mysql://db/shop", "shop", "pw"}},
		"c3p0":   {"/b/conf/server.xml", `<Server><GlobalNamingResources><Resource jdbcUrl="jdbc:mysql://db/shop" user="shop" password="${db.pw}"/></GlobalNamingResources></Server>`, Database{"jdbc:mysql://db/shop", "shop", ""}},
		"none":   {"/h/server.xml", `<Server><url>http://x</url></Server>`, Database{}},
		"yaml":   {"/h/application.yml", "spring.datasource.url: jdbc:x", Database{}},
	} {
		got, found := FindDatabase(k.file, []byte(k.content))
		if got != k.want || found != (k.want.URL != "") {
			t.Errorf("%s: %+v, %v", name, [3]string{got.URL, got.User, got.Password}, found)
		}
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune("\uFEFF" + strings.Replace(fmt.Sprintf(confluence, ""), `version="1.0"`, `version="1.0" encoding="UTF-16"`, 1))) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	if got, _ := FindDatabase("/h/confluence.cfg.xml", wide); got != plain {
		t.Errorf("UTF-16: %q %q", got.URL, got.User)
	}
	if text := fmt.Sprint(plain); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}

func FuzzFindDatabase(f *testing.F) {
	f.Add("a.xml", []byte(`<property name="jdbc.url">jdbc:x</property>`))
	f.Add("a.properties", []byte("jdbc.url=jdbc:x\n=\n:\n"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		if d, found := FindDatabase(name, content); found && !strings.HasPrefix(d.URL, "jdbc:") {
			t.Errorf("%q", d.URL)
		}
	})
}
