package pbx

import "dialtone/pbx/api"

// Parked implements api.Server.
func (s *Server) Parked() []api.Parked {
	var list []api.Parked
	for _, p := range s.board.Parked() {
		list = append(list, api.Parked(p))
	}
	return list
}
