package personal_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/pbx/personal"
)

func open(t *testing.T, folder string) *personal.Book {
	t.Helper()
	b, err := personal.Open(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestContactsAreKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "people")
	b := open(t, folder)
	added, err := b.Add("100", []personal.Contact{{Name: " Atelier Nord ", Numbers: []string{"+331", " ", "+331"}}, {Name: "Zoe", Numbers: []string{"0170"}}})
	if err != nil {
		t.Fatal(err)
	}
	nord := added[0]
	if nord.Name != "Atelier Nord" || len(nord.Numbers) != 1 || nord.ID == "" || nord.ID == added[1].ID {
		t.Errorf("added as %+v", nord)
	}
	nord.Company = "Nord SARL"
	if err := errors.Join(b.Put("100", nord), b.Favour("100", nord.ID, true), b.Favour("100", "101", true), b.Favour("100", "101", true)); err != nil {
		t.Fatal(err)
	}
	b = open(t, folder) // another start
	own := b.Of("100")
	if len(own.Contacts) != 2 || own.Contacts[0].Company != "Nord SARL" || fmt.Sprint(own.Favourites) != fmt.Sprint([]string{nord.ID, "101"}) {
		t.Errorf("kept is %+v", own)
	}
	if others := b.Of("101"); len(others.Contacts) != 0 {
		t.Errorf("somebody else has %+v", others)
	}
	if err := b.Remove("100", nord.ID); err != nil {
		t.Fatal(err)
	}
	if own := b.Of("100"); len(own.Contacts) != 1 || len(own.Favourites) != 1 {
		t.Errorf("after it is removed: %+v", own)
	}
	for name, err := range map[string]error{"remove": b.Remove("100", nord.ID), "put": b.Put("100", nord), "put another's": b.Put("101", added[1])} {
		if !errors.Is(err, personal.ErrUnknown) {
			t.Errorf("%s one that is not there: %v", name, err)
		}
	}
}

func TestWhatIsTooMuchIsRefusedInWhole(t *testing.T) {
	b := open(t, t.TempDir())
	many := make([]personal.Contact, personal.MostContacts)
	for i := range many {
		many[i].Name = fmt.Sprint("Somebody ", i)
	}
	if _, err := b.Add("100", many); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]personal.Contact{
		"one more": {Name: "x"}, "nothing": {}, "a long name": {Name: strings.Repeat("x", 300)}, "no UTF-8": {Name: "\xff"},
		"many numbers": {Name: "x", Numbers: []string{"1", "2", "3", "4", "5", "6"}},
	} {
		if _, err := b.Add(map[bool]string{true: "100", false: "101"}[name == "one more"], []personal.Contact{{Name: "good"}, c}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if n, others := len(b.Of("100").Contacts), len(b.Of("101").Contacts); n != personal.MostContacts || others != 0 {
		t.Errorf("kept are %d and %d", n, others)
	}
	now := time.Now()
	err := b.Change("100", func(o *personal.Own) error {
		o.Seen.Chats = map[string]time.Time{}
		for i := range 600 {
			o.Seen.Chats[strconv.Itoa(i)] = now.Add(time.Duration(i))
		}
		return nil
	})
	if seen := b.Of("100").Seen.Chats; err != nil || len(seen) != 500 || seen["0"] != (time.Time{}) || seen["599"].IsZero() {
		t.Errorf("%d chats, error %v", len(seen), err)
	}
}

func TestAFileThatIsBrokenStopsNothing(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "100.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, folder)
	if _, err := b.Add("100", []personal.Contact{{Name: "x"}}); err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(filepath.Join(folder, "100.json.broken")); err != nil || string(kept) != "{" {
		t.Errorf("what could not be read is lost: %q, %v", kept, err)
	}
}

func TestAPictureIsKept(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder)
	if err := b.SetPicture("100", []byte("a picture")); err != nil {
		t.Fatal(err)
	}
	first := b.Of("100").Picture
	if err := b.SetPicture("100", []byte("another")); err != nil {
		t.Fatal(err)
	}
	b = open(t, folder)
	if got, err := b.Picture("100"); err != nil || string(got) != "another" || first == b.Of("100").Picture || first == "" {
		t.Errorf("the picture is %q, %v; its tag was %q and is %q", got, err, first, b.Of("100").Picture)
	}
	if err := errors.Join(b.SetPicture("100", nil), b.SetPicture("100", nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Picture("100"); err == nil || b.Of("100").Picture != "" {
		t.Error("a picture that was removed is there")
	}
}
