package lists_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/lists"
	"dialtone/storage"
	"dialtone/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func german() *config.Config {
	cfg := config.Default()
	cfg.Site.Country = "DE"
	cfg.Lists = map[string]config.List{"vip": {}}
	return &cfg
}

func open(t *testing.T, store lists.Store, cfg *config.Config) *lists.Lists {
	t.Helper()
	l, err := lists.Open(lists.Options{Store: store, Config: func() *config.Config { return cfg }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestListed(t *testing.T) {
	l := open(t, memory.New(), german())
	for _, number := range []string{"030 123456", "+43 1 58858", "+49180.", "0.", "anonymous", "201", "*6#"} {
		if _, err := l.Add("block", number, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Add("vip", "+4989123456", "", ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ list, number, entry string }{
		{"block", "+4930123456", "+4930123456"},
		{"block", "030123456", "+4930123456"},
		{"block", "0049 30 123456", "+4930123456"},
		{"block", "4930123456", "+4930123456"},
		{"block", "+49301234567", ""},
		{"block", "+493012345", ""},
		{"block", "+43158858", "+43158858"},
		{"block", "+491805123456", "+49180."},
		{"block", "+49180", ""}, // a beginning needs something behind it
		{"block", "01805123456", "+49180."},
		{"block", "0123", "0."}, // no number of the public network
		{"block", "anonymous", "anonymous"},
		{"block", "", "anonymous"},
		{"block", "201", "201"},
		{"block", "202", ""},
		{"block", "*6#", "*6#"},
		{"block", "+4989123456", ""},
		{"block", strings.Repeat("9", 500), ""},
		{"vip", "+4989123456", "+4989123456"},
		{"vip", "+4930123456", ""},
		{"gone", "+4930123456", ""},
	} {
		if got := l.Listed(tt.list, tt.number); got != tt.entry {
			t.Errorf("%s on %s: %q, want %q", tt.number, tt.list, got, tt.entry)
		}
	}
}

func TestEntriesOutliveARestart(t *testing.T) {
	store := memory.New()
	l := open(t, store, german())
	if _, err := l.Add("block", "030123456", "sells windows", "101"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Add("block", "030123457", "", ""); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove("block", "+4930123457", ""); err != nil {
		t.Fatal(err)
	}
	l = open(t, store, german())
	entries, err := l.Entries("block")
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	if e := entries[0]; e.Number != "+4930123456" || e.Note != "sells windows" || e.By != "101" || time.Since(e.Since) > time.Minute {
		t.Errorf("entry %+v", e)
	}
	if l.Listed("block", "+4930123456") == "" || l.Listed("block", "+4930123457") != "" {
		t.Error("the lists are not what they were")
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	l := open(t, memory.New(), german())
	if _, err := l.Add("block", "+49180.", "", ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		list, number string
		remove       bool
		is           error
		says         string
	}{
		{"block", "", false, lists.ErrNumber, "not a number"},
		{"block", "alice", false, lists.ErrNumber, `"alice": not a number; write one like +4930123456`},
		{"block", ".", false, lists.ErrNumber, "beginning"},
		{"block", "+49x.", false, lists.ErrNumber, "write that like +49180."},
		{"block", strings.Repeat("1", 40), false, lists.ErrNumber, "not a number"},
		{"blok", "+4930123456", false, lists.ErrNotFound, `did you mean "block"?`},
		{"friends", "+4930123456", false, lists.ErrNotFound, "write lists: {friends: {}}"},
		{"block", "+4930123456", true, lists.ErrNotFound, "+4930123456 on list block: not found"},
		{"block", "+491805123456", true, lists.ErrNotFound, "it fits +49180. there"},
		{"friends", "+4930123456", true, lists.ErrNotFound, "friends"},
	} {
		var err error
		if tt.remove {
			err = l.Remove(tt.list, tt.number, "")
		} else {
			_, err = l.Add(tt.list, tt.number, "", "")
		}
		if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s %q, remove %v: %v, want %q", tt.list, tt.number, tt.remove, err, tt.says)
		}
	}
	if _, err := l.Entries("friends"); !errors.Is(err, lists.ErrNotFound) {
		t.Errorf("entries of a list that is not there: %v", err)
	}
}

func TestSiteOfNoCountry(t *testing.T) {
	cfg := german()
	cfg.Site.Country = ""
	l := open(t, memory.New(), cfg)
	if _, err := l.Add("block", "+4930123456", "", ""); err != nil {
		t.Fatal(err)
	}
	if l.Listed("block", "+4930123456") == "" || l.Listed("block", "030123456") != "" {
		t.Error("without a country only numbers with + are read")
	}
}

func TestListsAreBounded(t *testing.T) {
	l := open(t, memory.New(), german())
	for i := range 10_000 {
		if _, err := l.Add("block", fmt.Sprintf("+4930%06d", i), "", ""); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := l.Add("vip", "+4989123456", "", ""); !errors.Is(err, lists.ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := l.Add("block", "+4930000001", "a new note", ""); err != nil {
		t.Errorf("a note of what is there: %v", err)
	}
}

// called is the record of a call from a number to phones, an hour ago and n seconds.
func called(n int, from, trunk string, phones ...string) storage.CDR {
	start := time.Now().Add(-time.Hour + time.Duration(n)*time.Second)
	c := storage.CDR{ID: strconv.Itoa(n), From: from, To: "+4930111", Start: start, End: start, Legs: []storage.CDRLeg{{Inbound: true, Trunk: trunk}}}
	for _, p := range phones {
		c.Legs = append(c.Legs, storage.CDRLeg{Party: p})
	}
	return c
}

func TestLastCaller(t *testing.T) {
	for _, tt := range []struct {
		name    string
		records []storage.CDR
		number  string
		says    string
	}{
		{"nobody", nil, "", "extension 101: nobody called from outside"},
		{"the last one", []storage.CDR{called(1, "+4930000001", "line", "101"), called(2, "+4930000002", "line", "102", "101")}, "+4930000002", ""},
		{"not a colleague", []storage.CDR{called(1, "+4930000001", "line", "101"), called(2, "102", "", "101")}, "+4930000001", ""},
		{"not who called others", []storage.CDR{called(1, "+4930000001", "line", "101"), called(2, "+4930000002", "line", "102")}, "+4930000001", ""},
		{"not long ago", []storage.CDR{called(-100_000, "+4930000001", "line", "101")}, "", "nobody called"},
		{"hid the number", []storage.CDR{called(1, "+4930000001", "line", "101"), called(2, "", "line", "101")}, "", "hid the number"},
		{"wrote the beginning of all numbers", []storage.CDR{called(1, "+4930000001", "line", "101"), called(2, "+49.", "line", "101")}, "", "is no number"},
		{"hid the number otherwise", []storage.CDR{called(2, "anonymous", "line", "101")}, "", "hid the number"},
	} {
		store := memory.New()
		for _, c := range tt.records {
			if err := store.AddCDR(c); err != nil {
				t.Fatal(err)
			}
		}
		l := open(t, store, german())
		number, err := l.Edit(dialplan.ListEdit{List: "block", By: "101"})
		if tt.number == "" {
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s: %s, %v, want %q", tt.name, number, err, tt.says)
			}
			continue
		}
		if err != nil || number != tt.number || l.Listed("block", tt.number) == "" {
			t.Errorf("%s: %s, %v", tt.name, number, err)
		}
		if number, err = l.Edit(dialplan.ListEdit{List: "block", By: "101", Remove: true}); err != nil || number != tt.number || l.Listed("block", tt.number) != "" {
			t.Errorf("%s, removed: %s, %v", tt.name, number, err)
		}
	}
}

// failing is a store whose disk is full.
type failing struct{ *memory.Store }

func (failing) SaveListEntries([]storage.ListEntry, []storage.ListKey) error {
	return errors.New("no space left")
}

func TestWhatIsNotKeptDoesNotCount(t *testing.T) {
	l := open(t, failing{memory.New()}, german())
	if _, err := l.Add("block", "+4930123456", "", ""); err == nil || l.Listed("block", "+4930123456") != "" {
		t.Errorf("an entry that was not kept counts: %v", err)
	}
}

func TestEditsAndQuestionsAtOnce(t *testing.T) {
	l := open(t, memory.New(), german())
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			number := fmt.Sprintf("+49301234%02d", i)
			for range 50 {
				if _, err := l.Add("block", number, "", ""); err != nil {
					t.Error(err)
				}
				if l.Listed("block", number) == "" {
					t.Error("not listed after Add")
				}
				if err := l.Remove("block", number, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if entries, _ := l.Entries("block"); len(entries) != 0 {
		t.Errorf("left over: %v", entries)
	}
}

func BenchmarkListed(b *testing.B) {
	cfg := german()
	l, err := lists.Open(lists.Options{Store: memory.New(), Config: func() *config.Config { return cfg }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		if _, err := l.Add("block", fmt.Sprintf("+4930%06d", i), "", ""); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		l.Listed("block", "+4989123456")
	}
}
