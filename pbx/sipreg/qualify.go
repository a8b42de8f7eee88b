package sipreg

import (
	"container/heap"
	"context"
	"hash/maphash"
	"sync"
	"time"

	"dialtone/pbx/registrar"
	"dialtone/storage"
)

const (
	// firstAfter is when a phone that has just registered is asked first.
	firstAfter = time.Second
	// answerWithin is how long a phone has to answer.
	answerWithin = 5 * time.Second
	// againAfter is when a phone that was there and did not answer is asked again.
	againAfter = 3 * time.Second
	// maxAsking bounds how many phones are asked at the same time.
	maxAsking = 128
	// offCheck is how often it is looked whether qualifying was turned on.
	offCheck = time.Minute
)

// qualifier is the schedule of when to ask which phone. Each phone has its own
// place within the interval, so that they are spread evenly however they came.
type qualifier struct {
	service *Service
	seed    maphash.Seed
	wake    chan struct{} // capacity 1: the heap has a new top
	asking  chan struct{} // a token for each phone that is being asked

	mu    sync.Mutex
	due   dueHeap
	known map[storage.ContactKey]struct{} // those in due and those being asked
}

func newQualifier(s *Service) *qualifier {
	return &qualifier{
		service: s,
		seed:    maphash.MakeSeed(),
		wake:    make(chan struct{}, 1),
		asking:  make(chan struct{}, maxAsking),
		known:   map[storage.ContactKey]struct{}{},
	}
}

// add has a contact asked soon and from then on, unless it already is. A contact
// leaves the schedule when the registrar no longer has it.
func (q *qualifier) add(k storage.ContactKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.known[k]; !ok {
		q.known[k] = struct{}{}
		q.push(k, time.Now().Add(firstAfter))
	}
}

// push enters k; q.mu is held.
func (q *qualifier) push(k storage.ContactKey, at time.Time) {
	heap.Push(&q.due, dueContact{k, at})
	if q.due[0].key == k {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
}

// run asks until ctx ends and waits for those being asked.
func (q *qualifier) run(ctx context.Context) {
	q.fill()
	var asking sync.WaitGroup
	defer asking.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		case <-timer.C:
		}
		for {
			k, wait, ok := q.next()
			if !ok {
				timer.Stop()
				break
			}
			if wait > 0 {
				timer.Reset(wait)
				break
			}
			select {
			case <-ctx.Done():
				return
			case q.asking <- struct{}{}:
			}
			asking.Go(func() {
				defer func() { <-q.asking }()
				q.visit(ctx, k)
			})
		}
	}
}

// fill enters what was registered before the restart, spread over the interval.
func (q *qualifier) fill() {
	now := time.Now()
	interval := q.interval()
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.service.registrar.All() {
		if _, ok := q.known[c.ContactKey]; !ok {
			q.known[c.ContactKey] = struct{}{}
			q.push(c.ContactKey, q.place(c.ContactKey, now, interval))
		}
	}
}

func (q *qualifier) interval() time.Duration {
	return q.service.config().Registrar.Qualify.D()
}

// next takes the contact that is due, or says how long until one is; ok is false
// when there is none.
func (q *qualifier) next() (k storage.ContactKey, wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.due) == 0 {
		return k, 0, false
	}
	if wait := time.Until(q.due[0].at); wait > 0 {
		return k, wait, true
	}
	return heap.Pop(&q.due).(dueContact).key, 0, true
}

// visit asks one contact and enters it again, unless it is gone.
func (q *qualifier) visit(ctx context.Context, k storage.ContactKey) {
	c, ok := q.service.registrar.Get(k)
	if !ok {
		q.mu.Lock()
		delete(q.known, k)
		q.mu.Unlock()
		// It may have registered again while it was still known here.
		if _, ok := q.service.registrar.Get(k); ok {
			q.add(k)
		}
		return
	}
	again := false
	if q.interval() > 0 && c.Status != registrar.Gone {
		again = q.service.ask(ctx, c)
	}
	now, interval := time.Now(), q.interval()
	at := now.Add(offCheck)
	switch {
	case again:
		at = now.Add(againAfter)
	case interval > 0:
		at = q.place(k, now.Add(interval/2), interval)
	}
	q.mu.Lock()
	q.push(k, at)
	q.mu.Unlock()
}

// place is the next time after now that is k's within the interval.
func (q *qualifier) place(k storage.ContactKey, now time.Time, interval time.Duration) time.Time {
	if interval <= 0 {
		return now.Add(offCheck)
	}
	phase := int64(maphash.Comparable(q.seed, k) % uint64(interval))
	into := now.UnixNano() % int64(interval)
	wait := phase - into
	if wait <= 0 {
		wait += int64(interval)
	}
	return now.Add(time.Duration(wait))
}

// dueContact is a contact and when to ask it.
type dueContact struct {
	key storage.ContactKey
	at  time.Time
}

// dueHeap implements heap.Interface with the earliest at the top.
type dueHeap []dueContact

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueContact)) }

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last] = dueContact{}
	*h = (*h)[:last]
	return c
}
