package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// step is one of a job, or of an action.
type step struct {
	Uses, Run string
}

// workflow is what is checked of a workflow or an action.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []step
	}
	Runs struct{ Steps []step }
}

var (
	pinned     = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	expression = regexp.MustCompile(`\$\{\{`)
)

// Actions of others are named by commit; no script has an expression in its text, through which a title or a branch would be run; and no job that
// may write or sign builds anything.
func TestWorkflows(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../.github/workflows/*.yml", "../../.github/actions/*/action.yml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(text, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(w.Permissions) > 0 {
			t.Errorf("%s: rights of all jobs: %v", file, w.Permissions)
		}
		for name, job := range w.Jobs {
			if job.Permissions == nil {
				t.Errorf("%s: %s does not say which rights it needs", file, name)
			}
			mayWrite := slices.Contains(mapValues(job.Permissions), "write")
			for _, s := range job.Steps {
				if mayWrite && (strings.Contains(s.Run, "make ") || strings.Contains(s.Run, "go ")) {
					t.Errorf("%s: %s may write, and builds: %s", file, name, s.Run)
				}
			}
			checkSteps(t, file, job.Steps)
		}
		checkSteps(t, file, w.Runs.Steps)
	}
}

func mapValues(m map[string]string) (list []string) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

func checkSteps(t *testing.T, file string, steps []step) {
	t.Helper()
	for _, s := range steps {
		if s.Uses != "" && !pinned.MatchString(s.Uses) {
			t.Errorf("%s: %s is not named by its commit", file, s.Uses)
		}
		if expression.MatchString(s.Run) {
			t.Errorf("%s: an expression in a script: %s", file, s.Run)
		}
	}
}
