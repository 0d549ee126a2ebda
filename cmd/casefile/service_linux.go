package main

import (
	"context"
	"errors"
)

func startService(ctx context.Context, problem string) (url string, stop func(), err error) {
	return "", nil, errors.New("not yet")
}
