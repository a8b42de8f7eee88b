package pbx

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestAlerts(t *testing.T) {
	var out bytes.Buffer
	kept := &alerts{}
	log := slog.New(watched{Handler: slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError}), alerts: kept})
	log.With("call", "c1").Warn("refused", "number", "+43", "event", "toll-limit")
	log.Info("not bad", "event", "toll-limit")
	log.Warn("no event", "number", "+43")
	log.WithGroup("g").With("event", "x").Warn("not at the top")
	log.Error("worse", "event", "emergency-failed", "error", fmt.Errorf("no trunk"))
	got := kept.newest()
	if len(got) != 2 {
		t.Fatalf("kept %+v", got)
	}
	if a := got[0]; a.Event != "emergency-failed" || a.Level != "error" || a.Text != "worse" || a.Values["error"] != "no trunk" || a.At.IsZero() {
		t.Errorf("the newest is %+v", a)
	}
	if a := got[1]; a.Event != "toll-limit" || a.Level != "warn" || a.Values["call"] != "c1" || a.Values["number"] != "+43" {
		t.Errorf("the oldest is %+v", a)
	}
	if text := out.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "worse") {
		t.Errorf("written: %s", text)
	}
}

func TestAlertsAreBounded(t *testing.T) {
	kept := &alerts{}
	log := slog.New(watched{Handler: slog.DiscardHandler, alerts: kept})
	for i := range 250 {
		log.Warn("one of many", "event", "e", "number", i)
	}
	got := kept.newest()
	if len(got) != maxAlerts || got[0].Values["number"] != "249" || got[99].Values["number"] != "150" {
		t.Errorf("%d are kept, from %s to %s", len(got), got[0].Values, got[len(got)-1].Values)
	}
}
