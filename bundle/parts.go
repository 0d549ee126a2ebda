package bundle

import (
	"os"
	"path/filepath"
	"strings"

	"casefile/bundle/seal"
)

// PartsDir is the folder next to a bundle of many nodes in which what each node sends
// lies until it is joined. Every part is a bundle by itself, cut or whole.
func PartsDir(path string) string { return path + ".parts" }

// PartFile is where the part of a node lies; name is that of its folder below nodes/.
func PartFile(path, name string) string { return filepath.Join(PartsDir(path), name+partExt) }

const partExt = ".tar.zst"

// Parts lists the parts that were left next to a bundle because whoever joined them
// was killed. There are none next to a bundle that was finished.
func Parts(path string) (parts []string) {
	files, err := os.ReadDir(PartsDir(path))
	if err != nil {
		return nil
	}
	for _, f := range files { // in the order of their names
		if f.Type().IsRegular() && strings.HasSuffix(strings.TrimSuffix(f.Name(), seal.Ext), partExt) {
			parts = append(parts, filepath.Join(PartsDir(path), f.Name()))
		}
	}
	return parts
}
