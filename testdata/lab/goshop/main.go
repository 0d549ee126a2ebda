// Command goshop is a Go service with one planted problem, or its healthy twin: goshop FAULT sick|healthy. It prints
// "port N" when it serves, with net/http/pprof on the same port.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
)

// work is what one request does.
type work func() error

func main() {
	if len(os.Args) != 3 || faults[os.Args[1]] == nil {
		log.Fatal("usage: goshop FAULT sick|healthy")
	}
	serve := faults[os.Args[1]](os.Args[2] == "sick")
	http.HandleFunc("/shop/", func(w http.ResponseWriter, _ *http.Request) {
		if err := serve(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, "done")
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("port", l.Addr().(*net.TCPAddr).Port)
	go func() { // the end of the input is the end of the program
		io.Copy(io.Discard, bufio.NewReader(os.Stdin))
		os.Exit(0)
	}()
	log.Fatal(http.Serve(l, nil))
}
