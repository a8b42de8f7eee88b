package sipedge

import (
	"hash/maphash"
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// id stands for the parts of a request by which it is known. It is their hash
// with seeds of this process: 128 bits, so that no two are the same by accident,
// and nobody outside can make two that are. Unlike the parts it holds no text of
// the message, which may have to be remembered long after it was answered.
type id [2]uint64

// ids are the identities of one request.
type ids struct {
	// key matches a request to its transaction (RFC 3261 §17.2.3). The source is
	// part of it: nobody else can cancel or absorb a request by guessing.
	key id
	// origin is key without the source, for a phone whose NAT has another port now.
	origin id
	// merged is what a merged request has in common with an ongoing one (§8.2.2.2);
	// zero for requests that cannot be merged ones: those in a dialog, ACK and CANCEL.
	merged id
}

type hasher struct{ first, second maphash.Seed }

func newHasher() hasher { return hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

func (h hasher) sum(b []byte) id { return id{maphash.Bytes(h.first, b), maphash.Bytes(h.second, b)} }

// part appends a part so that no two lists of parts look the same.
func part(b []byte, s string) []byte {
	b = append(b, s...)
	return append(b, 0)
}

func (h hasher) idsOf(req *sip.Request, p path) ids {
	var room [512]byte
	is := ids{}
	b := originOf(room[:0], req, req.Method)
	is.origin = h.sum(b)
	is.key = h.sum(sourceOf(b, p))
	tag, ok := req.From().Params.Get("tag")
	if !ok || req.To().Params.Has("tag") || req.IsAck() || req.IsCancel() {
		return is
	}
	b = part(part(room[:0], req.CallID().Value()), tag)
	b = part(strconv.AppendUint(b, uint64(req.CSeq().SeqNo), 10), string(req.Method))
	is.merged = h.sum(b)
	return is
}

// inviteKey is the key of the INVITE that an ACK or CANCEL is for.
func (h hasher) inviteKey(req *sip.Request, p path) id {
	var room [512]byte
	return h.sum(sourceOf(originOf(room[:0], req, sip.INVITE), p))
}

func originOf(b []byte, req *sip.Request, method sip.RequestMethod) []byte {
	via := req.Via()
	branch, _ := via.Params.Get("branch")
	b = part(part(part(b, branch), via.Host), string(method))
	b = strconv.AppendInt(b, int64(via.Port), 10)
	if isModern(branch) {
		return part(b, "")
	}
	// A branch of RFC 2543 is not unique: more has to be compared.
	tag, _ := req.From().Params.Get("tag")
	b = part(part(part(b, "old"), req.CallID().Value()), tag)
	b = strconv.AppendUint(b, uint64(req.CSeq().SeqNo), 10)
	return part(part(b, req.Recipient.String()), via.Value())
}

func sourceOf(b []byte, p path) []byte {
	f := p.flow()
	b = part(b, f.Transport)
	at := f.Remote.Addr().As16()
	b = append(b, at[:]...)
	b = part(b, f.Remote.Addr().Zone())
	return append(b, byte(f.Remote.Port()>>8), byte(f.Remote.Port()))
}

// isModern says whether a branch is unique, as RFC 3261 §8.1.1.7 has it.
func isModern(branch string) bool {
	return len(branch) > len(sip.RFC3261BranchMagicCookie) &&
		branch[:len(sip.RFC3261BranchMagicCookie)] == sip.RFC3261BranchMagicCookie
}
