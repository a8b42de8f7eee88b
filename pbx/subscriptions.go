package pbx

import "dialtone/pbx/api"

// Subscriptions implements api.Server.
func (s *Server) Subscriptions(number string) []api.Subscription {
	out := []api.Subscription{}
	for _, r := range s.subs.Table() {
		if number == "" || number == r.Of || number == r.By {
			out = append(out, api.Subscription{Event: r.Event, Of: r.Of, Members: r.Members, By: r.By, Phone: r.Phone, Expires: r.Expires, Failed: r.Failed})
		}
	}
	return out
}
