package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"casefile/bundle/format/entries"
	"casefile/collectors/database/login"
)

// refusal is what an error means for an admin.
type refusal struct {
	cause       entries.Cause
	reason, fix string
}

const (
	fixPassword = "put the role's password where the credential of this database points (cluster.yaml, or the application's own configuration)"
	fixServer   = "look at the server itself: it hangs, is stopped or overloaded"
	fixRoom     = "end sessions that nobody needs, or raise the server's limit of connections"
)

// refusals explains codes of servers. %s is the address.
var refusals = map[string]refusal{
	"28P01": {entries.NotPermitted, "%s refuses the password of the role, or has no such role", fixPassword},
	"28000": {entries.NotPermitted, "%s does not let the role log in from this node", "a line in pg_hba.conf for this role and node"},
	"3D000": {entries.NotThere, "there is no such database at %s", "name the database in the URL in cluster.yaml"},
	"53300": {entries.Refused, "%s has no connection left", fixRoom},
	"57P03": {entries.Refused, "%s is starting up or shutting down", ""},
	"57P01": {entries.Gone, "%s ended the session", "its log says who did that"},
	"57014": {entries.TimedOut, "%s gave the look up after 1 s: it is too busy, or has too many sessions and locks", fixServer},
	"55P03": {entries.TimedOut, "%s: a system table is locked, by VACUUM FULL for one", "wait until that has ended"},
	"42501": {entries.NotPermitted, "%s: the role may not see its own statistics", "GRANT pg_monitor TO the role"},
	"1045":  {entries.NotPermitted, "%s refuses the password of the role, or the role from this node", fixPassword},
	"1698":  {entries.NotPermitted, "%s wants the role to log in another way than with a password", "a user with a password"},
	"1040":  {entries.Refused, "%s has no connection left", fixRoom},
	"1203":  {entries.Refused, "the role has no connection left at %s", fixRoom},
	"1129":  {entries.Refused, "%s has blocked this node after too many broken connections", "FLUSH HOSTS"},
	"1130":  {entries.NotPermitted, "%s does not let this node log in", "CREATE USER for this node"},
	"1049":  {entries.NotThere, "there is no such database at %s", "name the database in the URL in cluster.yaml"},
	"1969":  {entries.TimedOut, "%s gave the look up after 1 s", fixServer},
	"3024":  {entries.TimedOut, "%s gave the look up after 1 s", fixServer},
	"1205":  {entries.TimedOut, "%s: a table of its own is locked", fixServer},
}

// explain says in words what an error means.
func explain(err error, t login.Target, address string) refusal {
	err = t.Credential.Hide(err)
	if r, known := refusals[login.Code(err)]; known {
		r.reason = fmt.Sprintf(r.reason, address)
		return r
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return refusal{entries.NoAnswer, address + " did not answer in time", fixServer}
	case errors.Is(err, syscall.ECONNREFUSED):
		return refusal{entries.Refused, "nothing listens at " + address, "start the server, or correct the address in cluster.yaml"}
	}
	return refusal{entries.CauseOf(err), address + ": " + err.Error(), ""}
}
