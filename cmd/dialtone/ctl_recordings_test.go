package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/pbx/api"
)

const taped = "019df1d0ac0-k3v7m2qa"

func (*fakeServer) Recordings(f api.RecordingFilter, yield func(api.Recording) bool) error {
	at := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	for _, r := range []api.Recording{
		{ID: "019df1d0bbb-aaaaaaaa", State: "recording", From: "100", To: "102", Start: at, By: "key", Consent: "silent", File: "2026/05/04/019df1d0bbb-aaaaaaaa.wav"},
		{
			ID: taped, State: "kept", From: "+4930123", FromName: "Evil\x1b[2J", To: "101", Start: at, Length: 62 * time.Second, By: "rule",
			Consent: "agreed", Pauses: []api.Pause{{}}, Sealed: true, Incomplete: "the disk is full", File: "2026/05/04/" + taped + ".wav.age",
		},
	} {
		if f.Fits(&r) && !yield(r) {
			break
		}
	}
	return nil
}

func (*fakeServer) OpenRecording(id string) (*os.File, error) {
	if id != taped {
		return nil, fmt.Errorf("recording %s: %w", id, api.ErrNotFound)
	}
	return os.Open("ctl_recordings.go")
}

func (*fakeServer) DeleteRecording(id string) error {
	if id != taped {
		return fmt.Errorf("recording %s: %w", id, api.ErrNotFound)
	}
	return nil
}

func (*fakeServer) VerifyRecordings(context.Context) (api.Verification, error) {
	return api.Verification{Good: 2, Faults: []api.RecordingFault{{ID: taped, File: "a.wav", Why: "the file is gone"}}}, nil
}

func (*fakeServer) Record(_ context.Context, call, do string) error {
	if call != "7f3a9c21" {
		return fmt.Errorf("call %s: %w", call, api.ErrNotFound)
	}
	return &api.Error{Status: 409, Code: "refused", Message: "nothing is recorded, so no " + do}
}

func TestCtlRecordings(t *testing.T) {
	data, dir := start(t, &fakeServer{}), filepath.Join(t.TempDir(), "new")
	for _, tt := range []struct {
		command string
		code    int
		says    []string
	}{
		{"recordings", 0, []string{
			"019df1d0bbb-aaaaaaaa  2026-05-04 ", "being made\n", taped, "1m2s    +4930123 Evil?[2J  101  rule  agreed   1 pause, sealed, incomplete: the disk is full\n",
		}},
		{"recordings --party 555", 0, []string{"There are no such recordings.\n"}},
		{"recordings --since tomorrow", 1, []string{"--since: "}},
		{"recordings export " + taped + " --to " + dir, 0, []string{filepath.Join(dir, taped+".wav.age")}},
		{"recordings export " + taped + " --to " + dir, 0, []string{taped + ".wav.age is there already.\n"}},
		{"recordings export 019df1d0bbb-aaaaaaaa --to " + dir, 0, []string{"019df1d0bbb-aaaaaaaa is still being made: it is left out.\n"}},
		{"recordings export ../x", 1, []string{"not found"}},
		{"recordings delete " + taped, 0, []string{taped + " is deleted.\n"}},
		{"recordings delete x", 1, []string{"not found"}},
		{"recordings verify", 1, []string{taped + "  a.wav: the file is gone\n", "2 recordings are as they were made, 1 is not.\n"}},
		{"record 7f3a9c21 pause", 1, []string{"nothing is recorded, so no pause\n"}},
		{"record 7f3a9c21 dance", 2, []string{"dance"}},
		{"record x stop", 1, []string{"not found"}},
	} {
		code, out, errOut := dialtone(t, append([]string{"ctl", "--data", data}, strings.Fields(tt.command)...)...)
		if code != tt.code {
			t.Errorf("%s: exit code %d, want %d: %s", tt.command, code, tt.code, errOut)
		}
		for _, want := range tt.says {
			if !strings.Contains(out+errOut, want) {
				t.Errorf("%s does not say %q:\n%s%s", tt.command, want, out, errOut)
			}
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("exported: %v, %v", files, err)
	}
	if want, got := read(t, "ctl_recordings.go"), read(t, filepath.Join(dir, taped+".wav.age")); got != want {
		t.Errorf("%d bytes were copied, want %d", len(got), len(want))
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
