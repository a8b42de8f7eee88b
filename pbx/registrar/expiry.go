package registrar

import (
	"container/heap"
)

// expiryHeap has the contact that expires first at its top.
type expiryHeap []*binding

func (h *expiryHeap) push(b *binding)   { heap.Push((*heapOrder)(h), b) }
func (h *expiryHeap) remove(b *binding) { heap.Remove((*heapOrder)(h), b.index) }
func (h *expiryHeap) fix(b *binding)    { heap.Fix((*heapOrder)(h), b.index) }

// heapOrder implements heap.Interface, so that expiryHeap need not export it.
type heapOrder []*binding

func (h heapOrder) Len() int           { return len(h) }
func (h heapOrder) Less(i, j int) bool { return h[i].Expires.Before(h[j].Expires) }

func (h heapOrder) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *heapOrder) Push(x any) {
	b := x.(*binding)
	b.index = len(*h)
	*h = append(*h, b)
}

func (h *heapOrder) Pop() any {
	last := len(*h) - 1
	b := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return b
}

// expire removes what was not refreshed in time.
func (r *Registrar) expire() {
	r.change(func(ch *changes) {
		for len(r.expiry) > 0 && !r.expiry[0].Expires.After(ch.now) {
			b := r.expiry[0]
			r.remove(ch, b)
			ch.note(Expired, b, "")
		}
	})
}
