package storagetest

import (
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"dialtone/storage"
)

// Text is message in writing number n, with every field set: the higher, the later.
func Text(n int) storage.Text {
	at := noon().Add(time.Duration(n) * time.Minute)
	return storage.Text{
		ID: fmt.Sprintf("%013x-abcd%04d", n, n), Extension: "101", From: "100", FromName: "Zoë", To: "199", At: at, Expires: at.Add(time.Hour),
		Type: "text/plain;charset=utf-8", Body: []byte("Grüße\x00\xff\n"), Origin: "c 1", Refused: 415,
		Receipts: []storage.Receipt{{Device: "<urn:uuid:1>", Agent: "Phone 1.0", At: at.Add(time.Second), Status: 415}},
	}
}

// Device is number n of extension 101, with every field set.
func Device(n int) storage.Device {
	return storage.Device{Extension: "101", Name: fmt.Sprintf("<urn:uuid:%d>", n), Since: noon(), Seen: noon().Add(time.Hour)}
}

func texts(t *testing.T, s storage.Store, f storage.TextFilter) (all []storage.Text) {
	t.Helper()
	err := s.Texts(f, func(x storage.Text) bool {
		all = append(all, x)
		return true
	})
	if err != nil {
		t.Fatalf("Texts: %v", err)
	}
	return all
}

func saveTexts(t *testing.T, s storage.Store, list ...storage.Text) {
	t.Helper()
	if err := s.SaveTexts(list...); err != nil {
		t.Fatalf("SaveTexts: %v", err)
	}
}

func textRoundTrip(t *testing.T, s storage.Store) {
	const many = 300 // more than are read at once
	var list []storage.Text
	for n := range many {
		list = append(list, Text(n))
	}
	saveTexts(t, s, list...)
	list[0].Body[0], list[0].Receipts[0].Status = 'x', 0
	all := texts(t, s, storage.TextFilter{})
	if len(all) != many {
		t.Fatalf("%d came back", len(all))
	}
	for i, x := range all {
		if want := Text(many - 1 - i); !reflect.DeepEqual(x, want) {
			t.Fatalf("got  %+v\nwant %+v", x, want)
		}
	}
	all[0].Body[0], all[0].Receipts[0].Status = 'x', 0
	if got := texts(t, s, storage.TextFilter{Limit: 1}); len(got) != 1 || !reflect.DeepEqual(got[0], Text(many-1)) {
		t.Errorf("the last one is %+v", got)
	}
	n := 0
	_ = s.Texts(storage.TextFilter{}, func(storage.Text) bool { n++; return n < 3 })
	if n != 3 {
		t.Errorf("yield was called %d times after it said stop", n)
	}
	for _, change := range []func(*storage.Text){
		func(x *storage.Text) { x.ID = "" },
		func(x *storage.Text) { x.ID = "../../etc/passwd" },
		func(x *storage.Text) { x.From = "" },
		func(x *storage.Text) { x.To = "" },
		func(x *storage.Text) { x.Body = make([]byte, 64<<10+1) },
		func(x *storage.Text) { x.Type = fmt.Sprintf("%2000d", 1) },
	} {
		bad := Text(1)
		change(&bad)
		if err := s.SaveTexts(Text(many+1), bad); err == nil {
			t.Errorf("%+v was kept", bad)
		}
	}
	if got := texts(t, s, storage.TextFilter{}); len(got) != many {
		t.Errorf("after refusals there are %d", len(got))
	}
}

func textFilter(t *testing.T, s storage.Store) {
	other := Text(2)
	other.From, other.Extension, other.To = "101", "102", "102"
	hook := Text(4)
	hook.Extension, hook.To = "", "+4930123"
	saveTexts(t, s, Text(1), other, Text(3), hook)
	for name, tt := range map[string]struct {
		f    storage.TextFilter
		want []storage.Text
	}{
		"since":            {storage.TextFilter{Since: Text(3).At}, []storage.Text{hook, Text(3)}},
		"until":            {storage.TextFilter{Until: other.At}, []storage.Text{Text(1)}},
		"id":               {storage.TextFilter{ID: other.ID}, []storage.Text{other}},
		"id of nobody":     {storage.TextFilter{ID: Text(9).ID}, nil},
		"id of another":    {storage.TextFilter{ID: other.ID, Party: "100"}, nil},
		"of one":           {storage.TextFilter{Party: "101"}, []storage.Text{Text(3), other, Text(1)}},
		"a conversation":   {storage.TextFilter{Party: "101", With: "100", Limit: 1}, []storage.Text{Text(3)}},
		"from other side":  {storage.TextFilter{Party: "100", With: "101"}, []storage.Text{Text(3), Text(1)}},
		"by number sent":   {storage.TextFilter{Party: "100", With: "199"}, []storage.Text{Text(3), Text(1)}},
		"with the outside": {storage.TextFilter{Party: "+4930123", With: "100"}, []storage.Text{hook}},
		"nobody":           {storage.TextFilter{Party: "1"}, nil},
	} {
		if got := texts(t, s, tt.f); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, tt.want)
		}
	}
}

func textsChange(t *testing.T, s storage.Store) {
	saveTexts(t, s, Text(1), Text(2), Text(3))
	want := Text(2)
	want.Refused, want.Receipts = 0, append(want.Receipts, storage.Receipt{Device: "x", Status: 200, At: noon()})
	err := s.ChangeText(Text(2).ID, func(x *storage.Text) { x.Refused, x.Receipts, x.ID = 0, want.Receipts, "gone" })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ChangeText(Text(9).ID, func(*storage.Text) { t.Error("one that is not there was changed") }); err != nil {
		t.Error(err)
	}
	if err := s.ChangeText(Text(1).ID, func(x *storage.Text) { x.From = "" }); err == nil {
		t.Error("it was changed into one that cannot be kept")
	}
	if err := s.DeleteTexts(Text(3).ID, Text(9).ID); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, s, storage.TextFilter{}); !reflect.DeepEqual(got, []storage.Text{want, Text(1)}) {
		t.Errorf("got  %+v", got)
	}
}

func textChangesAdd(t *testing.T, s storage.Store) {
	x := Text(1)
	x.Receipts = nil
	saveTexts(t, s, x)
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			if err := s.ChangeText(x.ID, func(x *storage.Text) {
				x.Receipts = append(x.Receipts, storage.Receipt{Device: strconv.Itoa(n), Status: 200})
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := texts(t, s, storage.TextFilter{})[0].Receipts; len(got) != 20 {
		t.Errorf("%d of 20 receipts are there", len(got))
	}
}

func devicesChange(t *testing.T, s storage.Store) {
	other := Device(1)
	other.Extension = "1"
	if err := s.SaveDevices([]storage.Device{Device(2), Device(1), other, Device(3)}, nil); err != nil {
		t.Fatal(err)
	}
	changed := Device(2)
	changed.Seen = noon().Add(48 * time.Hour)
	if err := s.SaveDevices([]storage.Device{changed}, []storage.Device{Device(1), Device(9)}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveDevices([]storage.Device{{Extension: "101"}}, nil); err == nil {
		t.Error("a device without a name was kept")
	}
	got, err := s.Devices()
	if want := []storage.Device{other, changed, Device(3)}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}
