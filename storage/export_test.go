package storage_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"dialtone/storage"
	"dialtone/storage/memory"
	"dialtone/storage/storagetest"
)

func storeOf(t *testing.T, records ...storage.CDR) storage.Store {
	t.Helper()
	s := memory.New()
	for _, c := range records {
		if err := s.AddCDR(c); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestWriteJSON(t *testing.T) {
	for _, records := range [][]storage.CDR{nil, {storagetest.Record(1)}, {storagetest.Record(2), storagetest.Record(1)}} {
		var out strings.Builder
		if err := storage.WriteJSON(&out, storeOf(t, records...), storage.CDRFilter{}); err != nil {
			t.Fatal(err)
		}
		var got []storage.CDR
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Fatalf("%d records give no JSON: %v\n%s", len(records), err, out.String())
		}
		if len(got) != len(records) || len(got) > 0 && !reflect.DeepEqual(got, records) {
			t.Errorf("got %+v, want %+v", got, records)
		}
	}
}

func TestWriteCSV(t *testing.T) {
	missed := storagetest.Record(2)
	missed.Answer, missed.Cause, missed.SIP, missed.Legs = time.Time{}, "no-answer", 0, nil
	var out strings.Builder
	outside := storagetest.Record(1)
	outside.Legs[0].Trunk, outside.Legs[1].Trunk, outside.Legs[1].PaidBy = "line", "other", "101"
	if err := storage.WriteCSV(&out, storeOf(t, outside, missed), storage.CDRFilter{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, error %v; want a head and two calls", len(rows), err)
	}
	want := [][]string{
		{"c000002", "2026-03-04T12:00:02.123Z", "", "2026-03-04T12:01:02.123Z", "60.000", "", "100", `Alice "A" Müller`, "101", "", "no-answer", "none", "l1", "", "16", "", "0", "", "", "", ""},
		{"c000001", "2026-03-04T12:00:01.123Z", "2026-03-04T12:00:04.123Z", "2026-03-04T12:01:01.123Z", "60.000", "57.000", "100", `Alice "A" Müller`, "101", "101", "normal", "none", "l1", "200", "16", "", "2", "PCMA", "4.10", "line other", "101"},
	}
	for i, w := range want {
		if !reflect.DeepEqual(rows[i+1], w) {
			t.Errorf("row %d:\n got %q\nwant %q", i+1, rows[i+1], w)
		}
	}
}

func TestCSVSaysWhoAnswered(t *testing.T) {
	c := storagetest.Record(1)
	c.Legs[1].Answer = time.Time{}
	c.Legs = append(c.Legs, storage.CDRLeg{ID: "l3", Party: "102", Answer: c.Answer, Codec: "OPUS"})
	var out strings.Builder
	if err := storage.WriteCSV(&out, storeOf(t, c), storage.CDRFilter{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"101","102","normal"`) || !strings.Contains(out.String(), `"PCMA OPUS"`) {
		t.Errorf("no 102 that answered, or not both codecs, in %s", out.String())
	}
}

// TestCSVHoldsNoFormula covers what callers can put into a spreadsheet.
func TestCSVHoldsNoFormula(t *testing.T) {
	tests := []struct{ name, cell string }{
		{`=cmd|' /C calc'!A0`, `"'=cmd|' /C calc'!A0"`},
		{`+1+1`, `"'+1+1"`},
		{`-2+3`, `"'-2+3"`},
		{`@SUM(1)`, `"'@SUM(1)"`},
		{"\t=1", "\"'\t=1\""},
		{"\ufeff=1", "\"'\ufeff=1\""},
		{`＝1+1`, `"'＝1+1"`},
		{`+4930123456`, `"+4930123456"`},
		{`+`, `"'+"`},
		{`a;=1`, `"a;=1"`},
		{`"",=1`, `""""",=1"`},
		{`100`, `"100"`},
	}
	for _, tt := range tests {
		c := storagetest.Record(1)
		c.FromName = tt.name
		var out strings.Builder
		if err := storage.WriteCSV(&out, storeOf(t, c), storage.CDRFilter{}); err != nil {
			t.Fatal(err)
		}
		if want := `,"100",` + tt.cell + `,"101",`; !strings.Contains(out.String(), want) {
			t.Errorf("%q: %s not in\n%s", tt.name, want, out.String())
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestExportsSayWhenTheyCannotBeWritten(t *testing.T) {
	s := storeOf(t, storagetest.Record(1))
	if err := storage.WriteCSV(brokenPipe{}, s, storage.CDRFilter{}); err == nil {
		t.Error("WriteCSV: no error")
	}
	if err := storage.WriteJSON(brokenPipe{}, s, storage.CDRFilter{}); err == nil {
		t.Error("WriteJSON: no error")
	}
}
