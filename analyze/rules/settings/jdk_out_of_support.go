package settings

import (
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

var jdkOutOfSupport = &analyze.Rule{
	ID: ids.JDKOutOfSupport,
	Doc: "No vendor publishes updates of this release of Java any more without a contract: holes that are found " +
		"stay open.",
	Needs: "the JVM's version and the time of the capture: casefile collect, or thread dumps",
	Fix:   "Move to a release with long-term support.",
	Run:   analyze.Each(dated, judgeSupport),
}

// Where the vendors say how long they publish updates for everybody.
const (
	sixMonths = "OpenJDK: a feature release gets updates until the next one; java.com/releases, " +
		"adoptium.net/support, azul.com/products/azul-support-roadmap"
	azul = "Azul Zulu, community builds: azul.com/products/azul-support-roadmap, endoflife.date/azul-zulu"
	sun  = "Sun, end of service life: java.sun.com/products/archive/eol.policy.html, endoflife.date/oracle-jdk"
)

// published says until when updates of a major version are published for everybody, by the vendor that does so longest.
// A date in the future is a vendor's promise of at least so long. Read in 2026, on the pages named.
var published = []struct {
	major  int
	until  string // the month
	source string
}{
	{4, "2008-10", sun},
	{5, "2009-10", sun},
	{6, "2018-12", azul},
	{7, "2022-07", azul},
	{8, "2030-12", "Eclipse Temurin, Amazon Corretto, Azul Zulu: adoptium.net/support, aws.amazon.com/corretto/faqs"},
	{9, "2018-03", sixMonths},
	{10, "2018-09", sixMonths},
	{11, "2032-01", "Amazon Corretto: aws.amazon.com/corretto/faqs; Eclipse Temurin: October 2027 at least"},
	{12, "2019-09", sixMonths},
	{13, "2023-03", azul}, // medium term support
	{14, "2020-09", sixMonths},
	{15, "2023-03", azul}, // medium term support
	{16, "2021-09", sixMonths},
	{17, "2029-09", azul + "; Eclipse Temurin: October 2027 at least"},
	{18, "2022-09", sixMonths},
	{19, "2023-03", sixMonths},
	{20, "2023-09", sixMonths},
	{21, "2031-09", azul + "; Eclipse Temurin: December 2029 at least"},
	{22, "2024-09", sixMonths},
	{23, "2025-03", sixMonths},
	{24, "2025-09", sixMonths},
	{25, "2033-09", azul + "; Eclipse Temurin: September 2031 at least"},
	{26, "2026-09", sixMonths},
	{27, "2027-03", sixMonths},
}

// dated are the JVMs whose version is known in captures whose time is known.
func dated(p *analyze.Pass) (all []*config) {
	for _, j := range p.JVMs() {
		if j.Major() > 0 && !p.Ended.IsZero() {
			p.Evaluated()
			all = append(all, &config{JVM: j, node: j.Node})
		}
	}
	return all
}

// judgeSupport compares the end of public updates with the time of the capture.
func judgeSupport(pass *analyze.Pass, c *config) []analyze.Finding {
	major := c.Major()
	for _, row := range published {
		until, err := time.Parse("2006-01", row.until)
		if err != nil || row.major != major || pass.Ended.Before(until.AddDate(0, 1, 0)) {
			continue
		}
		f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.High, Weight: 0.01}
		f.Say("JDK %d (%s) has had no public updates since %s", major, say.Quote(c.Version), until.Format("January 2006"))
		f.Impact = "no part of the performance; holes and faults that are found stay open"
		f.Explanation = "Only vendors with a contract still mend this release, if any. Later ones also have " +
			"better collectors, flight " +
			"recordings and an exact account of containers."
		f.Evidence = cite.Known(analyze.Evidence{Entry: c.OptionsSource, Text: "version " + c.Version},
			analyze.Evidence{Entry: c.FlagsSource, Text: "version " + c.Version})
		f.Advice = []analyze.Advice{{
			Action: "Move to a release with long-term support that the product allows: 17, 21 or 25.",
			Effect: "Updates each quarter.",
			Risk:   "Options and internal classes have gone since: test under load.",
			Verify: "casefile lists the new version.",
		}}
		f.References = []string{row.source}
		return []analyze.Finding{f}
	}
	return nil
}
