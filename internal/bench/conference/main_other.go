//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "conference: the baselines need Linux")
	os.Exit(1)
}
