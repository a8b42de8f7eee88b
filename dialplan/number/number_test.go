package number_test

import (
	"errors"
	"strings"
	"testing"

	"dialtone/dialplan/number"
)

// understood is what a plan makes of a dialled text: E.164 or short number,
// country, type and class; or the error.
func understood(p number.Plan, dialled string) string {
	n, err := p.Normalise(dialled)
	if err != nil {
		var e *number.Error
		if !errors.As(err, &e) || e.Remedy == "" {
			return "not a *number.Error"
		}
		return e.Err.Error()
	}
	valid := ""
	if !n.Valid {
		valid = " unassigned"
	}
	return strings.Join([]string{n.String(), n.Country, string(n.Type), string(n.Class)}, " ") + valid
}

func TestNormalise(t *testing.T) {
	var (
		local   = number.ErrLocal.Error()
		length  = number.ErrLength.Error()
		foreign = number.ErrCountryCode.Error()
		none    = number.ErrNotANumber.Error()
	)
	tests := []struct {
		country string
		cases   [][2]string
	}{
		{"DE", [][2]string{
			{"0049 30 123", "+4930123 DE fixed domestic"},
			{"+49 30 123456", "+4930123456 DE fixed domestic"},
			{"+49 (0)30 123456", "+4930123456 DE fixed domestic"},
			{"030 123", "+4930123 DE fixed domestic"},
			{"(030) 12-34/56", "+4930123456 DE fixed domestic"},
			{"4930123456", "+4930123456 DE fixed domestic"},
			{"491212121212", "+491212121212 DE unknown domestic unassigned"},
			{"0151 12345678", "+4915112345678 DE mobile mobile"},
			{"0800 1234567", "+498001234567 DE toll-free toll-free"},
			{"0180 5 12345", "+49180512345 DE shared domestic"},
			{"0900 5 123456", "+499005123456 DE premium premium"},
			{"0700 12345678", "+4970012345678 DE personal premium"},
			{"110", "110 DE emergency emergency"},
			{"112", "112 DE emergency emergency"},
			{"11833", "11833 DE service premium"},
			{"116117", "116117 DE toll-free toll-free"},
			{"2001", local},
			{"12", local},
			{"30123456", local}, // without its 0 it is a number of one's own town
			{"030123456789012345", local},
			{"0033123456789", "+33123456789 FR fixed international"},
			{"442071234567", "+442071234567 GB fixed international"},
			{"+1 876 555 1234", "+18765551234 JM mobile international"},
			{"+870773111222", "+870773111222 001 mobile premium"},
			{"00881612345678", "+881612345678 001 mobile premium"},
			{"+800 1234 5678", "+80012345678 001 toll-free toll-free"},
			{"+979 123456789", "+979123456789 001 premium premium"},
			{"+43 900 123456", "+43900123456 AT premium premium"},
			{"+43 800 123456", "+43800123456 AT toll-free international"},
			{"00999123456", foreign},
			{"+999123456", foreign},
			{"+493", length},
			{"+4930123456789012345", length},
			{"", none},
			{"+", none},
			{"abc", none},
			{"*43", none},
			{"0800 FLOWERS", none},
			{"030123456;ext=1", none},
			{"٠٣٠١٢٣٤٥٦", none},
			{strings.Repeat("1", 33), length},
			{strings.Repeat("1", 41), none},
		}},
		{"FR", [][2]string{
			{"01 23 45 67 89", "+33123456789 FR fixed domestic"},
			{"06 12 34 56 78", "+33612345678 FR mobile mobile"},
			{"33123456789", "+33123456789 FR fixed domestic"},
			{"0899 12 34 56", "+33899123456 FR premium premium"},
			{"17", "17 FR emergency emergency"},
			{"3631", "3631 FR premium premium"},
			{"3010", "3010 FR toll-free toll-free"},
			{"31234", local},
			{"+262 262 12 34 56", "+262262123456 RE fixed international"},
		}},
		{"GB", [][2]string{
			{"020 7123 4567", "+442071234567 GB fixed domestic"},
			{"07912 345678", "+447912345678 GB mobile mobile"},
			{"07700 900123", "+447700900123 GB unknown domestic unassigned"},
			{"447912345678", "+447912345678 GB mobile mobile"},
			{"00447912345678", "+447912345678 GB mobile mobile"},
			{"070 1234 5678", "+447012345678 GB personal premium"},
			{"0845 123 4567", "+448451234567 GB premium premium"},
			{"01481 960194", "+441481960194 GG fixed international"},
			{"999", "999 GB emergency emergency"},
			{"112", "112 GB emergency emergency"},
			{"118118", "118118 GB service premium"},
		}},
		{"US", [][2]string{
			{"(212) 555-0123", "+12125550123 US fixed domestic"},
			{"1 212 555 0123", "+12125550123 US fixed domestic"},
			{"011 49 30 123456", "+4930123456 DE fixed international"},
			{"442071234567", "+442071234567 GB fixed international"},
			{"800 555 0123", "+18005550123 US toll-free toll-free"},
			{"900 555 1234", "+19005551234 US premium premium"},
			{"1 876 555 1234", "+18765551234 JM mobile international"},
			{"416 555 0123", "+14165550123 CA fixed international"},
			{"911", "911 US emergency emergency"},
			{"555 0123", local},
			{"2001", local},
			{"24280", "24280 US premium premium"},
		}},
		{"IT", [][2]string{
			{"06 1234567", "+39061234567 IT fixed domestic"},
			{"347 1234567", "+393471234567 IT mobile mobile"},
			{"390612345678", "+390612345678 IT fixed domestic"},
			{"393471234567", "+393471234567 IT mobile mobile"},
			{"0039 06 1234567", "+39061234567 IT fixed domestic"},
			{"899 123456", "+39899123456 IT premium premium"},
			{"113", "113 IT emergency emergency"},
		}},
		{"CH", [][2]string{
			{"044 668 18 00", "+41446681800 CH fixed domestic"},
			{"41446681800", "+41446681800 CH fixed domestic"},
			{"079 123 45 67", "+41791234567 CH mobile mobile"},
			{"0900 123 456", "+41900123456 CH premium premium"},
			{"117", "117 CH emergency emergency"},
			{"143", "143 CH service service"},
			{"140", "140 CH service service"},
			{"201", local},
		}},
		{"IN", [][2]string{ // mobile numbers are dialled without the 0
			{"98765 43210", "+919876543210 IN mobile mobile"},
			{"919876543210", "+919876543210 IN mobile mobile"},
		}},
	}
	for _, test := range tests {
		p, err := number.New(strings.ToLower(test.country))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range test.cases {
			if got := understood(p, c[0]); got != c[1] {
				t.Errorf("%s %q: %s, want %s", test.country, c[0], got, c[1])
			}
		}
	}
}

func TestNational(t *testing.T) {
	for _, test := range []struct{ country, dialled, national, code string }{
		{"DE", "+49 30 123456", "030123456", "49"},
		{"DE", "+49 151 12345678", "015112345678", "49"},
		{"DE", "+1 212 555 0123", "2125550123", "1"},
		{"FR", "+33 1 23 45 67 89", "0123456789", "33"},
		{"IT", "+39 06 1234567", "061234567", "39"},
		{"US", "+1 212 555 0123", "2125550123", "1"},
		{"DE", "112", "112", ""},
	} {
		p, err := number.New(test.country)
		if err != nil {
			t.Fatal(err)
		}
		n, err := p.Normalise(test.dialled)
		if err != nil || n.National != test.national || n.CountryCode != test.code {
			t.Errorf("%s %s: national %q, country code %q, %v; want %q, %q", test.country, test.dialled, n.National, n.CountryCode, err, test.national, test.code)
		}
		if n.Short() != (test.code == "") {
			t.Errorf("%s is short: %v", test.dialled, n.Short())
		}
	}
}

func TestTheSameNumberInAllWritings(t *testing.T) {
	p, err := number.New("DE")
	if err != nil {
		t.Fatal(err)
	}
	for _, dialled := range []string{"+4930123456", "004930123456", "4930123456", "030123456", "+49 (0) 30 / 12 34 56", "+49-30-123456", " 030.123.456 "} {
		if n, err := p.Normalise(dialled); err != nil || n.E164 != "+4930123456" {
			t.Errorf("%q: %v, %v", dialled, n, err)
		}
	}
}

func TestEmergency(t *testing.T) {
	for _, test := range []struct {
		country string
		yes, no string
	}{
		{"DE", "110 112 911", "11 1120 01101 0112 115 +112"},
		{"GB", "999 112", "99 9999 101"},
		{"US", "911 112", "91 9110 411"},
		{"FR", "15 17 18 112", "16 1 170"},
		{"IT", "112 113 118", "111 1130"},
		{"CH", "112 117 118 144", "119 1441"},
		{"de", "110", ""},
		{"", "112 911", "110"},
		{"XX", "112 911", "110"},
	} {
		for want, list := range map[bool]string{true: test.yes, false: test.no} {
			for digits := range strings.FieldsSeq(list) {
				if got := number.Emergency(test.country, digits); got != want {
					t.Errorf("%s in %q is an emergency number: %v, want %v", digits, test.country, got, want)
				}
			}
		}
	}
}

func TestCountries(t *testing.T) {
	p, err := number.New("gb")
	if err != nil || p.Country() != "GB" || p.CountryCode() != "44" {
		t.Errorf("gb: %s, %s, %v", p.Country(), p.CountryCode(), err)
	}
	for country, remedy := range map[string]string{"UK": `"GB"`, "": "two letters", "DEU": "two letters", "XX": "two letters", "001": "two letters", "ZZ": "two letters"} {
		if _, err := number.New(country); !errors.Is(err, number.ErrCountry) || !strings.Contains(err.Error(), remedy) {
			t.Errorf("%q: %v", country, err)
		}
	}
	var zero number.Plan
	if _, err := zero.Normalise("110"); !errors.Is(err, number.ErrCountry) {
		t.Errorf("the zero plan: %v", err)
	}
}

// FuzzNormalise also looks whether normalising twice changes anything.
func FuzzNormalise(f *testing.F) {
	for _, seed := range []string{"0049 30 123", "+49 (0)30 123456", "4930123456", "112", "011 44 20 7123 4567", "+870773111222", "(212) 555-0123", "+1", "00", "0", "1"} {
		for _, country := range []string{"DE", "US", "IT"} {
			f.Add(country, seed)
		}
	}
	f.Fuzz(func(t *testing.T, country, dialled string) {
		p, err := number.New(country)
		if err != nil {
			if !errors.Is(err, number.ErrCountry) {
				t.Fatal(err)
			}
			return
		}
		n, err := p.Normalise(dialled)
		if err != nil {
			var e *number.Error
			if !errors.As(err, &e) || e.Remedy == "" || len(err.Error()) > 300 {
				t.Fatalf("%s %q: %v", country, dialled, err)
			}
			return
		}
		if n.Country == "" || n.Type == "" || n.Class == "" || n.National == "" {
			t.Errorf("%s %q: something is missing: %+v", country, dialled, n)
		}
		if n.Short() {
			return
		}
		again, err := p.Normalise(n.E164)
		if err != nil || again.E164 != n.E164 || again.Class != n.Class {
			t.Errorf("%s %q: %+v, again %+v, %v", country, dialled, n, again, err)
		}
	})
}

func BenchmarkNormalise(b *testing.B) {
	p, err := number.New("DE")
	if err != nil {
		b.Fatal(err)
	}
	for _, dialled := range []string{"030123456", "+442071234567", "112", "2001", "4930123456"} {
		b.Run(dialled, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				_, _ = p.Normalise(dialled)
			}
		})
	}
}
