package timing

import "time"

// Node is what one node measured on itself. Times are on its own clock.
type Node struct {
	Version   int       `json:"version"`
	Name      string    `json:"name"`
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended,omitzero"`
	Hiccups   *Hiccups  `json:"hiccups,omitempty"`
	Databases []Probe   `json:"databases,omitempty"`
	Storage   []Probe   `json:"storage,omitempty"`
	Names     []Probe   `json:"names,omitempty"`
	// Directories are servers of users.
	Directories []Probe `json:"directories,omitempty"`
	// Notes say what was not measured and why, for people.
	Notes []string `json:"notes,omitempty"`
}

// Hiccups is how late a thread woke up that asked for nothing but to be woken
// after each step: time in which the machine ran nobody of its priority (no CPU,
// a stopped virtual machine, a throttled cgroup).
type Hiccups struct {
	// StepMS is how long it slept, chosen so that the measuring stays cheap. A stall
	// shorter than this may fall between.
	StepMS float64 `json:"step_ms"`
	// Late is corrected for coordinated omission: a stall of 100 steps counts as the
	// 100 wakings it swallowed, as anybody who came by in it would have waited.
	Late Spread `json:"late"`
	// StallMS is the sum of the Stalls counted: wakings more than StallFromMS late.
	Stalls      int     `json:"stalls"`
	StallMS     float64 `json:"stall_ms"`
	StallFromMS float64 `json:"stall_from_ms"`
	// Worst are the longest, in order of time.
	Worst []Hiccup `json:"worst,omitempty"`
	// CPUPercent is what the measuring thread used of one CPU; less than 0: not known.
	CPUPercent float64 `json:"cpu_percent"`
	Limit      *Limit  `json:"threshold,omitempty"`
}

// Hiccup is one stall: the thread was due at At and ran LateMS after.
type Hiccup struct {
	At     time.Time `json:"at"`
	LateMS float64   `json:"late_ms"`
}

// Probe is the latency of one thing that a service depends on.
type Probe struct {
	// Target is the host:port, the folder or the name.
	Target string `json:"target"`
	// Kind is the kind of database ("postgresql", "mysql", ...) or storage ("shared-home", ...).
	Kind string `json:"kind,omitempty"`
	// Tries and Failures count rounds; a round ends at its first failure.
	Tries    int `json:"tries"`
	Failures int `json:"failures"`
	// Steps are the parts of a round in order.
	Steps []Timed `json:"steps,omitempty"`
	// Rate is operations a second where many are done in a row: creating, asking for
	// and removing empty files.
	Rate float64 `json:"metadata_per_second,omitempty"`
	// Connections are those of a database that was logged in to.
	Connections *Connections `json:"connections,omitempty"`
	// Settings are what such a database says of itself, by the names of SettingNames, in its own words.
	Settings map[string]string `json:"settings,omitempty"`
	// Errors are the first different ones, without secrets.
	Errors []string `json:"errors,omitempty"`
	// Stuck is what did not come back at all, and since when.
	Stuck string `json:"stuck,omitempty"`
	// Refused is why nothing was tried.
	Refused string `json:"refused,omitempty"`
	// Note says how to read it.
	Note  string `json:"note,omitempty"`
	Limit *Limit `json:"threshold,omitempty"`
}

// Connections is how many connections a database server takes, and has.
type Connections struct {
	// Max is the server's limit; Reserved of them are kept for its administrators.
	Max      int `json:"max"`
	Reserved int `json:"reserved,omitempty"`
	// Used is how many were open when it was asked, of all clients and this one.
	Used int `json:"used"`
}

// Room is how many connections services may have together.
func (c Connections) Room() int { return max(0, c.Max-c.Reserved) }

// Names of settings of a database: what new transactions see of others, and how text is stored and sorted.
const (
	SettingIsolation = "isolation"
	SettingEncoding  = "encoding"
	SettingCollation = "collation"
)

// SettingNames returns all of them.
func SettingNames() []string { return []string{SettingIsolation, SettingEncoding, SettingCollation} }

// Step returns the part of a name; nil: not measured.
func (p *Probe) Step(name string) *Timed {
	for i := range p.Steps {
		if p.Steps[i].Name == name {
			return &p.Steps[i]
		}
	}
	return nil
}

// Timed is how long one part took, over all rounds.
type Timed struct {
	Name string `json:"name"`
	Spread
	// FirstMS is that of the first round, before anything is cached.
	FirstMS float64 `json:"first_ms"`
}

// Names of parts.
const (
	StepConnect = "connect" // TCP handshake
	StepPing    = "ping"    // first answer of the protocol, no login
	StepQuery   = "query"   // SELECT 1 on a connection that is open
	StepLogin   = "login"   // connect and authenticate
	StepCreate  = "create"
	StepWrite   = "write" // 4 KiB
	StepSync    = "fsync"
	StepDurable = "create+write+fsync" // what a service waits for that must not lose a file
	StepStat    = "stat"
	StepRead    = "read" // of what was just written: from the cache on most systems
	StepRename  = "rename"
	StepLock    = "lock" // of a whole file, as fcntl(2) locks it, once
	StepDelete  = "delete"
	StepLookup  = "lookup"
	StepSearch  = "connect+search" // of what a directory says about itself, with TLS for ldaps
)
