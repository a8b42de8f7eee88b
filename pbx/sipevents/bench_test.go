package sipevents

import (
	"fmt"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/pbx/call"
)

// BenchmarkLamps is a second of an office with 1,000 lamps for 100 extensions, in which
// 100 calls a second begin, ring, are answered and end; 3,000 of them are up. It gives the
// share of one core that lamps cost, and how many NOTIFYs they are. The phones answer at
// once, and SIP is not on a wire.
func BenchmarkLamps(b *testing.B) {
	for _, watched := range []int{100, 1000} {
		b.Run(fmt.Sprintf("1000 lamps for %d extensions", watched), func(b *testing.B) { churn(b, watched) })
	}
}

func churn(b *testing.B, watched int) {
	b.Helper()
	o := newOffice(b, 1)
	defer func() { o.stop() }()
	extension := func(i int) string { return strconv.Itoa(10000 + i) }
	o.configure(func(all map[string]config.Extension) {
		for i := range 3000 {
			all[extension(i)] = config.Extension{}
		}
	})
	for i := range 3000 {
		o.now[extension(i)] = []call.Dialog{{ID: fmt.Sprint("old", i), State: call.Up, Remote: "200"}}
	}
	for i := range 1000 {
		if o.subscribe(extension(i%100), extension(i%watched), fmt.Sprint("c", i), time.Hour) != 200 {
			b.Fatal("refused")
		}
	}
	for told := time.NewTicker(interval); o.confirmed() < 1000; {
		<-told.C
	}
	runtime.GC()
	n := 0
	set := func(i int, list ...call.Dialog) {
		o.mu.Lock()
		o.now[extension(i%watched)] = list
		o.mu.Unlock()
		select {
		case o.wakes <- struct{}{}:
		default:
		}
	}
	before, cpu, begin := o.notifies(), processor(), time.Now()
	b.ResetTimer()
	for range b.N {
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			<-tick.C
			d := call.Dialog{ID: strconv.Itoa(n), State: call.Ringing, Remote: "200"}
			up := call.Dialog{ID: strconv.Itoa(n - 20), State: call.Up, Remote: "200"}
			set(n, d)
			set(n+watched-20, up)
			set(n + watched - 40)
			if n++; n%100 == 0 {
				tick.Stop()
				break
			}
		}
	}
	took := time.Since(begin)
	b.ReportMetric(100*float64(processor()-cpu)/float64(took), "%core")
	b.ReportMetric(float64(o.notifies()-before)/took.Seconds(), "NOTIFY/s")
}

// processor is the time that the process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// confirmed is how many lamps know how things are.
func (o *office) confirmed() (n int) {
	o.Service.mu.Lock()
	defer o.Service.mu.Unlock()
	for _, u := range o.subs {
		if u.told != nil {
			n++
		}
	}
	return n
}
