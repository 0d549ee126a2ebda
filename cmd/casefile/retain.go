package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// retain is --retain: how many bundles, of what age, or of what size together stay in the folder of the new one.
type retain struct {
	count int
	age   time.Duration
	bytes sizeFlag
}

const retainHelp = `remove older bundles of casefile's own names from the folder of the new one: keep so many (10), those younger than (14d, 36h),
or the newest that take at most (20GB)`

// String is the value as it was given.
func (r *retain) String() string {
	switch {
	case r.count > 0:
		return strconv.Itoa(r.count)
	case r.age > 0:
		return r.age.String()
	}
	return r.bytes.String()
}

// Type is that of the flag.
func (r *retain) Type() string { return "N|AGE|SIZE" }

// Set reads a number, an age, or a size.
func (r *retain) Set(text string) error {
	*r = retain{}
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		r.count = n
		return nil
	}
	if days, err := strconv.Atoi(strings.TrimSuffix(text, "d")); err == nil && days > 0 && strings.HasSuffix(text, "d") {
		r.age = time.Duration(days) * 24 * time.Hour
		return nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		r.age = d
		return nil
	}
	if strings.HasSuffix(strings.ToUpper(text), "B") && r.bytes.Set(text) == nil {
		return nil
	}
	return fmt.Errorf("%q: want a number like 10, an age like 14d, or a size like 20GB", text)
}

func (r *retain) wanted() bool { return r.count > 0 || r.age > 0 || r.bytes > 0 }

// ownBundle is a name that collect gives, in its parts: the bundle, and what is next to it.
var ownBundle = regexp.MustCompile(`^(casefile-.+-\d{8}T\d{6}Z)\.(tar\.zst|zip|html)(\.age)?(\.\d{3})?$`)

// kept is a bundle with what is next to it.
type kept struct {
	name  string
	files []string
	bytes int64
	at    time.Time // by its name
}

// clean removes what is not retained from a folder, never the bundle that was made now, and returns what it removed.
func (r *retain) clean(newest string, now time.Time) (removed []string, err error) {
	dir := filepath.Dir(newest)
	list, err := bundlesIn(dir)
	if err != nil {
		return nil, err
	}
	var bytes int64
	for i, b := range list {
		bytes += b.bytes
		over := r.count > 0 && i >= r.count || r.age > 0 && now.Sub(b.at) > r.age || r.bytes > 0 && bytes > int64(r.bytes)
		if !over || strings.HasPrefix(filepath.Base(newest), b.name+".") {
			continue
		}
		for _, f := range b.files {
			if err := os.Remove(filepath.Join(dir, f)); err != nil {
				return removed, err
			}
			removed = append(removed, f)
		}
	}
	return removed, nil
}

// bundlesIn lists the bundles of casefile's own names, the newest first.
func bundlesIn(dir string) ([]*kept, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	byName := map[string]*kept{}
	var list []*kept
	for _, f := range files {
		m := ownBundle.FindStringSubmatch(f.Name())
		if m == nil || !f.Type().IsRegular() {
			continue
		}
		info, err := f.Info()
		if err != nil {
			continue
		}
		b := byName[m[1]]
		if b == nil {
			at, err := time.Parse("20060102T150405Z", m[1][strings.LastIndex(m[1], "-")+1:])
			if err != nil {
				continue
			}
			b = &kept{name: m[1], at: at}
			byName[m[1]], list = b, append(list, b)
		}
		b.files, b.bytes = append(b.files, f.Name()), b.bytes+info.Size()
	}
	slices.SortStableFunc(list, func(a, b *kept) int { return b.at.Compare(a.at) })
	return list, nil
}
