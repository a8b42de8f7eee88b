package sipedge

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestThingsExpireInOrderAfterTheirLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, over := time.Now(), []int{}
		x := &expiry[int]{life: 32 * time.Second, over: func(n int) {
			over = append(over, n)
			late := time.Since(began) - time.Duration(n)*time.Second - 32*time.Second
			if late < 0 || late > 100*time.Millisecond {
				t.Errorf("%d ended %v late", n, late)
			}
		}}
		defer x.stop()
		for n := range 5 {
			x.add(n)
			time.Sleep(time.Second)
		}
		time.Sleep(40 * time.Second)
		synctest.Wait()
		began = time.Now().Add(-7 * time.Second)
		x.add(7) // after it was empty
		time.Sleep(40 * time.Second)
		synctest.Wait()
		if want := []int{0, 1, 2, 3, 4, 7}; !slices.Equal(over, want) {
			t.Errorf("ended: %v, want %v", over, want)
		}
	})
}

func TestTheOldestEndsEarlyWhenThereAreTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var over []int
		x := &expiry[int]{life: time.Second, limit: 3, over: func(n int) { over = append(over, n) }}
		for n := range 5 {
			x.add(n)
		}
		if !slices.Equal(over, []int{0, 1}) || len(x.queue) != 3 {
			t.Errorf("ended: %v, left: %v", over, x.queue)
		}
		x.stop()
		x.add(5)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(over) != 2 || x.queue != nil {
			t.Errorf("after stop: %v, %v", over, x.queue)
		}
	})
}

func TestAStoppedAlarmDoesNotRingAndHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock{byLife: map[time.Duration]*expiry[*alarm]{}}
		defer c.stop()
		began, rang := time.Now(), time.Duration(0)
		c.after(time.Second, func() { rang = time.Since(began) })
		a := c.after(time.Second, func() { t.Error("a stopped alarm rang") })
		a.stop()
		a.stop()
		(*alarm)(nil).stop()
		time.Sleep(500 * time.Millisecond)
		a.mu.Lock()
		if a.ring != nil {
			t.Error("it holds what it would have called")
		}
		a.mu.Unlock()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if rang < time.Second || rang > 1100*time.Millisecond {
			t.Errorf("rang after %v", rang)
		}
	})
}
