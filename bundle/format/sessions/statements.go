package sessions

import "time"

// Statements is what the statements of a server took from the first to the last look of a capture: the difference
// between two readings of the server's own statistics.
type Statements struct {
	Version int    `json:"version"`
	Server  Server `json:"server"`
	// Started and Ended are when the statistics were read.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	// Source is where they are from: "pg_stat_statements", "performance_schema".
	Source string   `json:"source"`
	Hidden []Hidden `json:"hidden,omitempty"`
	// Reset: the statistics were set to zero in between; the figures are those since then.
	Reset bool `json:"reset,omitempty"`
	// LeftOut counts statements that ran and are not listed: those with the least total time.
	LeftOut    int         `json:"left_out,omitempty"`
	Statements []Statement `json:"statements"` // most total time first
}

// Statement is one normalised statement and what it took between the two readings. What has not ended is not in it.
type Statement struct {
	Digest   string  `json:"digest,omitempty"`
	User     string  `json:"user,omitempty"`
	Database string  `json:"database,omitempty"`
	Text     string  `json:"text"`
	Cut      bool    `json:"cut,omitempty"` // the server keeps no more of it
	Calls    int64   `json:"calls"`
	TotalMS  float64 `json:"total_ms"`
	MeanMS   float64 `json:"mean_ms"` // TotalMS/Calls
	Rows     int64   `json:"rows"`    // returned or changed
	// Examined rows were read to find those (MySQL, MariaDB); LockMS is waited for table locks there.
	Examined int64   `json:"rows_examined,omitempty"`
	LockMS   float64 `json:"lock_ms,omitempty"`
	// BlocksRead are blocks of 8 KiB that were not in the server's cache (PostgreSQL).
	BlocksRead int64 `json:"blocks_read,omitempty"`

	// Line is that of the file that was read, from 1 on.
	Line int `json:"-"`
}
