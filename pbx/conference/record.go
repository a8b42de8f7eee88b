package conference

import (
	"slices"
	"time"
)

// again is how long after one attempt to record a room comes the next.
const again = 10 * time.Second

// startRecording begins to record what all hear, when the room is to be; mu is held.
func (r *room) startRecording() {
	if r.set.Record && r.rooms.o.Record != nil {
		r.recorded = make(chan struct{})
		r.rooms.tasks.Go(func() { defer close(r.recorded); r.record() })
	}
}

// stopRecording waits for the end of that, when the life of the room is over.
func (r *room) stopRecording() {
	r.rooms.mu.Lock()
	recorded := r.recorded
	r.rooms.mu.Unlock()
	if recorded != nil {
		<-recorded
	}
}

// record records until the room is over. All who are in it have heard that it is recorded,
// so what fails, or ends since the disk is full, is tried again.
func (r *room) record() {
	failed := false
	for r.ctx.Err() == nil {
		next := time.After(again)
		tape, err := r.rooms.o.Record(r.name, r.language, r.seated())
		switch {
		case err == nil:
			if failed {
				r.log.Info("a conference is recorded again")
			}
			failed = false
			r.taping(tape)
		case !failed:
			r.log.Error("a conference is not recorded; it is tried again and again", "event", "recording", "error", err)
			failed = true
		}
		select {
		case <-r.ctx.Done():
		case <-next:
		}
	}
}

// taping gives what all hear to tape, until that or the room is over.
func (r *room) taping(tape Recording) {
	r.rooms.mu.Lock()
	r.tape = tape
	for _, s := range r.seats { // who came meanwhile
		tape.Joined(s.Party)
	}
	r.discreet()
	remove := r.mix.Tap(tape)
	r.rooms.mu.Unlock()
	select {
	case <-tape.Done():
	case <-r.ctx.Done():
	}
	r.rooms.mu.Lock()
	r.tape = nil
	r.rooms.mu.Unlock()
	remove()
	tape.Stop()
}

// discreet lets the recording pause while somebody is here who is never recorded; mu is
// held.
func (r *room) discreet() {
	switch {
	case r.tape == nil:
	case slices.ContainsFunc(r.seats, func(s *Seat) bool { return s.Private }):
		r.tape.Pause()
	default:
		r.tape.Resume()
	}
}

// seated are the parties that are here.
func (r *room) seated() (list []string) {
	r.rooms.mu.Lock()
	defer r.rooms.mu.Unlock()
	for _, s := range r.seats {
		list = append(list, s.Party)
	}
	return list
}
