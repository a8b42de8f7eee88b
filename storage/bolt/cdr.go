package bolt

import (
	"bytes"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

const (
	// listChunk records are read per transaction, so that a slow reader of a long
	// list holds none open.
	listChunk = 128
	// pruneChunk records are deleted per transaction, so that a record of a call
	// that ends meanwhile does not wait long.
	pruneChunk = 1000
	// fillPercent is how full a page gets before it is split: calls end nearly in
	// the order in which they began, so little is ever put into old pages.
	fillPercent = 0.9
)

func cdrs() kind[storage.CDR] {
	return kind[storage.CDR]{bucketCDRs(), "record", func(c *storage.CDR) []byte { return cdrKey(c.Start, c.ID) }}
}

// AddCDR implements storage.Store; a record of the same start and id is
// replaced.
func (s *Store) AddCDR(c storage.CDR) error {
	if err := c.Check(); err != nil {
		return err
	}
	value, err := encode(c.Finite())
	if err != nil {
		return fmt.Errorf("storage: record %q: %w", c.ID, err)
	}
	key := cdrKey(c.Start, c.ID)
	return s.commit(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketCDRs())
		bucket.FillPercent = fillPercent
		return bucket.Put(key, value)
	})
}

// CDRs implements storage.Store. Records that are added meanwhile may be missing.
func (s *Store) CDRs(f storage.CDRFilter, yield func(storage.CDR) bool) error {
	var below []byte // only keys below this one are left to read; nil: all
	if !f.Until.IsZero() {
		below = timeKey(f.Until)
	}
	var since []byte
	if !f.Since.IsZero() {
		since = timeKey(f.Since)
	}
	return byAndBy(below, f.Limit, yield, func(below []byte) ([]storage.CDR, []byte, error) { return chunkOf(s, cdrs(), below, since, f.Fits) })
}

// byAndBy gives what read reads in chunks, backwards from below, until yield says false, there
// is no more, or limit were given; 0 is all. No transaction is open while yield runs.
func byAndBy[T any](below []byte, limit int, yield func(T) bool, read func(below []byte) (chunk []T, next []byte, err error)) error {
	for given := 0; ; {
		chunk, next, err := read(below)
		if err != nil {
			return err
		}
		for _, v := range chunk {
			if !yield(v) {
				return nil
			}
			if given++; given == limit {
				return nil
			}
		}
		if next == nil {
			return nil
		}
		below = next
	}
}

// seekBelow moves to the last key below the given one, or to the last of all.
func seekBelow(cursor *bbolt.Cursor, below []byte) (k, v []byte) {
	if below == nil {
		return cursor.Last()
	}
	if k, _ := cursor.Seek(below); k == nil {
		return cursor.Last()
	}
	return cursor.Prev()
}

// Prune implements storage.Store. The space is used again for new records; the
// file does not shrink.
func (s *Store) Prune(before time.Time) (int, error) {
	limit, total := timeKey(before), 0
	for {
		deleted := 0
		err := s.commit(func(tx *bbolt.Tx) error {
			bucket := tx.Bucket(bucketCDRs())
			keys := make([][]byte, 0, pruneChunk)
			cursor := bucket.Cursor()
			for k, _ := cursor.First(); k != nil && len(keys) < pruneChunk && bytes.Compare(k, limit) < 0; k, _ = cursor.Next() {
				keys = append(keys, k)
			}
			for _, k := range keys {
				if err := bucket.Delete(k); err != nil {
					return err
				}
			}
			deleted = len(keys)
			return nil
		})
		if err != nil {
			return total, err
		}
		total += deleted
		if deleted < pruneChunk {
			return total, nil
		}
	}
}
