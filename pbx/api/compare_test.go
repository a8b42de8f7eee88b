package api

import (
	"errors"
	"testing"

	"dialtone/config"
)

func TestCompare(t *testing.T) {
	server := &fakeServer{}
	client := serve(t, server)
	result, err := client.Compare(t.Context(), "/etc/new.yaml")
	if err != nil || result.File != "/etc/new.yaml" || result.Version != "v2" || result.Differences == nil {
		t.Errorf("%+v, %v", result, err)
	}
	var failure *Error
	if _, err := client.Compare(t.Context(), "new.yaml"); !errors.As(err, &failure) || failure.Code != "invalid" {
		t.Errorf("a path that is not absolute: %v", err)
	}
	server.reloadErr = config.Errors{{File: "/etc/new.yaml", Line: 3, Column: 1, Reason: "unknown key"}}
	if _, err := client.Compare(t.Context(), ""); !errors.Is(err, ErrConfig) {
		t.Errorf("a file with mistakes: %v", err)
	}
}
