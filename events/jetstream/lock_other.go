//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd && !windows

package jetstream

import (
	"errors"
	"os"
)

func lockFile(string) (*os.File, error) {
	return nil, errors.New("no embedded server on this system: connect to an external one")
}
