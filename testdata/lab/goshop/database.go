package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
)

// slow is a database whose server answers after it has closed the connection, or at once.
type slow struct{ addr string }

func (s slow) Open(string) (driver.Conn, error) { return session(s), nil }

type session struct{ addr string }

func (session) Prepare(string) (driver.Stmt, error) { return nil, errors.New("not prepared") }
func (session) Close() error                        { return nil }
func (session) Begin() (driver.Tx, error)           { return nil, errors.New("no transactions") }

// QueryContext waits for the server's answer.
func (s session) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_, err = io.ReadAll(c)
	return none{}, err
}

// none are no rows.
type none struct{}

func (none) Columns() []string         { return nil }
func (none) Close() error              { return nil }
func (none) Next([]driver.Value) error { return io.EOF }

// orders are read from the database.
type orders struct{ db *sql.DB }

func (o *orders) list() error {
	rows, err := o.db.Query("select n from orders")
	if err != nil {
		return err
	}
	return rows.Close()
}

func pool(sick bool) work {
	sql.Register("slow", slow{peer(sick, "rows")})
	db, err := sql.Open("slow", "")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(choose(sick, 2, 40))
	o := &orders{db}
	return o.list
}
