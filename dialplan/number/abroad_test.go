package number_test

import (
	"testing"

	"dialtone/dialplan/number"
)

func TestAbroad(t *testing.T) {
	for country, want := range map[string]string{"DE": "00", "FR": "00", "GB": "00", "US": "011", "CA": "011", "AU": "0011", "JP": "010"} {
		p, err := number.New(country)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Abroad(); got != want {
			t.Errorf("from %s: %q, want %q", country, got, want)
		}
	}
}
