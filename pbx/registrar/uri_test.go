package registrar

import "testing"

func TestCanonicalURI(t *testing.T) {
	tests := []struct{ a, b string }{
		{"sip:alice@Example.COM", "SIP:alice@example.com"},
		{"sip:%61lice@h", "sip:alice@h"},
		{"sip:a%3b@h", "sip:a%3B@h"},
		{"sip:a@h;transport=tcp;ob", "sip:a@h;OB;Transport=TCP"},
		{"sip:h;x=%31", "sip:h;x=1"},
		{"sip:a;b@h", "sip:a;b@H"},
	}
	for _, tt := range tests {
		if a, b := canonicalURI(tt.a), canonicalURI(tt.b); a != b {
			t.Errorf("%s is %s, %s is %s; want the same", tt.a, a, tt.b, b)
		}
	}
	differ := []struct{ a, b string }{
		{"sip:a@h", "sips:a@h"},
		{"sip:a@h", "sip:A@h"},
		{"sip:a@h", "sip:a@h:5060"},
		{"sip:a@h", "sip:h"},
		{"sip:a%3bb@h", "sip:a;b@h"},
		{"sip:a@h;x=1", "sip:a@h;x=2"},
		{"sip:a@h?x", "sip:a@h"},
	}
	for _, tt := range differ {
		if a, b := canonicalURI(tt.a), canonicalURI(tt.b); a == b {
			t.Errorf("%s and %s are both %s; want them to differ", tt.a, tt.b, a)
		}
	}
}

func FuzzCanonicalURI(f *testing.F) {
	for _, s := range []string{"sip:a@h;b=c?d", "sip:%41%2f%", ":::@@;;??", "sip:a;@h;;", "%253A:", "s:h;x=%31;x=0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		once := canonicalURI(uri)
		if len(once) > 4*len(uri)+2 {
			t.Errorf("%q grows to %q", uri, once)
		}
		if twice := canonicalURI(once); twice != once {
			t.Errorf("%q is %q, which is %q", uri, once, twice)
		}
	})
}
