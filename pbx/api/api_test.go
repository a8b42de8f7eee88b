package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dialtone/storage"
)

func TestStatusOverTheSocket(t *testing.T) {
	status, err := serve(t, &fakeServer{}).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.Version != "v0.1.0" || len(status.Addresses) != 2 {
		t.Errorf("what the server says did not arrive: %+v", status)
	}
	if p := status.Process; p.Goroutines == 0 || p.RSS == 0 || p.Heap == 0 || p.PID == 0 {
		t.Errorf("the process was not measured: %+v", p)
	}
}

func TestHangup(t *testing.T) {
	client := serve(t, &fakeServer{calls: []Call{exampleCall()}})
	if err := client.Hangup(t.Context(), exampleCall().ID); err != nil {
		t.Fatal(err)
	}
	calls, err := client.Calls(t.Context())
	if err != nil || len(calls) != 0 {
		t.Errorf("after the hangup there are %v, %v", calls, err)
	}
	err = client.Hangup(t.Context(), "a/b c")
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "a/b c") {
		t.Errorf("hanging up what is not there says %v", err)
	}
}

func TestLists(t *testing.T) {
	client := serve(t, &fakeServer{})
	for _, number := range []string{"+4930123456", "+49180.", "*6#/x"} {
		entry, err := client.AddToList(t.Context(), "block", number, "a note")
		if err != nil || entry.Number != number || entry.Note != "a note" || entry.List != "block" {
			t.Errorf("adding %s gives %+v, %v", number, entry, err)
		}
	}
	if err := client.RemoveFromList(t.Context(), "block", "*6#/x"); err != nil {
		t.Error(err)
	}
	if err := client.RemoveFromList(t.Context(), "block", "*6#/x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("removing once more: %v", err)
	}
	if entries, err := client.ListEntries(t.Context(), "block"); err != nil || len(entries) != 2 || entries[1].Number != "+49180." {
		t.Errorf("there are %v, %v", entries, err)
	}
	if _, err := client.ListEntries(t.Context(), "vip"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a list that is not there: %v", err)
	}
	if lists, err := client.Lists(t.Context()); err != nil || len(lists) != 1 || lists[0].Entries != 2 {
		t.Errorf("lists are %v, %v", lists, err)
	}
	var failure *Error
	if _, err := client.AddToList(t.Context(), "block", "1", strings.Repeat("x", maxNote+1)); !errors.As(err, &failure) || failure.Status != http.StatusBadRequest {
		t.Errorf("a long note: %v", err)
	}
}

func TestReload(t *testing.T) {
	server := &fakeServer{}
	client := serve(t, server)
	result, err := client.Reload(t.Context())
	if err != nil || result.Changes == nil {
		t.Errorf("reload gives %+v, %v", result, err)
	}
	server.reloadErr = errors.New("dialtone.yaml:3:1: unknown key")
	_, err = client.Reload(t.Context())
	var failure *Error
	if !errors.Is(err, ErrConfig) || !errors.As(err, &failure) || failure.Status != http.StatusUnprocessableEntity || failure.Message != server.reloadErr.Error() {
		t.Errorf("a refused reload says %v", err)
	}
}

func TestLogging(t *testing.T) {
	server := &fakeServer{}
	client := serve(t, server)
	if err := client.SetLogLevel(t.Context(), "debug"); err != nil || server.level != "debug" {
		t.Errorf("level is %q, %v", server.level, err)
	}
	var failure *Error
	if err := client.SetLogLevel(t.Context(), "loud"); !errors.As(err, &failure) || failure.Status != http.StatusBadRequest {
		t.Errorf("an unknown level says %v", err)
	}
	if err := client.SetTrace(t.Context(), true); err != nil || !server.trace {
		t.Errorf("trace is %v, %v", server.trace, err)
	}
}

func TestRecordsStream(t *testing.T) {
	server := &fakeServer{records: make([]storage.CDR, 500)}
	for i := range server.records {
		server.records[i] = exampleCDR()
	}
	client := serve(t, server)
	filter := storage.CDRFilter{Since: exampleStart(), Until: exampleStart().Add(time.Nanosecond), Party: "1 00&", Limit: 9000}
	n := 0
	if err := client.CDRs(t.Context(), filter, func(c storage.CDR) bool {
		if c.ID != exampleCDR().ID || len(c.Legs) != 2 || !c.Answer.Equal(exampleCDR().Answer) {
			t.Errorf("record arrived as %+v", c)
		}
		n++
		return true
	}); err != nil || n != 500 {
		t.Errorf("got %d records, %v", n, err)
	}
	if server.filter != filter {
		t.Errorf("the filter arrived as %+v", server.filter)
	}
}

func TestRecordsThatCannotBeReadAreNoShortList(t *testing.T) {
	all := func(storage.CDR) bool { return true }
	for _, after := range []int{1, 400} { // before and after the answer has begun
		server := &fakeServer{records: make([]storage.CDR, 500), failAfter: after}
		if err := serve(t, server).CDRs(t.Context(), storage.CDRFilter{}, all); err == nil {
			t.Errorf("a failure after %d records passed for the end", after)
		}
	}
}

func TestNoRecordsIsNoError(t *testing.T) {
	if err := serve(t, &fakeServer{}).CDRs(t.Context(), storage.CDRFilter{}, nil); err != nil {
		t.Error(err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	handler := serveHandler(t)
	for _, c := range []struct {
		method, target, body string
		status               int
		says                 string
	}{
		{"GET", "/v1/nothing", "", 404, "not part of the API"},
		{"POST", "/v1/status", "", 404, "not part of the API"},
		{"GET", "/v1/cdr?since=yesterday", "", 400, "since"},
		{"GET", "/v1/cdr?limit=-1", "", 400, "limit"},
		{"GET", "/v1/cdr?form=100", "", 400, "form"},
		{"PUT", "/v1/log-level", `{"level":"debug"} {}`, 400, "goes on"},
		{"PUT", "/v1/log-level", `{"loudness":"debug"}`, 400, "loudness"},
		{"PUT", "/v1/trace", `{}`, 400, "on"},
		{"PUT", "/v1/trace", `{"on":true` + strings.Repeat(" ", maxBody) + `}`, 400, "too large"},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.target, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || !strings.HasPrefix(w.Body.String(), `{"error":`) {
			t.Errorf("%s %s %.40s: %d %s", c.method, c.target, c.body, w.Code, w.Body)
		}
	}
}

func serveHandler(t *testing.T) http.Handler {
	t.Helper()
	return New(&fakeServer{}, discard()).Handler()
}

func TestEmptyListsAreLists(t *testing.T) {
	handler := serveHandler(t)
	for _, path := range []string{"/v1/calls", "/v1/features"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if strings.TrimSpace(w.Body.String()) != "[]" {
			t.Errorf("%s gives %s", path, w.Body)
		}
	}
}
