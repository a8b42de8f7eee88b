package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// Recordings implements storage.Store. Like CDRs, it reads by and by.
func (s *Store) Recordings(f storage.RecordingFilter, yield func(storage.Recording) bool) error {
	if f.ID != "" {
		return s.recording(f, yield)
	}
	return byAndBy(nil, f.Limit, yield, func(below []byte) ([]storage.Recording, []byte, error) { return s.readRecordings(below, f) })
}

// recording reads the one with the id of f.
func (s *Store) recording(f storage.RecordingFilter, yield func(storage.Recording) bool) error {
	var r storage.Recording
	err := s.view(func(tx *bbolt.Tx) error {
		v := tx.Bucket(bucketRecordings()).Get([]byte(f.ID))
		if v == nil {
			return nil
		}
		if err := decode(v, &r); err != nil {
			return fmt.Errorf("recording %q is damaged: %w", f.ID, err)
		}
		return nil
	})
	if err == nil && r.ID != "" && f.Fits(&r) {
		yield(r)
	}
	return err
}

// readRecordings reads backwards from below, and says where to go on.
func (s *Store) readRecordings(below []byte, f storage.RecordingFilter) (chunk []storage.Recording, next []byte, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(bucketRecordings()).Cursor()
		k, v := seekBelow(cursor, below)
		for n := 0; k != nil; k, v = cursor.Prev() {
			if n++; n > listChunk {
				return nil
			}
			next = append(next[:0], k...)
			var r storage.Recording
			if err := decode(v, &r); err != nil {
				return fmt.Errorf("recording %q is damaged: %w", k, err)
			}
			if f.Fits(&r) {
				chunk = append(chunk, r)
			}
		}
		next = nil
		return nil
	})
	return chunk, next, err
}

// SaveRecording implements storage.Store.
func (s *Store) SaveRecording(r storage.Recording) error {
	if err := r.Check(); err != nil {
		return err
	}
	value, err := encode(r)
	if err != nil {
		return fmt.Errorf("storage: recording %q: %w", r.ID, err)
	}
	return s.commit(func(tx *bbolt.Tx) error { return tx.Bucket(bucketRecordings()).Put([]byte(r.ID), value) })
}

// DeleteRecordings implements storage.Store.
func (s *Store) DeleteRecordings(ids ...string) error {
	return s.commit(func(tx *bbolt.Tx) error {
		for _, id := range ids {
			if err := tx.Bucket(bucketRecordings()).Delete([]byte(id)); err != nil {
				return err
			}
		}
		return nil
	})
}
