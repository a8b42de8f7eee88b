package sipedge

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchLooksWhenItSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var looks []time.Duration
		stop := Watch(time.Second, func() time.Duration {
			looks = append(looks, time.Since(begin))
			return time.Duration(2-len(looks)) * time.Minute // after the second look: no more
		})
		time.Sleep(time.Hour)
		stop()
		if len(looks) != 2 || looks[0] != time.Second || looks[1] != time.Minute+time.Second {
			t.Errorf("it looked after %v", looks)
		}
	})
}

func TestWatchStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		stop := Watch(time.Second, func() time.Duration {
			looks++
			time.Sleep(time.Second)
			looks++
			return time.Second
		})
		time.Sleep(1500 * time.Millisecond)
		stop() // waits for the look that is under way
		if looks != 2 {
			t.Errorf("stop came back before the look had ended")
		}
		time.Sleep(time.Hour)
		stop() // twice is once
		if looks != 2 {
			t.Errorf("it looked after it was stopped")
		}
	})
}
