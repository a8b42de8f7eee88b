package storagetest

import (
	"reflect"
	"strings"
	"testing"

	"dialtone/storage"
)

func entries(t *testing.T, s storage.Store) []storage.ListEntry {
	t.Helper()
	all, err := s.ListEntries()
	if err != nil {
		t.Fatalf("ListEntries: %v", err)
	}
	return all
}

func saveEntries(t *testing.T, s storage.Store, changed []storage.ListEntry, removed ...storage.ListKey) {
	t.Helper()
	if err := s.SaveListEntries(changed, removed); err != nil {
		t.Fatalf("SaveListEntries: %v", err)
	}
}

func entryRoundTrip(t *testing.T, s storage.Store) {
	if got := entries(t, s); len(got) != 0 {
		t.Errorf("a new store has the entries %+v", got)
	}
	saveEntries(t, s, []storage.ListEntry{Entry("vip", 1), Entry("block", 2), Entry("block", 1)})
	want := []storage.ListEntry{Entry("block", 1), Entry("block", 2), Entry("vip", 1)}
	if got := entries(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	long, zero := Entry("block", 3), Entry("a\x00b", 3)
	long.Note = strings.Repeat("x", 5000)
	for _, bad := range []storage.ListEntry{{}, Entry("", 1), {ListKey: storage.ListKey{List: "block"}}, long, zero} {
		if err := s.SaveListEntries([]storage.ListEntry{Entry("block", 4), bad}, nil); err == nil {
			t.Errorf("%+v was kept", bad)
		}
	}
	if got := entries(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("after refusals: got  %+v\nwant %+v", got, want)
	}
}

func entriesChange(t *testing.T, s storage.Store) {
	saveEntries(t, s, []storage.ListEntry{Entry("block", 1), Entry("block", 2), Entry("vip", 1)})
	changed := Entry("block", 2)
	changed.Note = "again"
	saveEntries(t, s, []storage.ListEntry{changed, Entry("block", 3)}, Entry("block", 1).ListKey, Entry("block", 9).ListKey)
	want := []storage.ListEntry{changed, Entry("block", 3), Entry("vip", 1)}
	if got := entries(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
