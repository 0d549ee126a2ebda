package checklist

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Verdicts are what people may answer to an item: that it is so, that it is not, that it does not apply. Words may follow after a colon or a space.
var verdicts = []struct {
	words []string
	state State
	says  string
}{
	{[]string{"not ok", "not-ok", "no"}, NotOK, "not ok"},
	{[]string{"n/a"}, OK, "does not apply"},
	{[]string{"ok", "yes"}, OK, "ok"},
}

// ErrVerdict is an answer to an item that is none.
var ErrVerdict = errors.New(`want "ok", "not ok" or "n/a", and words after a colon if you like`)

// IsItem reports whether a key is the id of an item.
func IsItem(key string) bool {
	items, err := Items()
	return err == nil && slices.ContainsFunc(items, func(i *Item) bool { return i.ID == key })
}

// verdict reads what people say of an item.
func verdict(text string) (state State, value string, err error) {
	text = strings.TrimSpace(text)
	for _, v := range verdicts {
		for _, w := range v.words {
			if len(text) < len(w) || !strings.EqualFold(text[:len(w)], w) {
				continue
			}
			switch rest := text[len(w):]; {
			case rest == "":
				return v.state, v.says, nil
			case strings.ContainsAny(rest[:1], " :,;\t"):
				return v.state, v.says + ": " + strings.Trim(rest, " :,;\t"), nil
			}
		}
	}
	return "", "", ErrVerdict
}

// Verdict reports what is wrong with an answer to an item.
func Verdict(text string) error {
	_, _, err := verdict(text)
	return err
}

// Tell gives the answers of people, by the ids of items, where the capture has none. What was measured stands.
func (l *List) Tell(answers map[string]string) error {
	for i := range l.Answers {
		a := &l.Answers[i]
		text, told := answers[a.ID]
		if !told || a.State != NotKnown {
			continue
		}
		state, value, err := verdict(text)
		if err != nil {
			return fmt.Errorf("%s=%s: %w", a.ID, text, err)
		}
		a.State, a.Value, a.Nodes, a.At, a.Told = state, value+" (told by people, not measured)", nil, nil, true
	}
	return nil
}
