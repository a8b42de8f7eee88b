package sipevents

import (
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// Whatever is lost, whoever forgets and however often the server begins anew: when the
// network is good again, every lamp is as it should be.
func TestNoLampSticks(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) { walk(t, seed) })
	}
}

func walk(t *testing.T, seed uint64) {
	t.Helper()
	o := newOffice(t, seed)
	defer func() { o.stop() }()
	for i := range 40 {
		o.network(o.dice(3) > 0)
		for range o.dice(6) {
			o.happens()
			time.Sleep(time.Duration(o.dice(300)) * time.Millisecond)
		}
		switch o.dice(6) {
		case 0, 1:
			of := strconv.Itoa(100 + o.dice(10))
			if o.dice(3) == 0 {
				of = "all"
			}
			o.subscribe(strconv.Itoa(100+o.dice(10)), of, fmt.Sprint("c", i), time.Hour)
		case 2:
			o.stop()
			o.start()
		case 3:
			o.mu.Lock()
			for _, l := range o.lamps {
				l.forgot = l.forgot || o.r.IntN(10) == 0
			}
			o.mu.Unlock()
		}
		if o.dice(5) > 0 {
			continue
		}
		o.network(false)
		time.Sleep(lastRetry + answerWithin + time.Second)
		synctest.Wait()
		o.check(fmt.Sprintf("seed %d, step %d", seed, i))
	}
	o.network(false)
	time.Sleep(2 * time.Hour) // nobody refreshes
	synctest.Wait()
	if n := o.Len(); n != 0 {
		t.Errorf("seed %d: %d subscriptions are left", seed, n)
	}
	for id, l := range o.lamps {
		if !l.over && !l.forgot {
			t.Errorf("seed %d: lamp %s was not told that it is over", seed, id)
		}
	}
	time.Sleep(2 * saveEvery)
	if left, err := o.store.Subscriptions(); err != nil || len(left) > 0 {
		t.Errorf("seed %d: the store has %v, %v", seed, left, err)
	}
}

func TestRateOfNotifies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		defer func() { o.stop() }()
		o.subscribe("100", "101", "c", time.Hour)
		time.Sleep(time.Second)
		synctest.Wait()
		before, begin := o.notifies(), time.Now()
		for range 1000 {
			o.happens()
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if most := int(time.Since(begin)/interval) + 1; o.notifies()-before > most {
			t.Errorf("%d NOTIFYs in %v, at most %d are allowed", o.notifies()-before, time.Since(begin), most)
		}
		time.Sleep(time.Second)
		o.check("after all")
	})
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		defer func() { o.stop() }()
		for i := range maxSame + 5 {
			o.subscribe("100", "101", fmt.Sprint("c", i), time.Hour)
		}
		if n := o.Len(); n != maxSame {
			t.Errorf("%d subscriptions of one phone to the same, want %d", n, maxSame)
		}
		o.configure(func(all map[string]config.Extension) {
			for n := range maxOfOne {
				all[strconv.Itoa(2000+n)] = config.Extension{}
			}
		})
		for n := range maxOfOne {
			o.subscribe("100", strconv.Itoa(2000+n), fmt.Sprint("d", n), time.Hour)
		}
		if got := o.subscribe("100", "102", "x", time.Hour); got != 503 {
			t.Errorf("one more than %d was answered %d", maxOfOne, got)
		}
		if got := o.subscribe("103", "102", "y", time.Hour); got != 200 {
			t.Errorf("another phone was answered %d", got)
		}
	})
}

// meddling is a store while whose work something else happens.
type meddling struct {
	Store
	during func()
}

func (m *meddling) SaveSubscriptions(changed []storage.Subscription, removed []string) error {
	if len(changed) > 0 {
		m.during()
	}
	return m.Store.SaveSubscriptions(changed, removed)
}

// A phone that refreshes what it forgets at the same time leaves nothing in the store.
func TestARefreshOfWhatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		defer func() { o.stop() }()
		o.subscribe("100", "101", "a", time.Hour)
		time.Sleep(2 * saveEvery)
		synctest.Wait()
		o.Store = &meddling{o.store, func() {
			o.Service.mu.Lock()
			for _, u := range o.subs {
				o.drop(u)
			}
			o.Service.mu.Unlock()
			o.save(nil)
		}}
		o.subscribe("100", "101", "a", time.Hour)
		time.Sleep(2 * saveEvery)
		synctest.Wait()
		if left, err := o.store.Subscriptions(); err != nil || len(left) > 0 {
			t.Errorf("the store has %v, %v", left, err)
		}
	})
}

// What changes while a SUBSCRIBE is being answered is told after the answer.
func TestNoNotifyGoesBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		defer func() { o.stop() }()
		synctest.Wait()
		sent := 0
		o.Store = &meddling{o.store, func() {
			before := o.notifies()
			o.mu.Lock()
			o.now["101"] = []call.Dialog{{ID: strconv.Itoa(before), State: call.Up, Remote: "200"}}
			o.mu.Unlock()
			o.wakes <- struct{}{}
			time.Sleep(time.Second)
			sent += o.notifies() - before
		}}
		for range 2 { // new, then a refresh
			o.subscribe("100", "101", "a", time.Hour)
			time.Sleep(time.Minute)
		}
		if sent != 0 {
			t.Errorf("%d NOTIFYs went before the answer", sent)
		}
	})
}

// A list counts for as many as it has.
func TestBoundsOfLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		defer func() { o.stop() }()
		for i := range maxSame {
			o.subscribe("100", "all", fmt.Sprint("l", i), time.Hour)
		}
		o.configure(func(all map[string]config.Extension) {
			for n := range maxOfOne - 10*maxSame {
				all[strconv.Itoa(2000+n)] = config.Extension{}
			}
		})
		for n := range maxOfOne - 10*maxSame {
			if got := o.subscribe("100", strconv.Itoa(2000+n), fmt.Sprint("d", n), time.Hour); got != 200 {
				t.Fatalf("number %d was answered %d", n, got)
			}
		}
		if got := o.subscribe("100", "102", "x", time.Hour); got != 503 {
			t.Errorf("one more was answered %d", got)
		}
	})
}

// What is taken off a list by a reload is watched no more, and what is added is.
func TestAListThatIsEdited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		defer func() { o.stop() }()
		o.subscribe("100", "all", "a", time.Hour)
		time.Sleep(time.Second)
		cfg := *o.cfg.Load()
		cfg.Lamps.Lists = map[string]config.LampList{"all": {Members: []string{"103", "104"}}}
		o.cfg.Store(&cfg)
		o.Recheck()
		time.Sleep(time.Second)
		synctest.Wait()
		if watched := o.Watched(dialogEvent); len(watched) != 2 || !watched["104"] || len(o.lamps["a"].members) != 2 {
			t.Errorf("%v is watched, the phone shows %d", watched, len(o.lamps["a"].members))
		}
		cfg.Lamps.Lists = nil
		o.Recheck()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := o.Len(); n != 0 || !o.lamps["a"].over {
			t.Errorf("%d subscriptions are left of a list that is gone", n)
		}
	})
}

func TestWhatIsNotAllowedAnyMoreEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		defer func() { o.stop() }()
		o.subscribe("100", "101", "a", time.Hour)
		o.subscribe("100", "102", "b", time.Hour)
		o.subscribe("100", "103", "c", time.Hour)
		time.Sleep(time.Second)
		o.configure(func(all map[string]config.Extension) {
			all["101"] = config.Extension{Watchers: []string{"105"}}
			delete(all, "102")
		})
		o.Recheck()
		time.Sleep(time.Second)
		synctest.Wait()
		for id, want := range map[string]bool{"a": true, "b": true, "c": false} {
			if o.lamps[id].over != want {
				t.Errorf("%s is over: %v", id, !want)
			}
			if n := o.lamps[id].version; want && n != 0 {
				t.Errorf("%s was told how things are when it may not know: document %d", id, n)
			}
		}
	})
}
