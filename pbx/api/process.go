package api

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
)

// readProcess measures this process. What a system does not tell stays zero.
func readProcess() Process {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
	}
	metrics.Read(samples)
	p := Process{
		PID:        os.Getpid(),
		Heap:       samples[0].Value.Uint64(),
		RSS:        residentMemory(samples[1].Value.Uint64()),
		Goroutines: runtime.NumGoroutine(),
	}
	if names, err := readNames("/proc/self/fd"); err == nil {
		p.Files = len(names) - 1 // without the one that reads the list
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		p.FilesMax = limit.Cur
	}
	return p
}

// residentMemory is what the system counts, or what Go counts where /proc is
// missing.
func residentMemory(fallback uint64) uint64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return fallback
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return fallback
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return fallback
	}
	return pages * uint64(os.Getpagesize())
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
