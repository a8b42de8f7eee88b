package storagetest

import (
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"dialtone/storage"
)

func add(t *testing.T, s storage.Store, records ...storage.CDR) {
	t.Helper()
	for _, c := range records {
		if err := s.AddCDR(c); err != nil {
			t.Fatalf("AddCDR(%s): %v", c.ID, err)
		}
	}
}

func list(t *testing.T, s storage.Store, f storage.CDRFilter) []storage.CDR {
	t.Helper()
	var found []storage.CDR
	if err := s.CDRs(f, func(c storage.CDR) bool { found = append(found, c); return true }); err != nil {
		t.Fatalf("CDRs(%+v): %v", f, err)
	}
	return found
}

func ids(records []storage.CDR) []string {
	names := []string{}
	for _, c := range records {
		names = append(names, c.ID)
	}
	return names
}

func recordRoundTrip(t *testing.T, s storage.Store) {
	want := Record(1)
	add(t, s, want)
	if got := list(t, s, storage.CDRFilter{}); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	unanswered := Record(2)
	unanswered.Answer = time.Time{}
	add(t, s, unanswered)
	if got := list(t, s, storage.CDRFilter{Limit: 1}); !got[0].Answer.IsZero() {
		t.Errorf("a call that was never answered came back answered at %v", got[0].Answer)
	}
}

func newestFirst(t *testing.T, s storage.Store) {
	add(t, s, Record(2), Record(0), Record(3), Record(1))
	twin := Record(3)
	twin.ID = "c000003b"
	add(t, s, twin)
	want := []string{"c000003b", "c000003", "c000002", "c000001", "c000000"}
	if got := ids(list(t, s, storage.CDRFilter{})); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func filterPicks(t *testing.T, s storage.Store) {
	for n := range 4 {
		c := Record(n)
		if n == 2 {
			c.From, c.To = "102", "103"
		}
		if n < 2 {
			c.Legs[0].Trunk = "line"
		}
		if n == 0 {
			c.Legs[1].Answer = time.Time{}
		}
		add(t, s, c)
	}
	at := func(n int) time.Time { return Record(n).Start }
	tests := []struct {
		name string
		f    storage.CDRFilter
		want []string
	}{
		{"nothing set", storage.CDRFilter{}, []string{"c000003", "c000002", "c000001", "c000000"}},
		{"since includes", storage.CDRFilter{Since: at(2)}, []string{"c000003", "c000002"}},
		{"until excludes", storage.CDRFilter{Until: at(2)}, []string{"c000001", "c000000"}},
		{"both", storage.CDRFilter{Since: at(1), Until: at(3)}, []string{"c000002", "c000001"}},
		{"in another time zone", storage.CDRFilter{Since: at(3).In(time.FixedZone("", 3600))}, []string{"c000003"}},
		{"id", storage.CDRFilter{ID: "c000002"}, []string{"c000002"}},
		{"from", storage.CDRFilter{Party: "102"}, []string{"c000002"}},
		{"to", storage.CDRFilter{Party: "103"}, []string{"c000002"}},
		{"party is not a part of a number", storage.CDRFilter{Party: "10"}, []string{}},
		{"missed", storage.CDRFilter{Missed: true}, []string{"c000000"}},
		{"limit counts what fits", storage.CDRFilter{Party: "100", Limit: 2}, []string{"c000003", "c000001"}},
		{"after all", storage.CDRFilter{Since: at(9)}, []string{}},
		{"before all", storage.CDRFilter{Until: at(0)}, []string{}},
		{"times out of range", storage.CDRFilter{Since: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), Until: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Limit: 1}, []string{"c000003"}},
	}
	for _, tt := range tests {
		if got := ids(list(t, s, tt.f)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func longList(t *testing.T, s storage.Store) {
	const n = 300
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := s.AddCDR(Record(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := list(t, s, storage.CDRFilter{})
	if len(got) != n {
		t.Fatalf("got %d records, want %d", len(got), n)
	}
	for i, c := range got {
		if want := Record(n - 1 - i).ID; c.ID != want {
			t.Fatalf("record %d is %s, want %s", i, c.ID, want)
		}
	}
}

func readerIsFree(t *testing.T, s storage.Store) {
	add(t, s, Record(0), Record(1), Record(2))
	seen := 0
	err := s.CDRs(storage.CDRFilter{}, func(storage.CDR) bool {
		seen++
		add(t, s, Record(10+seen))
		return seen < 2
	})
	if err != nil || seen != 2 {
		t.Errorf("saw %d records, error %v; want 2 and none", seen, err)
	}
}

func recordReplaced(t *testing.T, s storage.Store) {
	c := Record(1)
	add(t, s, c)
	c.Cause = "busy"
	add(t, s, c)
	if got := list(t, s, storage.CDRFilter{}); len(got) != 1 || got[0].Cause != "busy" {
		t.Errorf("got %+v, want one record with cause busy", got)
	}
}

func refusals(t *testing.T, s storage.Store) {
	bad := []func(*storage.CDR){
		func(c *storage.CDR) { c.ID = "" },
		func(c *storage.CDR) { c.ID = string(make([]byte, 256)) },
		func(c *storage.CDR) { c.Start = time.Time{} },
		func(c *storage.CDR) { c.Start = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) },
	}
	for i, spoil := range bad {
		c := Record(1)
		spoil(&c)
		if err := s.AddCDR(c); err == nil {
			t.Errorf("bad record %d was accepted", i)
		}
	}
	for _, k := range []storage.ContactKey{{}, {Extension: "100"}, {Binding: "x"}, {Extension: "1\x000", Binding: "x"}, {Extension: "1", Binding: string(make([]byte, 5000))}} {
		good := Contact(1)
		if err := s.SaveContacts([]storage.Contact{good, {ContactKey: k}}, nil); err == nil {
			t.Errorf("contact key %.40q was accepted", k)
		}
	}
	if all, err := s.Contacts(); err != nil || len(all) != 0 {
		t.Errorf("%d contacts, error %v after refusals: want all or nothing", len(all), err)
	}
}

func notANumber(t *testing.T, s storage.Store) {
	c := Record(1)
	c.Legs[1].MOS, c.Legs[1].JitterMS = math.NaN(), math.Inf(1)
	add(t, s, c)
	got := list(t, s, storage.CDRFilter{})[0].Legs
	if got[1].MOS != 0 || got[1].JitterMS != 0 || got[0].MOS != 4.3 {
		t.Errorf("got MOS %v, jitter %v, first leg's MOS %v; want 0, 0, 4.3", got[1].MOS, got[1].JitterMS, got[0].MOS)
	}
	if !math.IsNaN(c.Legs[1].MOS) {
		t.Error("the caller's record was changed")
	}
}

func prune(t *testing.T, s storage.Store) {
	for n := range 5 {
		add(t, s, Record(n))
	}
	if n, err := s.Prune(Record(3).Start); n != 3 || err != nil {
		t.Fatalf("Prune: %d, %v; want 3 deleted", n, err)
	}
	if got, want := ids(list(t, s, storage.CDRFilter{})), []string{"c000004", "c000003"}; !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
	if n, err := s.Prune(Record(3).Start); n != 0 || err != nil {
		t.Errorf("second Prune: %d, %v; want nothing to do", n, err)
	}
}
