package checklist

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"casefile/analyze"
)

// Test is how the readings of a measure answer a question.
type Test string

// The tests.
const (
	Below    Test = "below"    // good up to Good, bad from Bad on
	Above    Test = "above"    // good from Good on, bad below Bad
	Same     Test = "same"     // all nodes read alike
	Among    Test = "among"    // every reading is one of Wants
	Yes      Test = "yes"      // every reading is 1
	Findings Test = "findings" // no finding of Rules at warning or above
	Ask      Test = "ask"      // casefile cannot know; How says who does
)

// Item is one question of the checklist.
type Item struct {
	ID       string   `yaml:"id"`
	Group    string   `yaml:"group"` // nodes, network, database, product
	Question string   `yaml:"question"`
	Measure  string   `yaml:"measure"` // a name of the table of measures, some with what they read; empty for findings and ask
	Test     Test     `yaml:"test"`
	Good     float64  `yaml:"good"` // in Unit
	Bad      float64  `yaml:"bad"`
	Unit     string   `yaml:"unit"`
	Wants    []string `yaml:"wants"`    // what readings may be, as globs without regard to case
	Rules    []string `yaml:"rules"`    // whose findings answer
	Absent   string   `yaml:"absent"`   // a measure that is 1 on nodes without what Rules look at
	Products []string `yaml:"products"` // it is asked of; none: of all
	Where    string   `yaml:"where"`    // a measure: it is asked too, or without products only, where that reads something
	Gaps     []string `yaml:"gaps"`     // items of the ledger whose loss explains why it is not known
	Several  bool     `yaml:"several"`  // it is about nodes next to each other, and makes no sense for one
	Severity string   `yaml:"severity"` // of "not ok"; warning unless told
	Source   string   `yaml:"source"`
	// Marks are those of products whose vendor publishes others, by the name of the product.
	Marks map[string]Marks `yaml:"marks"`
	Fix   string           `yaml:"fix"`
	Dead  string           `yaml:"dead"` // instead of Fix where what is measured does not answer at all
	How   string           `yaml:"how"`  // to get the answer where the capture has none
}

// Marks are good and bad of one product, in the item's unit.
type Marks struct {
	Good   float64 `yaml:"good"`
	Bad    float64 `yaml:"bad"`
	Source string  `yaml:"source"`
}

// of is the item with the marks of what runs, where that is one product with marks of its own and none that the item's own are published for.
func (i *Item) of(running map[string]bool) *Item {
	for product, m := range i.Marks {
		if running[product] && !running[published] {
			own := *i
			own.Good, own.Bad, own.Source = m.Good, m.Bad, m.Source
			return &own
		}
	}
	return i
}

// published is the product whose vendor's marks the items have first.
const published = "confluence"

// Rank is the severity of "not ok".
func (i *Item) Rank() analyze.Severity {
	if i.Severity == "" {
		return analyze.Warning
	}
	return analyze.Severity(i.Severity)
}

// Compares reports whether the question is about nodes next to each other.
func (i *Item) Compares() bool { return i.Test == Same || i.Several }

// Groups are the parts of the checklist in their order, with titles.
var Groups = [][2]string{{"nodes", "Every node"}, {"network", "Network and storage"}, {"database", "Database"}, {"product", "Product"}}

//go:embed items.yaml
var data embed.FS

// Items gives all questions, in the order of the file.
var Items = sync.OnceValues(func() ([]*Item, error) {
	text, err := data.ReadFile("items.yaml")
	if err != nil {
		return nil, fmt.Errorf("checklist: %w", err)
	}
	var list []*Item
	if err := yaml.Load(text, &list, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("checklist: items.yaml: %w", err)
	}
	seen := map[string]bool{}
	for _, i := range list {
		if seen[i.ID] {
			return nil, fmt.Errorf("checklist: item %s stands twice", i.ID)
		}
		seen[i.ID] = true
		if err := i.validate(); err != nil {
			return nil, fmt.Errorf("checklist: item %s: %w", i.ID, err)
		}
	}
	return list, nil
})

func (i *Item) validate() error {
	measured := i.Test != Findings && i.Test != Ask
	switch {
	case i.ID == "" || i.Question == "" || i.Source == "" || i.How == "":
		return errors.New("an item has an id, a question, a source and how to get the answer")
	case !slices.ContainsFunc(Groups, func(g [2]string) bool { return g[0] == i.Group }):
		return fmt.Errorf("group %q is none", i.Group)
	case !strings.Contains(i.Source, "https://") && !strings.Contains(i.Source, "casefile's own"):
		return errors.New("a source is a public page, or says that it is casefile's own")
	case !slices.Contains([]Test{Below, Above, Same, Among, Yes, Findings, Ask}, i.Test):
		return fmt.Errorf("test %q is none", i.Test)
	case measured != (i.Measure != ""):
		return errors.New("a measure belongs to a test that measures, and to no other")
	case measured && find(i.Measure) == nil:
		return fmt.Errorf("measure %q is none", i.Measure)
	case (i.Test == Findings) != (len(i.Rules) > 0):
		return errors.New("rules belong to a test of findings, and to no other")
	case i.Absent != "" && (i.Test != Findings || find(i.Absent) == nil):
		return errors.New("what may be absent is a measure, for a test of findings")
	case i.Where != "" && find(i.Where) == nil:
		return fmt.Errorf("where: measure %q is none", i.Where)
	case (i.Test == Among) != (len(i.Wants) > 0):
		return errors.New("what is wanted belongs to a test of what is among it, and to no other")
	case i.Test != Ask && i.Fix == "":
		return errors.New("no fix")
	case i.Test == Below && i.Good > i.Bad, i.Test == Above && i.Good < i.Bad:
		return errors.New("good and bad are the wrong way round")
	}
	for product, m := range i.Marks {
		if i.Test == Below && m.Good > m.Bad || i.Test == Above && m.Good < m.Bad || !strings.Contains(m.Source, "https://") {
			return fmt.Errorf("marks of %s: good and bad are the wrong way round, or the source is no public page", product)
		}
	}
	return nil
}
