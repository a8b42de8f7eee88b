package storagetest

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/storage"
)

// Settings are those of extension 100+n, all of them given.
func Settings(n int) storage.Settings {
	forward := func(to string) storage.Forward { return storage.Forward{On: true, To: to, After: 15 * time.Second} }
	return storage.Settings{
		Extension: strconv.Itoa(100 + n), DND: true, Forward: forward("102"), Busy: forward(storage.ForwardVoicemail),
		NoAnswer: forward("+49170123"), NotRegistered: forward("103"), FollowMe: true,
		Follow:    []storage.Follow{{To: "104", After: time.Second}, {To: "+49170124", Confirm: true}},
		NoWaiting: true, HideNumber: true, RingBacks: []storage.RingBack{{To: "105", Idle: true, Expires: noon()}}, Changed: noon(),
	}
}

func settingsChange(t *testing.T, s storage.Store) {
	check := func(want ...storage.Settings) {
		t.Helper()
		got, err := s.Settings()
		if err != nil {
			t.Fatalf("Settings: %v", err)
		}
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	save := func(one storage.Settings) {
		t.Helper()
		if err := s.SaveSettings(one); err != nil {
			t.Fatalf("SaveSettings: %v", err)
		}
	}
	check()
	save(Settings(2))
	mine := Settings(1)
	save(mine)
	mine.Follow[0].To = "changed"
	check(Settings(1), Settings(2))
	later := storage.Settings{Extension: "101", Forward: storage.Forward{To: "102"}}
	save(later)
	check(later, Settings(2))
	save(storage.Settings{Extension: "102", Changed: noon()}) // nothing is set any more
	save(storage.Settings{Extension: "109"})
	check(later)
	for _, bad := range []storage.Settings{
		{DND: true},
		{Extension: "101", Forward: storage.Forward{To: strings.Repeat("1", 300)}},
		{Extension: "101", Follow: make([]storage.Follow, 51)},
	} {
		if err := s.SaveSettings(bad); err == nil {
			t.Errorf("%.60v was kept", bad)
		}
	}
	check(later)
}
