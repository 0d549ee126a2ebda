package login

import (
	"errors"
	"strconv"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// Code is the SQLSTATE or the error number with which the server itself refused; "" for an error that is none of the server's.
func Code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return strconv.Itoa(int(my.Number))
	}
	return ""
}

// rejected are the codes of a login that a further attempt would only repeat: each may count against an account.
var rejected = map[string]bool{
	"28P01": true, // PostgreSQL: wrong password
	"28000": true, // not admitted by pg_hba.conf, or no such role
	"3D000": true, // no such database
	"1045":  true, // MySQL: access denied
	"1044":  true, // not to this database
	"1049":  true, // no such database
	"1698":  true, // access denied, another way of logging in is asked for
	"3118":  true, // account locked
	"3955":  true, // account blocked for a while
	"4151":  true, // MariaDB: account locked
}

// Rejected reports whether the server knows who asks and will not have it: trying again is of no use.
func Rejected(err error) bool { return rejected[Code(err)] }
