package settings

import (
	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/vm"
)

var jitDisabled = &analyze.Rule{
	ID:    ids.JITDisabled,
	Doc:   "An option keeps the JVM from compiling, or from compiling well.",
	Needs: needsSettings,
	Fix:   "Remove the option.",
	Run:   analyze.Each(configured, judgeJIT),
}

// brakes by how much they cost: what the JVM then is, and how many times slower code runs, as the order of magnitude.
var brakes = []struct {
	option, flag, value string
	what                string
	weight              float64
}{
	{"-Xint", "UseCompiler", "false", "only interprets: code runs 10 to 50 times slower", 0.9},
	{"-Djava.compiler=NONE", "UseCompiler", "false", "only interprets: code runs 10 to 50 times slower", 0.9},
	{"-XX:TieredStopAtLevel=0", "TieredStopAtLevel", "0", "only interprets: code runs 10 to 50 times slower", 0.9},
	{"-XX:TieredStopAtLevel=1", "TieredStopAtLevel", "1", "compiles with its fast compiler alone: busy code runs " +
		"2 to 3 times slower", 0.4},
	{"-XX:TieredStopAtLevel=2", "TieredStopAtLevel", "2", "compiles with its fast compiler alone: busy code runs " +
		"2 to 4 times slower", 0.5},
	{"-XX:TieredStopAtLevel=3", "TieredStopAtLevel", "3", "compiles with its fast compiler and counts for another " +
		"that never comes: busy code runs 3 to 5 times slower", 0.5},
}

// judgeJIT reports the brake that costs most.
func judgeJIT(_ *analyze.Pass, c *config) []analyze.Finding {
	j := c.JVM
	for _, b := range brakes {
		rest, at, byOption := cite.Option(j, b.option)
		byOption = byOption && rest == ""
		byFlag := vm.Chosen(j, b.flag) && j.Flags[b.flag].Value == b.value
		if !byOption && !byFlag {
			continue
		}
		var evidence []analyze.Evidence
		if byOption {
			evidence = cite.Known(at)
		}
		name := b.option
		if e, ok := cite.Flag(j, b.flag); ok && byFlag {
			evidence = append(evidence, e)
		}
		if !byOption && b.flag == "UseCompiler" {
			name = "-XX:-UseCompiler or -Xint"
		}
		f := analyze.Finding{
			Severity: analyze.Warning, Confidence: analyze.High, Weight: b.weight,
			Impact: "all code of this JVM, all the time",
			Explanation: "Such an option comes from a debugging session, or from a tool that wants a fast start. " +
				"A server loses most of its speed.",
			Evidence: evidence,
			Advice: []analyze.Advice{
				{
					Action:   "Remove it.",
					Setting:  name,
					From:     name,
					To:       analyze.NotSet,
					Effect:   "CPU use falls to a fraction once the code is warm.",
					Risk:     "None.",
					Rollback: "The old option.",
					Verify:   "The flag is at its default in VM.flags, and the same load takes less CPU.",
				},
			},
			References: []string{"Oracle: The java Command"},
		}
		f.Say("With %s the JVM %s", name, b.what)
		return []analyze.Finding{f}
	}
	return nil
}
