package bolt

import (
	"time"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// maxGroup is how many writes share a transaction at most: it bounds how long
// the first of them waits for the others' work.
const maxGroup = 512

// write is a change that waits for its transaction. apply only fails when the
// file does: what a caller can get wrong is checked before.
type write struct {
	apply func(*bbolt.Tx) error
	done  chan error // capacity 1
}

// commit has apply run in a transaction and returns when that is on the disk.
func (s *Store) commit(apply func(*bbolt.Tx) error) error {
	w := &write{apply: apply, done: make(chan error, 1)}
	select {
	case <-s.closing:
		return storage.ErrClosed
	default:
	}
	select {
	case s.writes <- w:
	case <-s.closing:
		return storage.ErrClosed
	}
	select {
	case err := <-w.done:
		return s.wrap(err)
	case <-s.done:
	}
	// The committer may have answered and ended in the same moment.
	select {
	case err := <-w.done:
		return s.wrap(err)
	default:
		return storage.ErrClosed
	}
}

// pace is the shortest time between two transactions: each costs the same few
// pages and a wait for the disk, however little it writes.
const pace = 20 * time.Millisecond

// commitLoop writes the first change at once, and what comes within pace of the
// last transaction together.
func (s *Store) commitLoop() {
	defer close(s.done)
	group := make([]*write, 0, maxGroup)
	next := time.NewTimer(0) // when the next transaction may begin
	defer next.Stop()
	for {
		select {
		case w := <-s.writes:
			select {
			case <-next.C:
			case <-s.closing:
			}
			next.Reset(pace)
			group = s.collect(append(group[:0], w))
			s.commitGroup(group)
			clear(group)
		case <-s.closing:
			// What is queued was accepted: it is written before the file closes.
			for group = s.collect(group[:0]); len(group) > 0; group = s.collect(group[:0]) {
				s.commitGroup(group)
			}
			return
		}
	}
}

func (s *Store) collect(group []*write) []*write {
	for len(group) < maxGroup {
		select {
		case w := <-s.writes:
			group = append(group, w)
		default:
			return group
		}
	}
	return group
}

func (s *Store) commitGroup(group []*write) {
	err := s.db.Update(func(tx *bbolt.Tx) error {
		for _, w := range group {
			if err := w.apply(tx); err != nil {
				return err
			}
		}
		return nil
	})
	for _, w := range group {
		w.done <- err
	}
}
