package bolt_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"dialtone/storage"
	"dialtone/storage/bolt"
	"dialtone/storage/storagetest"
)

// BenchmarkAddCDR is the time per durable record with so many calls ending at
// once; the disk of the machine decides.
func BenchmarkAddCDR(b *testing.B) {
	for _, callers := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), bolt.FileName))
			defer s.Close()
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			for range callers {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						if err := s.AddCDR(storagetest.Record(int(n))); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkSaveContacts is one flush of a thousand changed bindings.
func BenchmarkSaveContacts(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), bolt.FileName))
	defer s.Close()
	changed := make([]storage.Contact, 1000)
	for b.Loop() {
		for i := range changed {
			changed[i] = storagetest.Contact(i)
		}
		if err := s.SaveContacts(changed, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList reads the newest 100 of 10,000 records.
func BenchmarkList(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), bolt.FileName))
	defer s.Close()
	var wg sync.WaitGroup
	for w := range 100 {
		wg.Go(func() {
			for i := range 100 {
				if err := s.AddCDR(storagetest.Record(w*100 + i)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for b.Loop() {
		if err := s.CDRs(storage.CDRFilter{Limit: 100}, func(storage.CDR) bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
}
