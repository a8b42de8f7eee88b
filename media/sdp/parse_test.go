package sdp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseForgives(t *testing.T) {
	const good = "v=0\r\no=- 1 2 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\na=sendonly\r\n"
	want := parsed(t, []byte(good)).Bytes()
	tests := map[string]string{
		"bare LF":                strings.ReplaceAll(good, "\r\n", "\n"),
		"no line end at the end": strings.TrimSuffix(good, "\r\n"),
		"half a line end":        strings.TrimSuffix(good, "\n"),
		"empty lines":            "\r\n" + strings.ReplaceAll(good, "\r\n", "\r\n\r\n  \r\n"),
		"no t= and no s=":        strings.NewReplacer("t=0 0\r\n", "", "s=-\r\n", "").Replace(good),
		"s= is empty":            strings.Replace(good, "s=-", "s=", 1),
		"unknown lines":          strings.Replace(good, "t=0 0\r\n", "b=AS:84\r\nt=0 0\r\ny=what\r\nk=prompt\r\n", 1),
		"blanks around values":   strings.NewReplacer("a=sendonly", "a= sendonly ", "RTP/AVP 0 8", "RTP/AVP  0 8 ").Replace(good),
		"no user name":           strings.Replace(good, "o=- ", "o= ", 1),
		"ttl":                    strings.Replace(good, "c=IN IP4 198.51.100.7", "c=IN IP4 198.51.100.7/127", 1),
		"lower-case net type":    strings.Replace(good, "c=IN IP4", "c=in ip4", 1),
		"second c=":              strings.Replace(good, "t=0 0", "c=IN IP4 198.51.100.99\r\nt=0 0", 1),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := Parse([]byte(in))
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Bytes(); !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestParseKeeps(t *testing.T) {
	t.Run("o= numbers beyond 64 bits and names with blanks", func(t *testing.T) {
		s := parsed(t, []byte("v=0\no=Jane Doe 99999999999999999999999 18446744073709551616 IN IP6 2001:db8::1\n"))
		equal(t, "origin", s.Origin, Origin{"Jane Doe", "99999999999999999999999", "18446744073709551616", "2001:db8::1"})
	})
	t.Run("several ports", func(t *testing.T) {
		s := parsed(t, body("m=video 5000/2 RTP/AVP 31"))
		equal(t, "port", s.Media[0].Port, 5000)
		equal(t, "ports", s.Media[0].Ports, 2)
	})
	t.Run("refused stream without formats", func(t *testing.T) {
		equalLines(t, parsed(t, body("m=video 0 RTP/AVP")), "video 0 RTP/AVP")
	})
}

func TestParseRefuses(t *testing.T) {
	many := func(n int, line string) string {
		return string(body()) + strings.Repeat(line+"\n", n)
	}
	tests := []struct{ name, in, want string }{
		{"nothing", "", "sdp: description is empty"},
		{"not SDP", "hello", "sdp: line 1: not of the form x=value"},
		{"other version", "v=1\n", "sdp: line 1: a description starts with v=0"},
		{"no version", "o=- 1 1 IN IP4 a\n", "sdp: line 1: a description starts with v=0"},
		{"no origin", "v=0\ns=-\n", "sdp: o= line is missing"},
		{"two origins", "v=0\no=- 1 1 IN IP4 a\no=- 1 1 IN IP4 a\n", "sdp: line 3: second o= line"},
		{"short origin", "v=0\n\no=- 1 1\n", "sdp: line 3: o= has 3 fields instead of 6"},
		{"short c=", "v=0\no=- 1 1 IN IP4 a\nc=IN IP4\n", "sdp: line 3: c= has 2 fields instead of 3"},
		{"c= without host", "v=0\no=- 1 1 IN IP4 a\nc=IN IP4 /127\n", "sdp: line 3: c= has no address"},
		{"no equals sign", "v=0\na\n", "sdp: line 2: not of the form x=value"},
		{"bare CR", "v=0\ns=a\rb\n", "sdp: line 2: control character 0x0d"},
		{"NUL", "v=0\ns=a\x00b\n", "sdp: line 2: control character 0x00"},
		{"short m=", "v=0\nm=audio 1\n", "sdp: line 2: m= has 2 fields, at least 4 are needed"},
		{"m= without formats", "v=0\nm=audio 1 RTP/AVP\n", "sdp: line 2: m= has no formats"},
		{"port too high", "v=0\nm=audio 65536 RTP/AVP 0\n", `sdp: line 2: m= has port "65536"`},
		{"port below zero", "v=0\nm=audio -1 RTP/AVP 0\n", `sdp: line 2: m= has port "-1"`},
		{"no ports", "v=0\nm=audio 1/0 RTP/AVP 0\n", `sdp: line 2: m= has "0" ports`},
		{"formats", "v=0\nm=audio 1 RTP/AVP" + strings.Repeat(" 0", 65), "sdp: line 2: more than 64 formats"},
		{"m= lines", many(33, "m=audio 1 RTP/AVP 0"), "sdp: line 39: more than 32 m= lines"},
		{"a= lines", many(1025, "a=x"), "sdp: line 1031: more than 1024 a= lines"},
		{"length", "v=0\n" + strings.Repeat(" ", 64<<10), "sdp: description of 65540 bytes is longer than 65536"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse([]byte(tt.in))
			var parse *ParseError
			if !errors.As(err, &parse) {
				t.Fatalf("got %v, %v, want a *ParseError", s, err)
			}
			equal(t, "error", err.Error(), tt.want)
		})
	}
}

func TestParseTakesItsLimits(t *testing.T) {
	in := string(body()) + strings.Repeat("a=x\n", 1024) + strings.Repeat("m=audio 1 RTP/AVP"+strings.Repeat(" 0", 64)+"\n", 32)
	s := parsed(t, []byte(in))
	equal(t, "shape", fmt.Sprint(len(s.Attrs), len(s.Media), len(s.Media[31].Formats)), "1024 32 64")
}

func TestWriterLetsNoFieldStartALine(t *testing.T) {
	const evil = "x\r\na=evil\ny\x00"
	s := Session{
		Origin: Origin{evil, evil, evil, evil}, Name: evil, Host: evil,
		Attrs: []Attr{{evil, evil}},
		Media: []Media{{Kind: evil, Port: 1, Proto: evil, Formats: []string{evil}, Host: evil, Attrs: []Attr{{evil, evil}}}},
	}
	for line := range strings.Lines(string(s.Bytes())) {
		if strings.HasPrefix(line, "a=evil") || !strings.HasSuffix(line, "\r\n") || strings.ContainsAny(line[:len(line)-2], "\r\n\x00") {
			t.Errorf("line %q", line)
		}
	}
	equal(t, "lines", strings.Count(string(s.Bytes()), "\n"), 9)
}
