//go:build unix

package speech

import (
	"os/exec"
	"syscall"
)

// alone lets what a program starts end with it.
func alone(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}
