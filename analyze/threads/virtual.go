package threads

import "fmt"

// AddVirtual adds the virtual threads of a list (Thread.dump_to_file) that was written beside the dump. One that the dump shows itself, on
// its carrier, stays as it is there, and gets its name; one of which the dump shows only the carrier gets it. Those without a name are
// called by their number: "virtual #65".
func (d *Dump) AddVirtual(list *Dump) {
	shown, carriers := map[int64]*Thread{}, map[int64]*Thread{}
	for _, t := range d.Threads {
		if t.Virtual {
			shown[t.Num] = t
		}
		if t.Mounted != 0 {
			carriers[t.Mounted] = t
		}
	}
	for _, t := range list.Threads {
		if !t.Virtual {
			continue
		}
		if t.Name == "" {
			named := *t.Identity // which others share
			named.Name = fmt.Sprintf("virtual #%d", t.Num)
			t.Identity = &named
		}
		if there := shown[t.Num]; there != nil {
			there.Identity = t.Identity
			continue
		}
		t.added, t.Carrier = true, carriers[t.Num]
		d.Threads = append(d.Threads, t)
	}
	d.Virtual = list
	d.DroppedThreads += list.DroppedThreads
}

// SourceOf is the file that a thread of the dump stands in.
func (d *Dump) SourceOf(t *Thread) string {
	if t.added {
		return d.Virtual.Source
	}
	return d.Source
}
