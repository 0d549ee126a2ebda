package goproc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"casefile/bundle/format/entries"
)

// explain puts the error of an exchange into words for the ledger: the reason,
// and what to do about it.
func explain(err error) (reason, fix string) {
	var no *refusal
	if errors.As(err, &no) {
		return explainRefusal(no)
	}
	for _, e := range failures {
		if e.is(err) {
			return strings.ReplaceAll(e.reason, "$", plain(err)), e.fix
		}
	}
	return plain(err), ""
}

// failures are the ways in which an exchange fails, most telling first; $ in the
// reason stands for the error's own text.
var failures = []struct {
	is          func(error) bool
	reason, fix string
}{
	{same(context.Canceled), "the capture was ended before the answer came", ""},
	{same(context.DeadlineExceeded), "$", "the service hangs or is overloaded: look at its goroutine dumps and CPU, and capture again"},
	{is[errTooLarge], "$", ""},
	{same(errRedirect), "the service sends casefile elsewhere ($), which is not followed", "name that address with --go if it is the service's own"},
	{same(errForeign), "$", "check that the address leads to the service itself, not to a login page or proxy"},
	{same(errNotPprof), "$", noPprofFix},
	{same(syscall.ECONNREFUSED), "nothing listens at the address", "check the address, and that the service runs"},
	{same(os.ErrPermission), "no right to reach it: $", "run casefile as root (an agent: with CAP_SYS_ADMIN), or name an address that this host reaches with --go"},
	{same(io.ErrUnexpectedEOF, io.EOF, syscall.ECONNRESET, syscall.EPIPE), "the service ended the connection in the middle of the answer",
		"see in its log whether it ended or restarted; a proxy may also cut long answers: use the service's own port"},
	{is[*net.DNSError], "the host name is not known: $", "check the name, or use the address in numbers"},
	{anyOf(is[*tls.CertificateVerificationError], is[x509.UnknownAuthorityError], is[tls.RecordHeaderError]), "TLS: $",
		"use the service's plain http port on loopback, or trust its authority on this host (SSL_CERT_FILE)"},
}

const (
	noPprofFix = `import _ "net/http/pprof" and serve it on loopback: go http.ListenAndServe("127.0.0.1:6060", nil)`
	mutexFix   = "call runtime.SetMutexProfileFraction(100) at the start of the service"
	blockFix   = "call runtime.SetBlockProfileRate(1_000_000) at the start of the service: one event a millisecond of blocking"
)

var (
	errForeign  = errors.New("the answer is not what net/http/pprof gives")
	errNotPprof = errors.New("net/http/pprof is not served there")
)

func same(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func anyOf(list ...func(error) bool) func(error) bool {
	return func(err error) bool {
		for _, f := range list {
			if f(err) {
				return true
			}
		}
		return false
	}
}

// refusals give the words for what a service answers instead: by status, or by
// what net/http/pprof says in the text.
var refusals = []struct {
	status      int
	text        string
	reason, fix string
}{
	{0, "cpu profiling already in use", "another CPU profile of the service is being taken", "stop that one (a continuous profiler?) for the capture, or use its data"},
	{0, "HTTP request to an HTTPS server", "the port speaks TLS", "write https:// in the address"},
	{http.StatusNotFound, "", "not served there (404)", noPprofFix},
	{http.StatusUnauthorized, "", "refused without credentials (401)", "give them in the address: --go http://user:password@host:port"},
	{http.StatusForbidden, "", "refused (403)", "use an address and credentials that the service admits"},
}

func explainRefusal(r *refusal) (reason, fix string) {
	for _, k := range refusals {
		if k.status == r.status || k.text != "" && strings.Contains(r.text, k.text) {
			return k.reason, k.fix
		}
	}
	return "the service " + r.Error(), "see the log of the service"
}

// causeOf is of what kind the reason is that explain gives: no answer within a request's deadline is the service's.
func causeOf(err error) entries.Cause {
	var no *refusal
	switch {
	case errors.As(err, &no), same(errRedirect, errForeign, errNotPprof)(err):
		return entries.Refused
	case same(context.DeadlineExceeded)(err):
		return entries.NoAnswer
	case is[errTooLarge](err):
		return entries.TooLarge
	case isRefused(err):
		return entries.Gone
	}
	return entries.CauseOf(err)
}

func plain(err error) string { return oneLine([]byte(err.Error())) }

// oneLine makes a text from outside fit for a line of the ledger.
func oneLine(b []byte) string {
	text := strings.ToValidUTF8(string(b[:min(len(b), 200)]), "?")
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
}
