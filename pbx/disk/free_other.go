//go:build !linux && !darwin

package disk

import "math"

// freeBytes is how much of the disk that holds folder is free, which is not known here.
func freeBytes(string) (uint64, error) { return math.MaxUint64, nil }
