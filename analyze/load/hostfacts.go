package load

import (
	"fmt"
	"io"
	"io/fs"

	"casefile/analyze/host"
)

// maxHostEntry bounds one file of the host; its series is the largest.
const maxHostEntry = 64 << 20

func (b *builder) keepHost(n *nodeParts, name string, body io.Reader) error {
	content, err := b.atMost(maxHostEntry, name, body)
	if err == nil {
		n.host[name] = content
		n.names = append(n.names, name)
	}
	return err
}

// finishHost makes the facts of a node out of its files.
func (b *builder) finishHost(n *nodeParts) {
	if len(n.names) == 0 {
		return
	}
	facts, errs := host.Load(func(name string) ([]byte, error) {
		if content, ok := n.host[name]; ok {
			return content, nil
		}
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}, n.names)
	n.Host = facts
	for _, err := range errs {
		b.problem("%v", err)
	}
}
