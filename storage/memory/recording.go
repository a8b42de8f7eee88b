package memory

import (
	"cmp"
	"slices"

	"dialtone/storage"
)

func recordings() table[string, storage.Recording] {
	return table[string, storage.Recording]{
		values: map[string]storage.Recording{},
		key:    func(r *storage.Recording) string { return r.ID },
		clone: func(r storage.Recording) storage.Recording {
			r.Parties, r.Pauses = slices.Clone(r.Parties), slices.Clone(r.Pauses)
			return r
		},
		compare: func(a, b storage.Recording) int { return cmp.Compare(b.ID, a.ID) },
	}
}

// Recordings implements storage.Store, with those that there are at the call.
func (s *Store) Recordings(f storage.RecordingFilter, yield func(storage.Recording) bool) error {
	return give(s, &s.recordings, f.Fits, f.Limit, yield)
}

// SaveRecording implements storage.Store.
func (s *Store) SaveRecording(r storage.Recording) error {
	return save(s, &s.recordings, []storage.Recording{r})
}

// DeleteRecordings implements storage.Store.
func (s *Store) DeleteRecordings(ids ...string) error { return save(s, &s.recordings, nil, ids...) }
