package jvm

import (
	"context"
	"slices"

	"casefile/collectors"
	"casefile/collectors/app"
)

// Databases are those that the configuration of the chosen JVMs names, with their
// logins. It reads files only.
func Databases(ctx context.Context, s *collectors.Session) []app.Database {
	found, _ := find(ctx, s) // who cannot be seen is told of by the collector of JVMs
	var list []app.Database
	for _, j := range found {
		if !s.Plan.WantsProcess(j.PID, j.Product.Name) {
			continue
		}
		files, _ := j.configFiles()
		for _, f := range files {
			b, err := j.Tree.ReadFile(f.Path, maxConfig)
			if err != nil {
				continue
			}
			if d, ok := app.FindDatabase(f.Path, b); ok && !slices.Contains(list, d) {
				list = append(list, d)
			}
		}
	}
	return list
}
