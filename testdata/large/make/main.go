// Command make writes evidence of four nodes into a folder: make DIR MEGABYTES.
package main

import (
	"fmt"
	"os"
	"strconv"

	"casefile/testdata/large"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "make:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want a folder and a number of megabytes")
	}
	size, err := strconv.ParseInt(args[1], 10, 32)
	if err != nil {
		return err
	}
	return large.Case(args[0], size<<20)
}
