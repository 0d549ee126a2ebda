package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"

	"casefile/cmd/samples/service"
)

// serviceVerb is the hidden verb under which this program is a sample service.
const serviceVerb = "sample-service"

func newService(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:    serviceVerb + " PROBLEM",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return service.Run(cmd.Context(), service.Options{Addr: "127.0.0.1:0", Problem: args[0]}, func(url string) { fmt.Fprintln(u.out, "ready", url) })
		},
	}
}

// startService runs this program as a sample service and waits until it serves.
func startService(ctx context.Context, problem string) (pid int, stop func(), err error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", serviceVerb, problem)
	cmd.Args[0] = os.Args[0]
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), "CASEFILE_CONFIG=/dev/null")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	if sc := bufio.NewScanner(out); sc.Scan() && ready(sc.Text()) {
		return cmd.Process.Pid, stop, nil
	}
	stop()
	return 0, nil, errNotReady
}
