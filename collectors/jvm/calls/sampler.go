package calls

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/waits"
	"casefile/collectors"
)

const (
	// listEvery is how often new threads are looked for.
	listEvery = time.Second
	// A thread that has not moved for a time is not looked at for a quarter of that, and for at most so many rounds.
	moveless    = 4
	mostSkipped = 8
	// mostFiles bounds the files that are held open, for each of which the kernel keeps a page, and openShare is their
	// part of what casefile may open. The second file of each thread is held where there are few threads.
	mostFiles  = 5000
	fewThreads = 1000
	openShare  = 8
)

// Sampler finds, again and again, the threads that are in calls on sockets and files. A thread that the kernel has not
// scheduled since the last look (/proc/PID/task/TID/schedstat counts its time slices) is in the same call for the same
// object still, so most of a round is one read a thread of a file that is held open; and a thread that has not moved for
// long is not looked at in every round.
type Sampler struct {
	r       *Reader
	threads []*thread
	known   map[int]bool // the threads' ids
	listed  time.Time
	files   int // that may still be opened and held
	buf     []byte
	rounds  pace
	tables  pace
	resolve time.Time // when the tables of sockets may be read again
	// everyone is looked at in this round.
	everyone bool
	*tally
}

// thread is what is known of a thread since it was last looked at.
type thread struct {
	nid  int64
	stat held // its schedstat
	now  held // its syscall
	ran  uint64
	// settled says that it was blocked when ran was read: while ran is the same, found is right.
	settled bool
	found        // its link is empty where it is in no call on a socket or a file
	at      *row // of found; nil: none yet, or it is not counted
	left    *row // where it was when it was seen to have moved, in this round
	// moved and seen are when it was last seen to have moved, and looked at; skipped counts the rounds since.
	moved, seen  time.Time
	skipped      int
	looked, gone bool
}

// held is a file of /proc that may be held open.
type held struct{ fd int }

var notHeld = held{-1}

// NewSampler begins to sample a process.
func NewSampler(r *Reader) *Sampler {
	s := &Sampler{r: r, known: map[int]bool{}, buf: make([]byte, maxLine), tally: newTally(),
		rounds: pace{period: period, share: roundShare, allowance: allowance},
		tables: pace{period: resolveEvery, share: resolveShare, allowance: allowance}}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		s.files = int(min(limit.Cur/openShare, mostFiles))
	}
	return s
}

// Run samples from a moment to another, or until ctx is done.
func (s *Sampler) Run(ctx context.Context, start, end time.Time) error {
	_, err := bounded(ctx, s.r, time.Until(end)+answerWithin, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.run(ctx, start, end)
	})
	return err
}

func (s *Sampler) run(ctx context.Context, start, end time.Time) (err error) {
	defer s.dropAll()
	for due := start; !due.After(end) && collectors.Wait(ctx, due); {
		if due, err = s.round(ctx, time.Now()); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	s.everyone = true // counts the rounds since each was looked at
	if _, err = s.round(ctx, time.Now()); err == nil {
		s.lookUp(time.Now())
		s.note(time.Now(), true)
	}
	return err
}

// round looks at the threads once and gives the moment of the next round.
func (s *Sampler) round(ctx context.Context, now time.Time) (next time.Time, err error) {
	cpu, err := threadCPU(func() error {
		if err := s.read(ctx, now); err != nil {
			return err
		}
		s.count(now)
		return nil
	})
	if err == nil && !now.Before(s.resolve) {
		s.lookUp(now)
	}
	if err == nil {
		s.note(now, false)
	}
	return s.rounds.next(now, cpu+wakeUp), err
}

// lookUp finds the sockets that are new in the tables of the namespace. What is in none stays a socket.
func (s *Sampler) lookUp(now time.Time) {
	missing := s.due(now)
	if len(missing) == 0 {
		return
	}
	found := Sockets{}
	cpu, _ := threadCPU(func() error {
		seen := time.Now()
		if err := s.r.find(missing, seen.Add(-tableLasts), found); err != nil { // what stood there for another process
			return err
		}
		return s.r.find(missing, seen, found)
	})
	s.learn(found, now)
	s.resolve = s.tables.next(now, cpu)
}

// Close lets go of the process.
func (s *Sampler) Close() error { return s.r.Close() }

// read brings the threads up to date. It may hang, so it touches nothing of the tally.
func (s *Sampler) read(ctx context.Context, now time.Time) error {
	if now.Sub(s.listed) >= listEvery {
		if err := s.list(now); err != nil {
			return err
		}
	}
	var refused error
	seen := 0
	for _, t := range s.threads {
		t.looked = ctx.Err() == nil && (s.everyone || t.skipped == mostSkipped || now.Sub(t.seen) >= t.seen.Sub(t.moved)/moveless)
		if !t.looked {
			t.skipped++
			seen++
			continue
		}
		switch err := s.look(t, now); {
		case errors.Is(err, fs.ErrPermission):
			refused = err
		case Gone(err):
			t.gone = true
		default:
			seen++
		}
	}
	s.threads = slices.DeleteFunc(s.threads, func(t *thread) bool {
		if t.gone {
			s.drop(t)
			delete(s.known, t.tid)
		}
		return t.gone
	})
	if seen == 0 && refused != nil {
		return refused
	}
	return nil
}

// count adds what was read to the tally. Of the rounds for which a thread was not looked at, it was where it is if it
// has not moved since, and for half of them each where it was and where it is if it has.
func (s *Sampler) count(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(now)
	for _, t := range s.threads {
		if !t.looked {
			continue
		}
		skipped := t.skipped
		t.skipped = 0
		if t.moved.Equal(now) {
			if t.left != nil {
				t.left.Count += skipped / 2
			}
			skipped -= skipped / 2
		}
		t.left = nil
		if t.link == "" {
			continue
		}
		if t.at == nil {
			t.at = s.at(t)
		}
		if t.at != nil {
			s.see(t.at, 1+skipped)
		}
	}
}

// list finds threads that are new.
func (s *Sampler) list(now time.Time) error {
	tids, err := s.r.tids()
	if err != nil {
		return err
	}
	if s.listed.IsZero() {
		s.rounds.allowance += time.Duration(len(tids)) * allowanceEach
	}
	s.listed = now
	for _, tid := range tids {
		if !s.known[tid] && len(s.threads) < waits.MaxThreads {
			s.known[tid] = true
			s.threads = append(s.threads, &thread{found: found{tid: tid}, nid: s.r.nid(tid), stat: notHeld, now: notHeld})
		}
	}
	return nil
}

// look brings a thread up to date.
func (s *Sampler) look(t *thread, now time.Time) error {
	t.seen = now
	ran, counted := s.ran(t)
	if counted && t.settled && ran == t.ran {
		return nil
	}
	t.left, t.ran, t.settled, t.moved, t.at, t.link = t.at, ran, false, now, nil, ""
	line, err := s.readHeld(t, &t.now, "syscall")
	if err != nil {
		return err
	}
	c, ok := parse(line)
	if !ok {
		return nil
	}
	t.settled = counted && c.name != waits.Running
	t.call = c
	s.r.complete(&t.found)
	if o, _ := objectOf(t.link, nil); !sampled[o.Kind] {
		t.link = ""
	}
	return nil
}

// ran is how many time slices the thread has had; false: the kernel does not count them.
//
//	12311751 4152451 15
func (s *Sampler) ran(t *thread) (slices uint64, ok bool) {
	text, err := s.readHeld(t, &t.stat, "schedstat")
	if err != nil {
		return 0, false
	}
	fields, digits := 0, false
	for _, b := range text { // strings.Fields would allocate, ten times a second a thread
		switch {
		case b == ' ':
			fields++
		case b >= '0' && b <= '9' && fields == 2:
			slices, digits = slices*10+uint64(b-'0'), true
		}
	}
	return slices, digits && slices > 0
}

// readHeld reads a file of a thread, which stays open where there is room for that.
func (s *Sampler) readHeld(t *thread, h *held, name string) ([]byte, error) {
	if h.fd < 0 {
		path := "task/" + strconv.Itoa(t.tid) + "/" + name
		if s.files <= 0 || h == &t.now && len(s.threads) > fewThreads {
			return s.r.read(path, s.buf)
		}
		fd, err := unix.Openat(int(s.r.dir.Fd()), path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		h.fd = fd
		s.files--
	}
	n, err := unix.Pread(h.fd, s.buf, 0)
	return s.buf[:max(n, 0)], err
}

func (s *Sampler) dropAll() {
	for _, t := range s.threads {
		s.drop(t)
	}
}

// drop closes what is held of a thread.
func (s *Sampler) drop(t *thread) {
	for _, h := range []*held{&t.stat, &t.now} {
		if h.fd >= 0 {
			unix.Close(h.fd)
			h.fd = -1
			s.files++
		}
	}
}
