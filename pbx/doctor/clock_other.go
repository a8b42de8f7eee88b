//go:build !linux

package doctor

func synchronised() (kept, known bool) { return false, false }
