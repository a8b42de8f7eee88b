package storagetest

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"dialtone/storage"
)

// Open gives an empty store; whoever runs the suite closes it.
type Open func(t *testing.T) storage.Store

// Run checks an implementation.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		test func(*testing.T, storage.Store)
	}{
		{"a record comes back as it was", recordRoundTrip},
		{"records are listed newest first", newestFirst},
		{"the filter picks", filterPicks},
		{"a list longer than one read is complete", longList},
		{"the reader may stop, and may write while it reads", readerIsFree},
		{"a record of the same start and id is replaced", recordReplaced},
		{"what cannot be kept is refused", refusals},
		{"figures that are no numbers do not lose a record", notANumber},
		{"prune deletes what is older", prune},
		{"contacts come back as they were", contactRoundTrip},
		{"contacts are changed and removed together", contactsChange},
		{"what a caller changes later is not changed in the store", noSharing},
		{"many writers at once lose nothing", manyWriters},
		{"a closed store says so", closed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			tt.test(t, s)
		})
	}
}

// noon is when the first record of each test starts.
func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.UTC) }

// Record is a finished call number n: the higher, the later.
func Record(n int) storage.CDR {
	start := noon().Add(time.Duration(n) * time.Second)
	return storage.CDR{
		ID: fmt.Sprintf("c%06d", n), From: "100", FromName: "Alice \"A\" Müller", To: "101",
		Start: start, Answer: start.Add(3 * time.Second), End: start.Add(time.Minute),
		Cause: "normal", Blame: "none", HungUpBy: "l1", SIP: 200, Q850: 16,
		Legs: []storage.CDRLeg{
			{ID: "l1", Inbound: true, Party: "100", Start: start, Answer: start.Add(3 * time.Second), End: start.Add(time.Minute), Cause: "normal", Codec: "PCMA", MOS: 4.3, RxPackets: 3000},
			{ID: "l2", Parent: "l1", Party: "101", URI: "sip:101@192.0.2.7:5060", Start: start, Ring: start.Add(time.Second), End: start.Add(time.Minute), Cause: "normal", Codec: "PCMA", MOS: 4.1, Encrypted: true},
		},
	}
}

// Contact is where extension number n is registered.
func Contact(n int) storage.Contact {
	ext := fmt.Sprint(100 + n)
	return storage.Contact{
		ContactKey: storage.ContactKey{Extension: ext, Binding: "sip:" + ext + "@192.0.2.7:5060"},
		URI:        "sip:" + ext + "@192.0.2.7:5060", Transport: "udp", Flow: "192.0.2.7:5060", Local: "192.0.2.1:5060",
		Path: []string{"<sip:edge.example;lr>"}, Instance: "<urn:uuid:1>", RegID: 2, Q: 0.5,
		CallID: "abc@192.0.2.7", CSeq: math.MaxUint32, UserAgent: "Phone 1.0", NAT: true,
		Since: noon(), Expires: noon().Add(time.Hour),
	}
}

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
		{"from", storage.CDRFilter{Party: "102"}, []string{"c000002"}},
		{"to", storage.CDRFilter{Party: "103"}, []string{"c000002"}},
		{"party is not a part of a number", storage.CDRFilter{Party: "10"}, []string{}},
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

func contacts(t *testing.T, s storage.Store) []storage.Contact {
	t.Helper()
	all, err := s.Contacts()
	if err != nil {
		t.Fatalf("Contacts: %v", err)
	}
	return all
}

func save(t *testing.T, s storage.Store, changed []storage.Contact, removed ...storage.ContactKey) {
	t.Helper()
	if err := s.SaveContacts(changed, removed); err != nil {
		t.Fatalf("SaveContacts: %v", err)
	}
}

func contactRoundTrip(t *testing.T, s storage.Store) {
	want := []storage.Contact{Contact(1), Contact(2)}
	save(t, s, want)
	if got := contacts(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func contactsChange(t *testing.T, s storage.Store) {
	save(t, s, []storage.Contact{Contact(1), Contact(2), Contact(3)})
	changed := Contact(2)
	changed.CSeq = 7
	save(t, s, []storage.Contact{changed, Contact(4)}, Contact(1).ContactKey, Contact(9).ContactKey)
	want := []storage.Contact{changed, Contact(3), Contact(4)}
	if got := contacts(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	again := Contact(3)
	again.RegID = 5
	save(t, s, []storage.Contact{again}, again.ContactKey)
	if got := contacts(t, s); len(got) != 3 || got[1].RegID != 5 {
		t.Errorf("a key both removed and changed: got %+v, want it kept as changed", got)
	}
}

func noSharing(t *testing.T, s storage.Store) {
	record, contact := Record(1), Contact(1)
	add(t, s, record)
	save(t, s, []storage.Contact{contact})
	record.Legs[0].Party, contact.Path[0] = "changed", "changed"
	list(t, s, storage.CDRFilter{})[0].Legs[1].Party = "changed"
	contacts(t, s)[0].Path[0] = "changed"
	if got := list(t, s, storage.CDRFilter{}); !reflect.DeepEqual(got[0], Record(1)) {
		t.Errorf("the record became %+v", got[0])
	}
	if got := contacts(t, s); !reflect.DeepEqual(got[0], Contact(1)) {
		t.Errorf("the contact became %+v", got[0])
	}
}

func manyWriters(t *testing.T, s storage.Store) {
	const writers, each = 20, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				n := w*each + i
				if err := errors.Join(s.AddCDR(Record(n)), s.SaveContacts([]storage.Contact{Contact(n)}, nil)); err != nil {
					t.Error(err)
				}
				if err := s.CDRs(storage.CDRFilter{Limit: 3}, func(storage.CDR) bool { return true }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if r, c := len(list(t, s, storage.CDRFilter{})), len(contacts(t, s)); r != writers*each || c != writers*each {
		t.Errorf("%d records and %d contacts, want %d of each", r, c, writers*each)
	}
}

func closed(t *testing.T, s storage.Store) {
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	_, contactsErr := s.Contacts()
	_, pruneErr := s.Prune(noon())
	for call, err := range map[string]error{
		"AddCDR":       s.AddCDR(Record(1)),
		"CDRs":         s.CDRs(storage.CDRFilter{}, func(storage.CDR) bool { return true }),
		"Contacts":     contactsErr,
		"SaveContacts": s.SaveContacts([]storage.Contact{Contact(1)}, nil),
		"Prune":        pruneErr,
	} {
		if !errors.Is(err, storage.ErrClosed) {
			t.Errorf("%s: %v, want storage.ErrClosed", call, err)
		}
	}
}
