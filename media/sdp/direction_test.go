package sdp

import (
	"testing"

	"dialtone/media"
)

// Every pair of an offered direction and what we are ready to do, as RFC 3264
// §6.1 answers it.
var directionTable = []struct{ offered, ready, answer media.Direction }{
	{media.SendRecv, media.SendRecv, media.SendRecv},
	{media.SendRecv, media.SendOnly, media.SendOnly},
	{media.SendRecv, media.RecvOnly, media.RecvOnly},
	{media.SendRecv, media.Inactive, media.Inactive},
	{media.SendOnly, media.SendRecv, media.RecvOnly},
	{media.SendOnly, media.SendOnly, media.Inactive},
	{media.SendOnly, media.RecvOnly, media.RecvOnly},
	{media.SendOnly, media.Inactive, media.Inactive},
	{media.RecvOnly, media.SendRecv, media.SendOnly},
	{media.RecvOnly, media.SendOnly, media.SendOnly},
	{media.RecvOnly, media.RecvOnly, media.Inactive},
	{media.RecvOnly, media.Inactive, media.Inactive},
	{media.Inactive, media.SendRecv, media.Inactive},
	{media.Inactive, media.SendOnly, media.Inactive},
	{media.Inactive, media.RecvOnly, media.Inactive},
	{media.Inactive, media.Inactive, media.Inactive},
}

func TestAnswerDirection(t *testing.T) {
	for _, tt := range directionTable {
		t.Run(tt.offered.String()+" meets "+tt.ready.String(), func(t *testing.T) {
			offerer := NewNegotiator(1)
			offer, err := offerer.CreateOffer(near(direction(tt.offered)))
			if err != nil {
				t.Fatal(err)
			}
			answerer := NewNegotiator(2)
			answer, agreed := answerOn(t, answerer, offer, near(direction(tt.ready)))
			equal(t, "answer", readDirection(answer, &answer.Media[0]), tt.answer)
			equal(t, "answerer agreed", agreed.Direction, tt.answer)
			equal(t, "offerer agreed", receiveAnswer(t, offerer, answer.Bytes()).Direction, tt.answer.Reverse())
		})
	}
}

// Some phones answer sendonly with sendrecv; nobody may send what was not
// offered to be received.
func TestAnswerDirectionIsNeverWiderThanTheOffer(t *testing.T) {
	for _, offered := range []media.Direction{media.SendRecv, media.SendOnly, media.RecvOnly, media.Inactive} {
		n := NewNegotiator(1)
		offerOn(t, n, near(direction(offered)))
		equal(t, "agreed", receiveAnswer(t, n, body("m=audio 4000 RTP/AVP 0")).Direction, offered)
	}
}

func TestHold(t *testing.T) {
	const audio = "m=audio 4000 RTP/AVP 0"
	tests := []struct {
		name    string
		offer   []byte
		far     media.Direction // as the far side says it
		answer  media.Direction
		address bool // the far side has one
	}{
		{"none", body(audio), media.SendRecv, media.SendRecv, true},
		{"sendonly", body(audio, "a=sendonly"), media.SendOnly, media.RecvOnly, true},
		{"inactive", body(audio, "a=inactive"), media.Inactive, media.Inactive, true},
		{"for the whole session", body("a=sendonly", audio), media.SendOnly, media.RecvOnly, true},
		{"the m-line's own counts", body("a=sendonly", audio, "a=sendrecv"), media.SendRecv, media.SendRecv, true},
		{"odd case", body(audio, "a=SendOnly"), media.SendOnly, media.RecvOnly, true},
		{"RFC 2543", body(audio, "c=IN IP4 0.0.0.0"), media.SendOnly, media.RecvOnly, false},
		{"RFC 2543, IPv6", body(audio, "c=IN IP6 ::"), media.SendOnly, media.RecvOnly, false},
		{"both styles", body(audio, "c=IN IP4 0.0.0.0", "a=sendonly"), media.SendOnly, media.RecvOnly, false},
		{"RFC 2543 and inactive", body(audio, "c=IN IP4 0.0.0.0", "a=inactive"), media.Inactive, media.Inactive, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := NewNegotiator(1)
			r, err := n.ReceiveOffer(tt.offer)
			if err != nil {
				t.Fatal(err)
			}
			_, a, err := n.CreateAnswer(near())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "offered", r.Direction, tt.far)
			equal(t, "answered", a.Direction, tt.answer)
			equal(t, "address", a.RemoteRTP.IsValid(), tt.address)
		})
	}
}
