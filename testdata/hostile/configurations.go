package hostile

import (
	"bufio"
	"fmt"
	"strings"
)

// configurations are files of products.
func configurations() []Input {
	return []Input{
		file("server.xml", "", func(w *bufio.Writer, _ float64) error {
			fmt.Fprint(w, "<?xml version=\"1.0\"?>\n<!DOCTYPE Server [\n<!ENTITY a0 \"aaaaaaaaaaaaaaaaaaaaaaaa\">\n")
			for i := 1; i < 30; i++ {
				fmt.Fprintf(w, "<!ENTITY a%d \"%s\">\n", i, strings.Repeat(fmt.Sprintf("&a%d;", i-1), 10))
			}
			_, err := fmt.Fprint(w, "]>\n<Server port=\"&a29;\"><Service><Connector port=\"8080\" maxThreads=\"&a29;\"/>&a29;</Service></Server>\n")
			return err
		}),
		file("deep/server.xml", "", func(w *bufio.Writer, size float64) error {
			return copyOf(w, "<Server><Service>", mb(60, size))
		}),
		file("attributes/server.xml", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("<Server><Service><Connector "); err != nil {
				return err
			}
			return lines(w, mb(60, size), 1<<30, "a%[1]d=\"%[1]d\" ")
		}),
		file("external/server.xml", "", func(w *bufio.Writer, _ float64) error {
			_, err := w.WriteString("<!DOCTYPE Server [<!ENTITY x SYSTEM \"file:///etc/passwd\"><!ENTITY % y SYSTEM \"http://127.0.0.1:9/\">%y;]>\n<Server><Connector port=\"&x;\"/></Server>\n")
			return err
		}),
		file("application.yml", "", func(w *bufio.Writer, _ float64) error {
			fmt.Fprint(w, "server:\n  port: 8080\nspring:\n  datasource:\n    a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
			for i := 1; i < 30; i++ {
				fmt.Fprintf(w, "    a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), i-1)
			}
			_, err := fmt.Fprint(w, "    hikari:\n      maximum-pool-size: *a29\n      <<: *a29\n")
			return err
		}),
		file("deep/application.yml", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("server:\n  port: "); err != nil {
				return err
			}
			return copyOf(w, "[", mb(20, size))
		}),
		file("keys/application.yml", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("spring:\n  datasource:\n"); err != nil {
				return err
			}
			return lines(w, mb(60, size), 1<<30, "    k%[1]d: %[1]d\n")
		}),
		file("anchors/application.yml", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("spring:\n  datasource:\n"); err != nil {
				return err
			}
			return lines(w, mb(20, size), 1<<30, "    k%[1]d: &x%[1]d\n      <<: *x%[1]d\n")
		}),
		file("application.properties", "", func(w *bufio.Writer, size float64) error {
			return lines(w, mb(60, size), 1<<30, "spring.datasource.hikari.x%[1]d=${spring.datasource.hikari.x%[1]d}\n")
		}),
	}
}
