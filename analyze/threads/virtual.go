package threads

import "strconv"

// AddVirtual adds the virtual threads of a list (Thread.dump_to_file) that was written next to the dump. One that the dump shows itself, on
// its carrier, stays as it is there, and gets its name; one of which the dump shows only the carrier gets it.
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

// virtualName is what a virtual thread is called that has no name, or whose name its carrier does not tell: "virtual #65".
func virtualName(num int64) string { return "virtual #" + strconv.FormatInt(num, 10) }
