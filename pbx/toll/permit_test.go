package toll_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
)

// A call that goes on to another number is one call, up and within the hour.
func TestCallThatMovesCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := office()
		cfg.Permissions["default"] = config.Permission{Allow: []string{"domestic", "mobile"}, Calls: 1, PerHour: 2}
		d := newDesk(cfg)
		p, err := d.Permit(toll1("one", "101", "030123456"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		for _, number := range []string{"040654321", "01701234567", "040654321"} {
			if err := p.Move(toll1("one", "101", number)); err != nil {
				t.Errorf("on to %s: %v", number, err)
			}
		}
		if _, err := d.asks("101", "030123456"); err == nil {
			t.Error("another call is permitted beside it")
		}
		p.Release()
		p.Release()
		if err := p.Move(toll1("one", "101", "030123456")); err == nil {
			t.Error("a call that is over goes on")
		}
		release, err := d.asks("101", "030123456")
		if err != nil {
			t.Fatalf("the second of the hour: %v", err)
		}
		release()
		if _, err := d.asks("101", "030123456"); err == nil || !strings.Contains(err.Error(), "started 2 calls") {
			t.Errorf("the third of the hour: %v", err)
		}
	})
}

// A refused move leaves the call where it counts, and is told of without the lock.
func TestMoveThatIsRefused(t *testing.T) {
	cfg := office()
	cfg.Permissions["default"] = config.Permission{
		Allow: []string{"domestic", "mobile"}, Limits: map[string]config.TollLimit{"mobile": {Calls: 1}, "domestic": {Calls: 1}},
	}
	d := newDesk(cfg)
	p, err := d.Permit(toll1("one", "101", "030123456"))
	if err != nil {
		t.Fatal(err)
	}
	mobile, err := d.asks("101", "01701234567")
	if err != nil {
		t.Fatal(err)
	}
	for number, why := range map[string]string{"09005123456": "kind premium", "01701234568": "has 1 call to mobile numbers"} {
		if err := p.Move(toll1("one", "101", number)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("on to %s: %v, want %s", number, err, why)
		}
	}
	if lines := d.lines(t); len(lines) != 1 {
		t.Errorf("%d lines, want one for the call: %v", len(lines), lines)
	}
	if _, err := d.asks("101", "030123456"); err == nil {
		t.Error("the call does not count any more where it was")
	}
	mobile()
	if err := p.Move(toll1("one", "101", "01701234568")); err != nil {
		t.Errorf("once there is room: %v", err)
	}
	if _, err := d.asks("101", "030123456"); err != nil {
		t.Errorf("the call still counts where it was: %v", err)
	}
}

// What begins as a call for help counts from when it goes elsewhere, if it may.
func TestEmergencyCallThatMoves(t *testing.T) {
	cfg := office()
	cfg.Permissions["default"] = config.Permission{Allow: []string{"domestic"}, Calls: 1}
	d := newDesk(cfg)
	help := toll1("help", "101", "112")
	help.Emergency = true
	p, err := d.Permit(help)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Move(toll1("help", "101", "+881612345678")); err == nil {
		t.Error("it may go to a satellite")
	}
	other, err := d.asks("101", "030123456")
	if err != nil {
		t.Fatalf("an emergency call counts: %v", err)
	}
	if err := p.Move(toll1("help", "101", "030110110")); err == nil {
		t.Error("it passes the limit to an ordinary number")
	}
	other()
	if err := p.Move(toll1("help", "101", "030110110")); err != nil {
		t.Error(err)
	}
	if _, err := d.asks("101", "030123456"); err == nil {
		t.Error("it does not count")
	}
	if err := p.Move(help); err != nil {
		t.Errorf("back: %v", err)
	}
	if _, err := d.asks("101", "030123456"); err != nil {
		t.Errorf("it counts still: %v", err)
	}
}
