package sipedge

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// torture says how the edge meets each message of RFC 4475 over UDP and over TCP;
// 0 is silence. Where nothing is wrong for the edge, the handler answers 200: what
// a registrar or a call makes of it is not decided here.
var torture = map[string]struct {
	udp, tcp int
	why      string
}{
	// §3.1.1 valid
	"wsinv":      {200, 200, "white space and folding everywhere"},
	"intmeth":    {501, 501, "unknown method of odd characters"},
	"esc01":      {200, 200, "escapes in URIs"},
	"escnull":    {200, 200, "escaped NUL in URIs"},
	"esc02":      {501, 501, "a percent sign is no escape in a method or header name"},
	"lwsdisp":    {200, 200, "no space between display name and <"},
	"longreq":    {200, 200, "long values"},
	"dblreq":     {200, 200, "UDP: what follows Content-Length is dropped; TCP: two requests"},
	"semiuri":    {200, 200, "semicolon in the user part"},
	"transports": {200, 200, "Vias of unknown transports"},
	"mpart01":    {405, 405, "MESSAGE is not handled"},
	"unreason":   {0, 0, "a response to nobody"},
	"noreason":   {0, 0, "a response to nobody"},
	// §3.1.2 invalid
	"badinv01":   {400, 400, "empty parameters and values in Via and Contact"},
	"clerr":      {400, 0, "Content-Length larger than the message; TCP waits for the rest"},
	"ncl":        {400, 400, "negative Content-Length"},
	"scalar02":   {400, 400, "CSeq and Max-Forwards out of range"},
	"scalarlg":   {0, 0, "a response with numbers out of range"},
	"quotbal":    {400, 400, "quote that does not end"},
	"ltgtruri":   {400, 400, "<> round the Request-URI"},
	"lwsruri":    {400, 400, "space in the Request-URI"},
	"lwsstart":   {400, 400, "two spaces in the Request-Line"},
	"trws":       {400, 400, "space at the end of the Request-Line"},
	"escruri":    {400, 400, "headers in the Request-URI"},
	"baddate":    {200, 200, "Date not in GMT: nobody asks for the date"},
	"regbadct":   {400, 400, "? in a Contact without <>"},
	"badaspec":   {400, 400, "spaces within <>"},
	"baddn":      {400, 400, "comma in a display name without quotes"},
	"badvers":    {505, 505, "SIP/7.0"},
	"mismatch01": {400, 400, "CSeq of another method"},
	"mismatch02": {400, 400, "the same for an unknown method"},
	"bigcode":    {0, 0, "a response with a code above 2^32"},
	// §3.2 transaction layer
	"badbranch": {200, 200, "branch of the cookie alone: matched as in RFC 2543"},
	// §3.3 application layer
	"insuf":    {400, 400, "no From, To, Call-ID"},
	"unkscm":   {416, 416, "unknown scheme in the Request-URI"},
	"novelsc":  {416, 416, "known scheme that is not SIP"},
	"unksm2":   {200, 200, "unknown schemes elsewhere: the registrar's to judge"},
	"bext01":   {420, 420, "unknown extension required"},
	"invut":    {200, 200, "unknown body type: the call's to refuse (WrongBody)"},
	"regaut01": {200, 200, "unknown authorization scheme: the registrar's to challenge"},
	"multi01":  {400, 400, "single headers twice"},
	"mcl01":    {400, 400, "two lengths"},
	"bcast":    {0, 0, "a response with a Via of somebody else"},
	"zeromf":   {200, 200, "Max-Forwards 0, but OPTIONS is for us"},
	"cparam01": {200, 200, "unknown Contact parameter"},
	"cparam02": {200, 200, "unknown URI parameter"},
	"regescrt": {200, 200, "header in a Contact URI"},
	"sdp01":    {200, 200, "Accept without SDP: the call's to refuse"},
	// §3.4
	"inv2543": {200, 400, "RFC 2543: no branch, no tag; TCP needs Content-Length"},
	// no start line and no Via: found with these messages, not in the RFC
	"test": {0, 0, "no version, no Via, no way to answer"},
}

func TestTortureMessagesGetTheRightReply(t *testing.T) {
	files, err := filepath.Glob("testdata/sip/torture/*.dat")
	if err != nil || len(files) != len(torture) {
		t.Fatalf("%d files for %d rows (%v)", len(files), len(torture), err)
	}
	slices.Sort(files)
	for _, transport := range []string{"udp", "tcp"} {
		b := start(t, setUp{edge: always})
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".dat")
			t.Run(transport+"/"+name, func(t *testing.T) {
				want := torture[name].udp
				if transport == "tcp" {
					want = torture[name].tcp
				}
				meet(t, b, transport, file, want)
			})
		}
	}
}

// meet sends the message and then something harmless, which must be answered.
func meet(t *testing.T, b *bench, transport, file string, want int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := b.phone(transport)
	p.t = t
	p.send(string(text))
	have := 0
	wait := 2 * time.Second
	if want == 0 {
		wait = 50 * time.Millisecond
	}
	if res := p.answer(wait); res != nil {
		have = res.StatusCode
	}
	if have != want {
		t.Errorf("want %d, have %d: %s\n%s", want, have, torture[strings.TrimSuffix(filepath.Base(file), ".dat")].why, p.seen)
	}
	alive := b.phone(transport)
	alive.t = t
	alive.send(request("OPTIONS", len(file)*7919+int(time.Now().UnixNano()%1e9)))
	alive.wantCode(200)
}
