package storagetest

import (
	"reflect"
	"testing"

	"dialtone/storage"
)

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
