package storagetest

import (
	"errors"
	"reflect"
	"sync"
	"testing"

	"dialtone/storage"
)

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
	_, entriesErr := s.ListEntries()
	_, devicesErr := s.Devices()
	_, pruneErr := s.Prune(noon())
	for call, err := range map[string]error{
		"AddCDR":            s.AddCDR(Record(1)),
		"CDRs":              s.CDRs(storage.CDRFilter{}, func(storage.CDR) bool { return true }),
		"Contacts":          contactsErr,
		"SaveContacts":      s.SaveContacts([]storage.Contact{Contact(1)}, nil),
		"ListEntries":       entriesErr,
		"SaveListEntries":   s.SaveListEntries([]storage.ListEntry{Entry("block", 1)}, nil),
		"Prune":             pruneErr,
		"Recordings":        s.Recordings(storage.RecordingFilter{}, func(storage.Recording) bool { return true }),
		"SaveRecording":     s.SaveRecording(Recording(1)),
		"SaveSubscriptions": s.SaveSubscriptions([]storage.Subscription{Subscription(1)}, nil),
		"DeleteRecordings":  s.DeleteRecordings(Recording(1).ID),
		"Texts":             s.Texts(storage.TextFilter{}, func(storage.Text) bool { return true }),
		"SaveTexts":         s.SaveTexts(Text(1)),
		"ChangeText":        s.ChangeText(Text(1).ID, func(*storage.Text) {}),
		"DeleteTexts":       s.DeleteTexts(Text(1).ID),
		"Devices":           devicesErr,
		"SaveSettings":      s.SaveSettings(Settings(1)),
		"SaveDevices":       s.SaveDevices([]storage.Device{Device(1)}, nil),
	} {
		if !errors.Is(err, storage.ErrClosed) {
			t.Errorf("%s: %v, want storage.ErrClosed", call, err)
		}
	}
}
