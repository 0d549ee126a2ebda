package load

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// place is where loose evidence lies: its file, and the name before its lines in it.
type place struct{ file, label string }

// places name the nodes of loose files. Several processes are of several nodes when their lines have names, when each has a folder or an
// archive of its own, or when the names of their files differ in a number only, as wiki1-threads and wiki2-threads do.
type places struct {
	folders map[int]map[string]bool // folders that are nodes, by their depth
	files   map[string]string       // nodes by directory and name of the series
	// controller is what a support bundle of Jenkins calls the node that wrote it; "": there is none.
	controller string
	prefix     map[string][]string // nodes by directory, for other files whose names begin with one
}

// placesOf looks at processes of one kind after the other.
func placesOf(targets []*target) *places {
	p := &places{folders: map[int]map[string]bool{}, files: map[string]string{}, prefix: map[string][]string{}}
	for _, of := range []func(*target) bool{
		func(t *target) bool { return len(t.dumps) > 0 },
		func(t *target) bool { return len(t.gc)+told(t) > 0 },
		func(t *target) bool { return len(t.jfr) > 0 },
	} {
		var list []string
		for _, t := range targets {
			if t.file != "" && t.label == "" && of(t) {
				list = append(list, t.file)
			}
		}
		p.learn(list)
	}
	for _, t := range targets {
		p.ofSupport(t.file)
	}
	return p
}

func (p *places) learn(files []string) {
	if len(files) < 2 {
		return
	}
	depth := sharedDepth(files)
	folders := map[string]bool{}
	byDir := map[string][]string{}
	for _, f := range files {
		parts := strings.Split(f, "/")
		if depth < len(parts)-1 && dates.ReplaceAllString(parts[depth], "") != "" {
			folders[parts[depth]] = true
		} else {
			dir := path.Dir(seriesOf(f)) // as it is looked up: folders that are dated are one
			byDir[dir] = append(byDir[dir], f)
		}
	}
	if len(folders) > 1 {
		if p.folders[depth] == nil {
			p.folders[depth] = map[string]bool{}
		}
		for name := range folders {
			p.folders[depth][name] = true
		}
		return
	}
	for dir, list := range byDir {
		p.learnNames(dir, list)
	}
}

// sharedDepth is how many folders all paths have in common.
func sharedDepth(files []string) int {
	first := strings.Split(files[0], "/")
	depth := len(first) - 1
	for _, f := range files[1:] {
		parts := strings.Split(f, "/")
		depth = min(depth, len(parts)-1)
		for i := range depth {
			if parts[i] != first[i] {
				depth = i
				break
			}
		}
	}
	return depth
}

// learnNames takes the words in which the names of series differ, when they differ in numbers only.
func (p *places) learnNames(dir string, files []string) {
	alike := map[string][]string{}
	for _, f := range files {
		base := path.Base(partsOf(seriesOf(f)))
		kind := threads.NormalizeName(base)
		if !slices.Contains(alike[kind], base) {
			alike[kind] = append(alike[kind], base)
		}
	}
	for _, list := range alike {
		if len(list) < 2 {
			continue
		}
		from, end := differ(list)
		for _, base := range list {
			name := strings.Trim(base[from:len(base)-end], "-_.")
			p.files[path.Join(dir, base)] = name
			if from == 0 {
				p.prefix[dir] = append(p.prefix[dir], name)
			}
		}
	}
}

// differ gives the lengths of what all names begin and end with, up to the ends of words.
func differ(list []string) (from, end int) {
	first := list[0]
	from, end = len(first), len(first)
	for _, s := range list[1:] {
		n := 0
		for n < min(from, len(s)) && s[n] == first[n] {
			n++
		}
		from = n
	}
	for _, s := range list[1:] {
		n := 0
		for n < min(end, len(s)-from, len(first)-from) && s[len(s)-1-n] == first[len(first)-1-n] {
			n++
		}
		end = n
	}
	for from > 0 && !strings.ContainsRune("-_. ", rune(first[from-1])) {
		from--
	}
	for end > 0 && !strings.ContainsRune("-_. ", rune(first[len(first)-end])) {
		end--
	}
	return from, end
}

// Jenkins' support bundle has a folder a node, and next to it what the controller wrote.
var (
	supportNode       = regexp.MustCompile(`(?:^|/)nodes/(?:(?:slave|agent)/([^/]+)|(master|controller))/`)
	supportController = regexp.MustCompile(`(?:^|/)(?:slow-requests|deadlocks)/`)
)

// ofSupport names the node of a file of such a bundle; "" where it is of none.
func (p *places) ofSupport(file string) string {
	if m := supportNode.FindStringSubmatch(file); m != nil {
		p.controller = cmp.Or(p.controller, m[2])
		return m[1] + m[2]
	}
	if p.controller != "" && supportController.MatchString(file) {
		return p.controller
	}
	return ""
}

// node names the node of a place.
func (p *places) node(at place) string {
	if at.label != "" {
		return nodeOfLabel(at.label)
	}
	if name := p.ofSupport(at.file); name != "" {
		return name
	}
	parts := strings.Split(at.file, "/")
	for depth, names := range p.folders {
		if depth < len(parts) && names[parts[depth]] {
			return stem(parts[depth])
		}
	}
	dir, base := path.Split(partsOf(seriesOf(at.file)))
	dir = path.Clean(dir)
	if name := p.files[path.Join(dir, base)]; name != "" {
		return name
	}
	for _, name := range p.prefix[dir] {
		if rest, ok := strings.CutPrefix(base, name); ok && rest != "" && strings.ContainsRune("-_. ", rune(rest[0])) {
			return name
		}
	}
	return analyze.LooseNode
}

// nodeOfLabel takes the pod or host from the name before the lines of a stream: "web-1/app" is the container app of web-1.
func nodeOfLabel(label string) string {
	name, _, _ := strings.Cut(label, "/")
	return name
}
