package threads

import "encoding/binary"

// unify makes equal stacks of dumps from different sources share a pointer, so that comparing two is comparing pointers.
func unify(dumps []*Dump) {
	same := true
	for _, d := range dumps {
		same = same && d.Source == dumps[0].Source && d.Virtual == nil
	}
	if same {
		return
	}
	u := unifier{stacks: map[*Stack]*Stack{emptyStack: emptyStack}, byKey: map[string]*Stack{}, frames: map[*Frame]uint32{}, byText: map[string]*Frame{}}
	for _, d := range dumps {
		for _, t := range d.Threads {
			t.Stack = u.stack(t.Stack)
		}
	}
}

type unifier struct {
	stacks map[*Stack]*Stack
	byKey  map[string]*Stack
	frames map[*Frame]uint32 // numbers of the frames that stand for all of their text
	byText map[string]*Frame
	key    []byte
}

func (u *unifier) stack(s *Stack) *Stack {
	if one := u.stacks[s]; one != nil {
		return one
	}
	u.key = u.key[:0]
	frames := make([]*Frame, len(s.Frames))
	for i, f := range s.Frames {
		frames[i] = u.frame(f)
		u.key = binary.LittleEndian.AppendUint32(u.key, u.frames[frames[i]])
	}
	one := u.byKey[string(u.key)]
	if one == nil {
		one = &Stack{Frames: frames, ID: uint32(len(u.byKey) + 1)}
		u.byKey[string(u.key)] = one
	}
	u.stacks[s] = one
	u.stacks[one] = one
	return one
}

func (u *unifier) frame(f *Frame) *Frame {
	one := u.byText[f.Text]
	if one == nil {
		one = f
		u.byText[f.Text] = f
		u.frames[f] = uint32(len(u.frames) + 1)
	}
	return one
}
