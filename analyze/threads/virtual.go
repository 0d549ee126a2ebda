package threads

// AddVirtual adds the virtual threads of a list (Thread.dump_to_file) that was written beside the dump. One that the dump shows itself, on
// its carrier, stays as it is there; one of which the dump shows only the carrier gets it.
func (d *Dump) AddVirtual(list *Dump) {
	shown, carriers := map[int64]bool{}, map[int64]*Thread{}
	for _, t := range d.Threads {
		if t.Virtual {
			shown[t.Num] = true
		}
		if t.Mounted != 0 {
			carriers[t.Mounted] = t
		}
	}
	for _, t := range list.Threads {
		if !t.Virtual || shown[t.Num] {
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
