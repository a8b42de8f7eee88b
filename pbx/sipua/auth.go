package sipua

import (
	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
)

// authenticate says which extension or trunk an INVITE comes from; without one it
// was answered, or is not to be answered at all. Who shows credentials is an
// extension, or nobody.
func (u *UA) authenticate(req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) (from origin, ok bool) {
	var credentials []string
	for _, h := range req.GetHeaders("Authorization") {
		credentials = append(credentials, h.Value())
	}
	if len(credentials) == 0 && !u.phoneAt(req, flow) {
		trunk, misses := u.trunks.Identify(req, flow)
		if trunk != "" {
			return origin{trunk: trunk}, true
		}
		u.unproven(req, flow, misses)
	}
	v := u.auth.Check(string(req.Method), req.Recipient.String(), credentials, flow.Remote.Addr())
	if v.Kind == sipauth.OK {
		u.asked.forget(u.strangerOf(req, flow))
		return origin{extension: v.Extension}, true
	}
	if v.Reason != "" && !v.Stale {
		u.unbelieved(req, flow, v.Reason)
	}
	if v.Kind == sipauth.Blocked {
		tx.Terminate()
		return origin{}, false
	}
	challenges := make([]sip.Header, len(v.Challenges))
	for i, c := range v.Challenges {
		challenges[i] = sip.NewHeader("WWW-Authenticate", c)
	}
	u.replyOnce(tx, req, sip.StatusUnauthorized, "Unauthorized", challenges...)
	return origin{}, false
}
