package sipua

import (
	"testing"

	"dialtone/config"
	"dialtone/dialplan/number"
)

func german(t *testing.T) numbering {
	t.Helper()
	plan, err := number.New("DE")
	if err != nil {
		t.Fatal(err)
	}
	return numbering{plan: plan, known: true}
}

func TestDialledNumbers(t *testing.T) {
	t.Parallel()
	of := func(format string, strip int, prefix string) config.DialFormat {
		return config.DialFormat{Format: format, Strip: strip, Prefix: prefix}
	}
	for _, test := range []struct {
		format    config.DialFormat
		dialled   string
		emergency bool
		want      string
	}{
		{of("", 0, ""), "030 123456", false, "+4930123456"},
		{of("e164", 0, ""), "004930123456", false, "+4930123456"},
		{of("e164", 0, ""), "0033 123456789", false, "+33123456789"},
		{of("plain", 0, ""), "030123456", false, "4930123456"},
		{of("national", 0, ""), "+4930123456", false, "030123456"},
		{of("national", 0, ""), "+33123456789", false, "0033123456789"},
		{of("international", 0, ""), "030123456", false, "004930123456"},
		{of("as-dialled", 0, ""), "030123456", false, "030123456"},
		{of("as-dialled", 1, ""), "0030123456", false, "030123456"},
		{of("e164", 1, ""), "030123456", false, "4930123456"},
		{of("national", 1, "+49"), "030123456", false, "+4930123456"},
		{of("plain", 0, "99#"), "030123456", false, "99#4930123456"},
		{of("as-dialled", 20, "0"), "12345", false, "0"},
		// What has no other form keeps all its digits.
		{of("international", 2, ""), "116117", false, "116117"},
		{of("international", 2, ""), "112", true, "112"},
		{of("as-dialled", 1, "0"), "112", true, "0112"},
		{of("e164", 1, ""), "201", false, "201"},
		{of("e164", 0, ""), "*43", false, "*43"},
	} {
		if got := german(t).dialled(test.format, test.dialled, test.emergency); got != test.want {
			t.Errorf("%+v %q: %q, want %q", test.format, test.dialled, got, test.want)
		}
	}
}

// Without a country only the form with + can be read.
func TestNumbersWithoutACountry(t *testing.T) {
	t.Parallel()
	u := &UA{config: func() *config.Config { return &config.Config{} }}
	n := u.numbering(config.Trunk{})
	for _, test := range [][3]string{
		{"e164", "+4930123456", "+4930123456"},
		{"plain", "+4930123456", "4930123456"},
		{"national", "+12125550123", "+12125550123"},
		{"international", "+4930123456", "+4930123456"},
		{"e164", "030123456", "030123456"},
	} {
		if got := n.dialled(config.DialFormat{Format: test[0]}, test[1], false); got != test[2] {
			t.Errorf("%s %s: %q, want %q", test[0], test[1], got, test[2])
		}
	}
}
