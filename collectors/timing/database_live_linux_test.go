package timing

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"casefile/bundle/format/timing"
	"casefile/cmd/samples/live/livetest"
)

func TestPostgresLive(t *testing.T) {
	const password = "hunter2-hunter2"
	server := livetest.StartPostgres(t, password)
	url := fmt.Sprintf("jdbc:postgresql://%s/postgres?user=conf", server.Address)
	// measure ends when the server has said something often enough.
	measure := func(credential string, times int, says string) timing.Probe {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server.After(times, says, cancel)
		return probeOf(url, credential).run(ctx, time.Now().Add(time.Minute))[0]
	}

	r := measure("", 3, "connection received")
	if r.Tries == 0 || r.Failures > 0 || r.Step(timing.StepPing) == nil || r.Step(timing.StepQuery) != nil || r.Connections != nil {
		t.Errorf("without credential: %+v", r)
	}
	t.Setenv("CASEFILE_TEST_DB", password)
	// What the environment says to other programs is not for us.
	t.Setenv("PGHOST", "192.0.2.1")
	t.Setenv("PGPASSWORD", "wrong")
	t.Setenv("PGOPTIONS", "-c nonsense=1")
	r = measure("env:CASEFILE_TEST_DB", 3, "SELECT 1")
	if q := r.Step(timing.StepQuery); r.Failures > 0 || q == nil || q.Count != int64(r.Tries) || r.Step(timing.StepLogin).Count != 1 {
		t.Errorf("with credential: %+v", r)
	}
	if c := r.Connections; c == nil || c.Max != livetest.PostgresConnections || c.Reserved != livetest.PostgresReserved || c.Used < 1 || c.Used > 5 {
		t.Errorf("connections of the server: %+v", c)
	}
	if s := r.Settings; s[timing.SettingIsolation] != "read committed" || s[timing.SettingEncoding] == "" || s[timing.SettingCollation] != "C" {
		t.Errorf("settings of the database: %v", s)
	}
	t.Setenv("CASEFILE_TEST_DB", "not-"+password)
	r = probeOf(url, "env:CASEFILE_TEST_DB").run(t.Context(), time.Now().Add(3*time.Second))[0]
	if r.Failures == 0 || r.Failures != r.Tries || !strings.Contains(strings.Join(r.Errors, ""), "password authentication failed") || strings.Contains(strings.Join(r.Errors, ""), password) {
		t.Errorf("wrong password: %+v", r)
	}
}

func TestMariaDBSettings(t *testing.T) {
	const password = "hunter2-hunter2"
	server := livetest.StartMariaDB(t, "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\nCREATE USER conf@'127.0.0.1' IDENTIFIED BY '"+password+"';\n"+
		"GRANT SELECT ON shop.* TO conf@'127.0.0.1';\n", "--transaction-isolation=READ-COMMITTED")
	t.Setenv("CASEFILE_TEST_DB", password)
	r := probed(t, "jdbc:mariadb://"+server.Address+"/shop?user=conf", "env:CASEFILE_TEST_DB", func(r timing.Probe) bool { return r.Step(timing.StepQuery) != nil })
	want := map[string]string{timing.SettingIsolation: "READ-COMMITTED", timing.SettingEncoding: "utf8mb4", timing.SettingCollation: "utf8mb4_bin"}
	if !maps.Equal(r.Settings, want) {
		t.Errorf("%v, want %v (%v)", r.Settings, want, r.Errors)
	}
}
