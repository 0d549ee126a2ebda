package shelf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"casefile/analyze"
	"casefile/analyze/answer"
	"casefile/bundle/newfile"
)

// Summary is what a list shows of a capture.
type Summary struct {
	Kind     analyze.VerdictKind  `json:"kind"`
	Headline string               `json:"headline"`
	Verdict  string               `json:"verdict"`
	Case     string               `json:"case"`
	Cluster  string               `json:"cluster"`
	Started  time.Time            `json:"started"`
	Nodes    int                  `json:"nodes"`
	Worst    analyze.Severity     `json:"worst"`
	Findings []answer.FindingLine `json:"findings"`
	More     int                  `json:"more"`
	Failed   string               `json:"failed,omitempty"` // why it could not be read
}

func summaryOf(c *answer.Capture) Summary {
	o := c.Overview()
	list := c.Findings(answer.FindingsQuery{Limit: summaryFindings})
	s := Summary{Kind: o.Story.Scope.Verdict.Kind, Headline: answer.Text(o.Story.Headline, summaryText),
		Verdict: answer.Text(o.Story.Scope.Verdict.Text, summaryText), Case: answer.Text(c.Case.ID, 100),
		Cluster: answer.Text(c.Case.Cluster, 100), Started: c.Case.Started, Nodes: len(c.Case.Nodes), Worst: c.Result.Worst(),
		Findings: list.Findings, More: list.More}
	for i := range s.Findings {
		f := &s.Findings[i]
		f.Title, f.Impact, f.Subject = answer.Text(f.Title, summaryText), answer.Text(f.Impact, 200), answer.Text(f.Subject, 200)
		f.Nodes = f.Nodes[:min(len(f.Nodes), 20)]
		f.First = nil
	}
	return s
}

// Limits of what is remembered of a capture.
const (
	summaryFindings = 50
	summaryText     = 300
	maxCached       = 1 << 20 // bytes of a file
)

// Cache remembers summaries: in memory, and as files of their owner alone. What it holds of a capture counts as long as the
// capture's path, size and time of change are the same, and the same version of casefile asks. What was in a sealed capture
// is kept in memory only, and so is why one could not be read.
type Cache struct {
	dir     string // "": in memory only
	version string

	mu    sync.Mutex
	known map[string]Summary
}

// NewCache makes a cache in a folder, which is made when it is missing; "" keeps it in memory only.
func NewCache(dir, version string) (*Cache, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return &Cache{dir: dir, version: version, known: map[string]Summary{}}, nil
}

func (c *Cache) key(it Item) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d", c.version, it.Path, it.Size, it.ModTime.UnixNano()))
	return hex.EncodeToString(sum[:16])
}

func (c *Cache) file(key string) string { return filepath.Join(c.dir, key+".json") }

func (c *Cache) get(it Item) (Summary, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(it)
	if s, ok := c.known[key]; ok {
		return s, true
	}
	if c.dir == "" {
		return Summary{}, false
	}
	f, err := os.Open(c.file(key))
	if err != nil {
		return Summary{}, false
	}
	defer f.Close()
	var s Summary
	if json.NewDecoder(io.LimitReader(f, maxCached)).Decode(&s) != nil {
		return Summary{}, false // it is made anew
	}
	c.known[key] = s
	return s, true
}

func (c *Cache) put(it Item, s Summary) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(it)
	c.known[key] = s
	if c.dir == "" || it.Sealed || s.Failed != "" {
		return nil
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return newfile.Write(c.file(key), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
