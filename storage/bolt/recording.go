package bolt

import "dialtone/storage"

func recordings() kind[storage.Recording] {
	return kind[storage.Recording]{bucketRecordings(), "recording", func(r *storage.Recording) []byte { return idKey(r.ID) }}
}

// Recordings implements storage.Store. Like CDRs, it reads by and by.
func (s *Store) Recordings(f storage.RecordingFilter, yield func(storage.Recording) bool) error {
	if f.ID == "" {
		return newest(s, recordings(), f.Fits, f.Limit, yield)
	}
	r, err := value(s, recordings(), idKey(f.ID))
	if err == nil && r != nil && f.Fits(r) {
		yield(*r)
	}
	return err
}

// SaveRecording implements storage.Store.
func (s *Store) SaveRecording(r storage.Recording) error {
	return save(s, recordings(), []storage.Recording{r})
}

// DeleteRecordings implements storage.Store.
func (s *Store) DeleteRecordings(ids ...string) error {
	return save(s, recordings(), nil, keysOf(ids, idKey)...)
}
