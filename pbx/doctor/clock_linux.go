package doctor

import "syscall"

// unsynchronised is STA_UNSYNC of adjtimex(2).
const unsynchronised = 0x40

// synchronised says whether a program keeps the clock right, as the system knows.
func synchronised() (kept, known bool) {
	var t syscall.Timex
	if _, err := syscall.Adjtimex(&t); err != nil {
		return false, false
	}
	return t.Status&unsynchronised == 0, true
}
