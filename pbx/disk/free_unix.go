//go:build linux || darwin

package disk

import "syscall"

// freeBytes is how much of the disk that holds folder is free for us.
func freeBytes(folder string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
