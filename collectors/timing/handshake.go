package timing

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"casefile/bundle/format/jdbc"
)

// A ping asks a database server something that every client asks before it logs in,
// and goes. What it says of the server goes into no log of PostgreSQL's; MySQL counts
// it, see visits.
type ping func(conn net.Conn) error

var pings = map[string]ping{jdbc.PostgreSQL: pingPostgres, jdbc.MySQL: pingMySQL, jdbc.MariaDB: pingMySQL}

// pingPostgres sends an SSLRequest; the server answers with one byte:
// https://www.postgresql.org/docs/current/protocol-message-formats.html
func pingPostgres(conn net.Conn) error {
	var b [8]byte
	binary.BigEndian.PutUint32(b[:], 8)
	binary.BigEndian.PutUint32(b[4:], 80877103)
	if _, err := conn.Write(b[:]); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	return postgresAnswer(answer[0])
}

func postgresAnswer(b byte) error {
	switch b {
	case 'S', 'N':
		return nil
	case 'E':
		return errors.New("PostgreSQL answered with an error: too many connections, or starting up")
	}
	return fmt.Errorf("answer 0x%02x is not PostgreSQL's", b)
}

// maxHandshake is the size of a MySQL greeting that is believed.
const maxHandshake = 4096

// pingMySQL reads the greeting that the server sends first.
func pingMySQL(conn net.Conn) error {
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if n == 0 || n > maxHandshake {
		return fmt.Errorf("greeting of %d bytes is not MySQL's", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	_, err := parseGreeting(body)
	return err
}

// parseGreeting returns the server's version:
// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
func parseGreeting(body []byte) (version string, err error) {
	if len(body) == 0 {
		return "", errors.New("empty greeting")
	}
	switch body[0] {
	case 0xff:
		code := 0
		if len(body) >= 3 {
			code = int(binary.LittleEndian.Uint16(body[1:]))
		}
		return "", mysqlRefusal(code)
	case 9, 10:
		for i, c := range body[1:] {
			if c == 0 {
				return string(body[1 : 1+i]), nil
			}
		}
	}
	return "", errors.New("greeting is not MySQL's")
}

// mysqlRefusal explains the errors a server may greet with.
func mysqlRefusal(code int) error {
	switch code {
	case 1040:
		return errors.New("MySQL error 1040: too many connections")
	case 1129:
		return errors.New("MySQL error 1129: this host is blocked after too many broken connections (mysqladmin flush-hosts)")
	case 1130:
		return errors.New("MySQL error 1130: this host may not connect")
	}
	return fmt.Errorf("MySQL error %d", code)
}

// knock connects, pings where the kind of server is known, and goes.
func knock(ctx context.Context, address string, p ping) (connect, answer time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, databaseLimit)
	defer cancel()
	var d net.Dialer
	from := time.Now()
	conn, err := d.DialContext(ctx, "tcp", address)
	connect = time.Since(from)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	if p == nil {
		return connect, 0, nil
	}
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	from = time.Now()
	if err := p(conn); err != nil {
		return connect, 0, fmt.Errorf("after connecting: %w", plain(err))
	}
	return connect, time.Since(from), nil
}

// plain drops the port that was drawn for one connection, so that equal failures
// read alike.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op == err {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}
