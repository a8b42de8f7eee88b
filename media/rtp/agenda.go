package rtp

import (
	"container/heap"
	"sync"
	"time"
)

// task is something that is done at a time, by the goroutine of an agenda.
type task struct {
	run   func(now time.Time)
	at    time.Time
	index int // in the heap; -1 when it is not in there
}

// agenda runs tasks when they are due: one timer and one goroutine for all
// ports. A task plans itself anew when it wants to run again.
type agenda struct {
	mu   sync.Mutex
	heap taskHeap
	wake chan struct{} // the first task is another one
	stop chan struct{}
	done chan struct{}
}

func newAgenda() *agenda {
	return &agenda{wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
}

func newTask(run func(now time.Time)) *task { return &task{run: run, index: -1} }

// plan sets when t runs, in place of what was planned before.
func (a *agenda) plan(t *task, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.index >= 0 && t.at.Equal(at) {
		return
	}
	t.at = at
	if t.index >= 0 {
		heap.Fix(&a.heap, t.index)
	} else {
		heap.Push(&a.heap, t)
	}
	if a.heap[0] == t {
		a.nudge()
	}
}

// cancel takes t out; it may still be running.
func (a *agenda) cancel(t *task) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.index >= 0 {
		heap.Remove(&a.heap, t.index)
	}
}

func (a *agenda) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// close ends the goroutine of work and waits for it.
func (a *agenda) close() {
	close(a.stop)
	<-a.done
}

// work runs tasks until close.
func (a *agenda) work() {
	defer close(a.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := a.runDue()
		timer.Reset(wait)
		select {
		case <-a.stop:
			return
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// runDue runs what is due and says how long there is nothing to do.
func (a *agenda) runDue() time.Duration {
	for {
		now := time.Now()
		a.mu.Lock()
		if len(a.heap) == 0 {
			a.mu.Unlock()
			return time.Hour
		}
		t := a.heap[0]
		if wait := t.at.Sub(now); wait > 0 {
			a.mu.Unlock()
			return wait
		}
		heap.Pop(&a.heap)
		a.mu.Unlock()
		t.run(now)
	}
}

type taskHeap []*task

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h taskHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *taskHeap) Push(x any) {
	t := x.(*task)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *taskHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
