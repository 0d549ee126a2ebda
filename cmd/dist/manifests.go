package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

// placeholder is the version in the chart as it stands in the repository.
const placeholder = "0.0.0-placeholder"

// chartFiles are those of the chart.
var chartFiles = []string{"Chart.yaml", "values.yaml", "templates/agent.yaml"}

// chart packs the Helm chart, with the version of the release in the chart and in the image that it names.
func (r *release) chart(context.Context) error {
	dir := r.chartDir()
	var list []packed
	for _, name := range chartFiles {
		text, err := os.ReadFile(filepath.Join(r.source, "cmd", "dist", "chart", filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(placeholder), []byte(r.semantic())), 0o644); err != nil {
			return err
		}
		list = append(list, packed{name: name, path: path, mode: 0o644})
	}
	return r.file(fmt.Sprintf("casefile-%s-chart.tgz", r.version), func(w io.Writer) error { return r.tarball(w, "casefile", list) })
}

func (r *release) chartDir() string { return filepath.Join(r.out, "build", "chart") }

// semantic is the version as Helm wants it: of three numbers.
func (r *release) semantic() string {
	if n := r.number(); n == r.version {
		return n
	}
	return "0.0.0-g" + r.version
}

// manifests writes what the chart gives with its default values, for who applies manifests without Helm.
func (r *release) manifests(context.Context) error {
	text, err := rendered(r.chartDir(), nil)
	if err != nil {
		return err
	}
	return r.file("casefile-"+r.version+"-agent.yaml", func(w io.Writer) error {
		_, err := io.WriteString(w, "# casefile "+r.version+": kubectl apply -n NAMESPACE -f this, after image and addresses are yours; see docs/kubernetes.md\n"+text)
		return err
	})
}

// rendered is what Helm makes of the chart.
func rendered(dir string, values map[string]any) (string, error) {
	chart, err := loader.Load(dir)
	if err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	all, err := util.ToRenderValues(chart, values, common.ReleaseOptions{Name: "casefile", Namespace: "default"}, nil)
	if err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if text := strings.TrimSpace(files[name]); text != "" && strings.HasSuffix(name, ".yaml") {
			b.WriteString("---\n" + strings.TrimPrefix(text, "---\n") + "\n")
		}
	}
	return b.String(), nil
}
