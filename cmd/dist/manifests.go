package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

// manifests writes what the chart gives with its default values, for who applies manifests without Helm.
func (r *release) manifests(context.Context) error {
	text, err := rendered(filepath.Join(r.source, "cmd", "dist", "chart"), nil)
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
