package memory

import (
	"cmp"
	"slices"

	"dialtone/storage"
)

// Recordings implements storage.Store, with those that there are at the call.
func (s *Store) Recordings(f storage.RecordingFilter, yield func(storage.Recording) bool) error {
	found, err := s.pickRecordings(f)
	if err != nil {
		return err
	}
	for n, r := range found {
		if f.Limit > 0 && n == f.Limit || !yield(r) {
			break
		}
	}
	return nil
}

func (s *Store) pickRecordings(f storage.RecordingFilter) ([]storage.Recording, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	var found []storage.Recording
	for _, r := range s.recordings {
		if f.Fits(&r) {
			found = append(found, cloneRecording(r))
		}
	}
	slices.SortFunc(found, func(a, b storage.Recording) int { return cmp.Compare(b.ID, a.ID) })
	return found, nil
}

// SaveRecording implements storage.Store.
func (s *Store) SaveRecording(r storage.Recording) error {
	if err := r.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	s.recordings[r.ID] = cloneRecording(r)
	return nil
}

// DeleteRecordings implements storage.Store.
func (s *Store) DeleteRecordings(ids ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	for _, id := range ids {
		delete(s.recordings, id)
	}
	return nil
}

func cloneRecording(r storage.Recording) storage.Recording {
	r.Parties, r.Pauses = slices.Clone(r.Parties), slices.Clone(r.Pauses)
	return r
}
