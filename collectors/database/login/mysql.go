package login

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"casefile/bundle/format/jdbc"
)

type mysqlConn struct {
	conn driver.Conn
	dial *dialer
}

func openMySQL(ctx context.Context, e jdbc.Endpoint, address string, c *Credential) (Conn, error) {
	host, _, err := splitPort(address)
	if err != nil {
		return nil, err
	}
	conf := mysql.NewConfig()
	conf.Net, conf.Addr, conf.User, conf.Passwd, conf.DBName = "tcp", address, c.User, c.Password, e.Database
	conf.Timeout, conf.ReadTimeout, conf.WriteTimeout = Limit, Limit, Limit
	conf.ConnectionAttributes = "program_name:" + ApplicationName
	conf.Logger = &mysql.NopLogger{} // its own goes to the terminal
	conf.TLS = tlsFor(e, host)
	conf.AllowFallbackToPlaintext = e.TLS == ""
	d := &dialer{}
	conf.DialFunc = d.dial
	connector, err := mysql.NewConnector(conf)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	d.done.Store(true)
	if err != nil {
		d.close()
		return nil, err
	}
	return &mysqlConn{conn, d}, nil
}

func (m *mysqlConn) Query(ctx context.Context, sql string) ([][]string, error) {
	q, able := m.conn.(driver.QueryerContext)
	if !able {
		return nil, errors.ErrUnsupported
	}
	rows, err := q.QueryContext(ctx, sql, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]string
	values := make([]driver.Value, len(rows.Columns()))
	for size := 0; size <= MaxAnswer; {
		if err := rows.Next(values); err != nil {
			if errors.Is(err, io.EOF) {
				return out, nil
			}
			return nil, err
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = valueText(v)
			size += len(row[i]) + wordBytes
		}
		out = append(out, row)
	}
	m.dial.close()
	return nil, errTooLarge
}

func valueText(v driver.Value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

func (m *mysqlConn) Local() string {
	if m.dial.last == nil {
		return ""
	}
	return m.dial.last.LocalAddr().String()
}

func (m *mysqlConn) Close() {
	if m.dial.last != nil {
		_ = m.dial.last.SetDeadline(time.Now().Add(goodbye))
	}
	m.conn.Close()
	m.dial.close()
}
