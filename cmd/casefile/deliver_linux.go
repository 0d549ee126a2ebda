package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"casefile/bundle"
	"casefile/bundle/send"
)

// deliver sends the bundle, and removes older ones. The bundle stays where it is.
func (c *captured) deliver(ctx context.Context, u *ui, o *collectOptions, to send.Target) error {
	if o.retain.wanted() && bundle.Format(o.format) != bundle.Dir {
		removed, err := o.retain.clean(o.out, time.Now())
		for _, name := range removed {
			fmt.Fprintf(u.err, "removed %s (--retain %s)\n", name, o.retain.String())
		}
		if err != nil {
			fmt.Fprintf(u.err, "casefile: error: --retain: %v\n", err)
		}
	}
	switch {
	case to == nil:
		return nil
	case ctx.Err() != nil:
		return &exit{code: exitInterrupted, err: errors.New("interrupted before it was sent"), hint: resendHint(c.files)}
	case len(c.leaks) > 0 || c.checked != nil:
		return hinted(errors.New("not sent: what looks like a secret or a name stands above"), resendHint(c.files)+", if that is none")
	case c.closeErr != nil:
		return hinted(errors.New("not sent: the bundle is not whole"), resendHint(c.files))
	}
	if st, err := os.Stat(c.files[0]); err == nil && st.IsDir() {
		return usage("--upload: a folder cannot be sent: choose --format tar.zst or zip")
	}
	err := sendAll(ctx, u, to, c.files)
	var e *exit
	if errors.As(err, &e) && e.code == exitFailed {
		e.code = exitGaps // there is a bundle
	}
	return err
}
