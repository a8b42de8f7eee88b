package storagetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"dialtone/storage"
)

// Recording is number n, with every field set: the higher, the later.
func Recording(n int) storage.Recording {
	id := fmt.Sprintf("%011x-abcd%04d", n, n)
	return storage.Recording{
		ID: id, State: storage.RecordingKept, Call: fmt.Sprint("call", n), From: "100", FromName: "Zoë", To: "101", DID: "+4930123450",
		Parties: []string{"100", "101"}, Start: noon().Add(time.Duration(n) * time.Minute), Length: 12 * time.Second,
		Pauses: []storage.Pause{{At: time.Second, For: 3 * time.Second}}, By: "rule", Consent: "announced", File: "2026/03/04/" + id + ".wav",
		Format: "wav", Sealed: true, Bytes: 5, SHA256: "ab", Incomplete: "the disk is full", Keep: time.Hour,
	}
}

func recordings(t *testing.T, s storage.Store, f storage.RecordingFilter) (all []storage.Recording) {
	t.Helper()
	err := s.Recordings(f, func(r storage.Recording) bool {
		all = append(all, r)
		return true
	})
	if err != nil {
		t.Fatalf("Recordings: %v", err)
	}
	return all
}

func saveRecordings(t *testing.T, s storage.Store, list ...storage.Recording) {
	t.Helper()
	for _, r := range list {
		if err := s.SaveRecording(r); err != nil {
			t.Fatalf("SaveRecording: %v", err)
		}
	}
}

func recordingRoundTrip(t *testing.T, s storage.Store) {
	const many = 300 // more than are read at once
	for n := range many {
		saveRecordings(t, s, Recording(n))
	}
	all := recordings(t, s, storage.RecordingFilter{})
	if len(all) != many {
		t.Fatalf("%d came back", len(all))
	}
	for i, r := range all {
		if want := Recording(many - 1 - i); !reflect.DeepEqual(r, want) {
			t.Fatalf("got  %+v\nwant %+v", r, want)
		}
	}
	all[0].Parties[0], all[0].Pauses[0].At = "changed", 0
	if got := recordings(t, s, storage.RecordingFilter{Limit: 1}); len(got) != 1 || !reflect.DeepEqual(got[0], Recording(many-1)) {
		t.Errorf("the last one is %+v", got)
	}
	n := 0
	_ = s.Recordings(storage.RecordingFilter{}, func(storage.Recording) bool { n++; return n < 3 })
	if n != 3 {
		t.Errorf("yield was called %d times after it said stop", n)
	}
	for _, change := range []func(*storage.Recording){
		func(r *storage.Recording) { r.ID = "../../etc/passwd" },
		func(r *storage.Recording) { r.ID = "" },
		func(r *storage.Recording) { r.State = "" },
		func(r *storage.Recording) { r.File = "" },
	} {
		bad := Recording(1)
		change(&bad)
		if err := s.SaveRecording(bad); err == nil {
			t.Errorf("%+v was kept", bad)
		}
	}
}

func recordingFilter(t *testing.T, s storage.Store) {
	other := Recording(2)
	other.From, other.To, other.DID, other.Parties = "102", "103", "", []string{"102", "104"}
	saveRecordings(t, s, Recording(1), other, Recording(3))
	for name, tt := range map[string]struct {
		f    storage.RecordingFilter
		want []storage.Recording
	}{
		"since":         {storage.RecordingFilter{Since: other.Start}, []storage.Recording{Recording(3), other}},
		"until":         {storage.RecordingFilter{Until: other.Start}, []storage.Recording{Recording(1)}},
		"id":            {storage.RecordingFilter{ID: other.ID}, []storage.Recording{other}},
		"no such id":    {storage.RecordingFilter{ID: Recording(9).ID}, nil},
		"id of others":  {storage.RecordingFilter{ID: other.ID, Call: "call1"}, nil},
		"call":          {storage.RecordingFilter{Call: "call1"}, []storage.Recording{Recording(1)}},
		"from":          {storage.RecordingFilter{Party: "102"}, []storage.Recording{other}},
		"to":            {storage.RecordingFilter{Party: "103"}, []storage.Recording{other}},
		"one who joins": {storage.RecordingFilter{Party: "104"}, []storage.Recording{other}},
		"number called": {storage.RecordingFilter{Party: "+4930123450", Limit: 1}, []storage.Recording{Recording(3)}},
		"nobody":        {storage.RecordingFilter{Party: "1"}, nil},
	} {
		if got := recordings(t, s, tt.f); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, tt.want)
		}
	}
}

func recordingsChange(t *testing.T, s storage.Store) {
	begun := Recording(1)
	begun.State, begun.SHA256 = storage.RecordingMade, ""
	saveRecordings(t, s, begun, Recording(2), Recording(3), Recording(1))
	if err := s.DeleteRecordings(Recording(2).ID, Recording(9).ID, Recording(3).ID); err != nil {
		t.Fatal(err)
	}
	if got, want := recordings(t, s, storage.RecordingFilter{}), []storage.Recording{Recording(1)}; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
