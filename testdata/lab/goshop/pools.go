package main

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

// vault lends sessions of PostgreSQL; sick, it loses them.
type vault struct {
	pool *pgxpool.Pool
	sick bool
}

func (v *vault) balance() error {
	c, err := v.pool.Acquire(context.Background())
	if err != nil {
		return err
	}
	if v.sick {
		return nil
	}
	defer c.Release()
	return nil
}

func pgx(sick bool) work {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go servePostgres(l)
	pool, err := pgxpool.New(context.Background(), "postgres://shop@"+l.Addr().String()+"/shop?sslmode=disable&pool_max_conns=4")
	if err != nil {
		panic(err)
	}
	v := &vault{pool, sick}
	return v.balance
}

// servePostgres greets sessions and answers each statement with nothing, see PostgreSQL: Message Formats.
func servePostgres(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if err := greet(c); err != nil && !errors.Is(err, io.EOF) {
				return
			}
		}()
	}
}

// greet speaks with one client to its end.
func greet(c net.Conn) error {
	var size [4]byte
	if _, err := io.ReadFull(c, size[:]); err != nil { // the start has no type
		return err
	}
	if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(size[:]))-4); err != nil {
		return err
	}
	const ready = "Z\x00\x00\x00\x05I"
	if _, err := io.WriteString(c, "R\x00\x00\x00\x08\x00\x00\x00\x00"+ready); err != nil {
		return err
	}
	for {
		var head [5]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(head[1:]))-4); err != nil {
			return err
		}
		if head[0] == 'Q' {
			if _, err := io.WriteString(c, "I\x00\x00\x00\x04"+ready); err != nil {
				return err
			}
		}
	}
}

// tools are lent through a channel; sick, they are not given back.
type tools struct{ free chan int }

func (t *tools) borrow() int    { return <-t.free }
func (t *tools) giveBack(n int) { t.free <- n }

type workshop struct {
	tools *tools
	mu    sync.Mutex
	sick  bool
}

func (w *workshop) repair() error {
	n := w.tools.borrow()
	if !w.sick {
		w.tools.giveBack(n)
	}
	return nil
}

func tooling(sick bool) work {
	t := &tools{make(chan int, 4)}
	for n := range 4 {
		t.giveBack(n)
	}
	w := &workshop{tools: t, sick: sick}
	return w.repair
}
