package bolt_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"dialtone/storage"
	"dialtone/storage/bolt"
	"dialtone/storage/storagetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		writeUntilKilled(path)
		return
	}
	goleak.VerifyTestMain(m)
}

func open(tb testing.TB, path string) *bolt.Store {
	tb.Helper()
	s, err := bolt.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		return open(t, filepath.Join(t.TempDir(), bolt.FileName))
	})
}

func TestEverythingIsThereAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), bolt.FileName)
	s := open(t, path)
	if err := errors.Join(s.AddCDR(storagetest.Record(1)), s.SaveContacts([]storage.Contact{storagetest.Contact(1)}, nil), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	records := 0
	if err := s.CDRs(storage.CDRFilter{}, func(storage.CDR) bool { records++; return true }); err != nil {
		t.Fatal(err)
	}
	contacts, err := s.Contacts()
	if records != 1 || len(contacts) != 1 || err != nil {
		t.Errorf("%d records, %d contacts, error %v; want 1, 1, none", records, len(contacts), err)
	}
}

func TestFileWithoutListsGetsThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), bolt.FileName)
	s := open(t, path)
	if err := errors.Join(s.AddCDR(storagetest.Record(1)), s.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("lists")) }), db.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	if err := s.SaveListEntries([]storage.ListEntry{storagetest.Entry("block", 1)}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ListEntries(); len(got) != 1 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestOthersCannotReadTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), bolt.FileName)
	s := open(t, path)
	defer s.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v; want 0600", info.Mode(), err)
	}
}

// TestOpenRefuses says what a person reads when the store cannot be used.
func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, path string)
		is    error
		says  string
	}{
		{"while another has it open", func(t *testing.T, path string) {
			s := open(t, path)
			t.Cleanup(func() { s.Close() })
		}, storage.ErrInUse, "another Dialtone uses this data folder"},
		{"a newer format", func(t *testing.T, path string) { setFormat(t, path, "2") }, storage.ErrNewerFormat, "upgrade Dialtone or restore a backup"},
		{"a format that is no number", func(t *testing.T, path string) { setFormat(t, path, "x") }, nil, `not a Dialtone store: its format is "x"`},
		{"a bbolt file of others", func(t *testing.T, path string) {
			update(t, path, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
		}, nil, "not a Dialtone store"},
		{"another file", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("text ", 4000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, nil, "not a Dialtone store or is damaged"},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, nil, "is a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), bolt.FileName)
			tt.spoil(t, path)
			s, err := bolt.Open(path)
			if err == nil {
				s.Close()
				t.Fatal("it opened")
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v is not %v", err, tt.is)
			}
			if !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %q does not say %q and the file", err, tt.says)
			}
		})
	}
}

func update(t *testing.T, path string, fn func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func setFormat(t *testing.T, path, version string) {
	t.Helper()
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	update(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte(version))
	})
}

func TestCloseDuringWritesAnswersEveryWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), bolt.FileName)
	s := open(t, path)
	var wg sync.WaitGroup
	kept := make(chan string, 100_000)
	first := make(chan struct{})
	var once sync.Once
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				c := storagetest.Record(w*10_000 + i)
				err := s.AddCDR(c)
				if err != nil {
					if !errors.Is(err, storage.ErrClosed) {
						t.Error(err)
					}
					return
				}
				kept <- c.ID
				once.Do(func() { close(first) })
			}
		})
	}
	<-first
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	close(kept)
	checkKept(t, path, kept, nil)
}
