package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/send"
)

// sending is --upload and where its credentials are.
type sending struct{ to, credentials string }

const uploadHelp = `where to: s3://BUCKET/PREFIX/[?endpoint=https://HOST&region=R], sftp://USER@HOST/FOLDER, https://HOST/PATH (PUT; a path
that ends in / is a folder), post+https://HOST/PATH, webdavs://HOST/FOLDER/, or @FILE with such a URL, for one that is a secret itself`

func (s *sending) flags(f *pflag.FlagSet, what string) {
	f.StringVar(&s.to, "upload", "", what+uploadHelp)
	f.StringVar(&s.credentials, "upload-credentials", "", "file of mode 600 with token:, or user: and password:, for https and webdavs (default: "+
		send.EnvToken+", or "+send.EnvUser+" and "+send.EnvPassword+"); S3 takes those of the AWS tools, sftp those of ssh")
}

// target checks all that can be known before anything is sent; nil: nothing is to be sent.
func (s *sending) target() (send.Target, error) {
	if s.to == "" {
		return nil, nil
	}
	c, err := send.ReadCredentials(s.credentials, os.Getenv)
	if err != nil {
		return nil, usage("--upload-credentials: %w", err)
	}
	t, err := send.Parse(s.to, c)
	if err != nil {
		return nil, usage("--upload: %w", err)
	}
	return t, nil
}

func newSend(u *ui) *cobra.Command {
	var s sending
	cmd := &cobra.Command{
		Use:   "send BUNDLE...",
		Short: "Deliver bundles to S3, by SFTP, HTTPS or WebDAV",
		Long: `Sends bundles as they are; of one in parts, given by its name or its first part, all
parts. What was interrupted goes on where it ended when it is sent again: on S3 after
the parts that are there, by SFTP after the bytes that are there and are the same, to
WebDAV where the server takes a Content-Range; a PUT or POST begins anew. Nothing is
removed here.

Exit codes: 0 all sent; 1 not all; 2 usage; 130 interrupted.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := s.target()
			if err != nil {
				return err
			}
			if t == nil {
				return usage("--upload says where to")
			}
			var files []string
			for _, a := range args {
				parts, err := bundle.SplitParts(a)
				if err != nil {
					return err
				}
				files = append(files, parts...)
			}
			return sendAll(cmd.Context(), u, t, files)
		},
	}
	s.flags(cmd.Flags(), "")
	return cmd
}

// sendAll sends files one after the other, and goes on after one that could not be sent.
func sendAll(ctx context.Context, u *ui, t send.Target, files []string) error {
	var failed []string
	for _, name := range files {
		show := newSendProgress(u, name)
		err := send.Send(ctx, t, name, show.sent)
		if ctx.Err() != nil {
			return &exit{code: exitInterrupted, err: err, hint: resendHint(files)}
		}
		if err != nil {
			fmt.Fprintf(u.err, "casefile: error: %s\n", report.Plain(err.Error()))
			failed = append(failed, name)
			continue
		}
		fmt.Fprintf(u.err, "sent %s to %s: %s\n", name, report.Plain(t.String()), bytesText(show.size))
	}
	if len(failed) > 0 {
		return hinted(fmt.Errorf("%d of %d files were not sent", len(failed), len(files)), resendHint(failed))
	}
	return nil
}

func resendHint(files []string) string {
	return "casefile send " + strings.Join(files, " ") + " --upload ... goes on where it ended"
}

// sendProgress is a line that says how far a file is: on a terminal rewritten, otherwise one every ten seconds.
type sendProgress struct {
	out  io.Writer
	name string
	size int64
	tty  bool
	last time.Time
}

func newSendProgress(u *ui, name string) *sendProgress {
	p := &sendProgress{out: u.err, name: name, tty: isTerminal(u.err), last: time.Now()}
	if st, err := os.Stat(name); err == nil {
		p.size = st.Size()
	}
	return p
}

func (p *sendProgress) sent(n int64) {
	every := 10 * time.Second
	if p.tty {
		every = 200 * time.Millisecond
	}
	if time.Since(p.last) < every {
		return
	}
	p.last = time.Now()
	line := fmt.Sprintf("sending %s: %s of %s (%d %%)", p.name, bytesText(n), bytesText(p.size), n*100/max(p.size, 1))
	if p.tty {
		fmt.Fprintf(p.out, "\r%s\x1b[K", line)
		return
	}
	fmt.Fprintln(p.out, line)
}
