package bolt_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"dialtone/internal/crashtest"
	"dialtone/storage"
	"dialtone/storage/bolt"
	"dialtone/storage/storagetest"
)

// crashFile is the environment variable that turns the test binary into a writer.
const crashFile = "DIALTONE_TEST_CRASH_FILE"

// writeUntilKilled writes records and contacts and prints the name of each that
// the store has acknowledged.
func writeUntilKilled(path string) {
	s, err := bolt.Open(path)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	base := rand.IntN(1 << 20)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				n := base*1000 + w*100_000 + i
				c := storagetest.Record(n % 4_000_000)
				c.ID = fmt.Sprint("r", n)
				if err := s.AddCDR(c); err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("record", c.ID)
				p := storagetest.Contact(n)
				if err := s.SaveContacts([]storage.Contact{p}, nil); err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("contact", p.Extension)
			}
		})
	}
	wg.Wait()
}

// TestKillLosesNothingAcknowledged kills a writing process at random moments:
// what it had been told is kept is there, and the file opens.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	path := filepath.Join(t.TempDir(), bolt.FileName)
	records, contacts := make(chan string, 1_000_000), make(chan string, 1_000_000)
	for range rounds {
		crashtest.AfterLines(t, crashFile+"="+path, 1+rand.IntN(400), func(what, id string) {
			switch what {
			case "record":
				records <- id
			case "contact":
				contacts <- id
			}
		})
		open(t, path).Close()
	}
	close(records)
	close(contacts)
	checkKept(t, path, records, contacts)
}

func checkKept(t *testing.T, path string, records, contacts <-chan string) {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	have := map[string]bool{}
	if err := s.CDRs(storage.CDRFilter{}, func(c storage.CDR) bool { have[c.ID] = true; return true }); err != nil {
		t.Fatal(err)
	}
	where, err := s.Contacts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range where {
		have["p"+c.Extension] = true
	}
	checked := 0
	for id := range records {
		if checked++; !have[id] {
			t.Errorf("acknowledged record %s is lost", id)
		}
	}
	if contacts != nil {
		for ext := range contacts {
			if checked++; !have["p"+ext] {
				t.Errorf("acknowledged contact of %s is lost", ext)
			}
		}
	}
	if checked == 0 {
		t.Error("nothing was acknowledged, so nothing was tested")
	}
	t.Logf("%d acknowledged", checked)
}
