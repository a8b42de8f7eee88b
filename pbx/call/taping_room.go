package call

import (
	"dialtone/pbx/conference"
	"dialtone/pbx/recording"
)

// record begins to record a conference.
func (s *Switchboard) record(room, _ string, parties []string) (conference.Recording, error) {
	if s.recordings == nil {
		return nil, errNoRecordings
	}
	consent := recording.Silent
	if s.config().Recording.Announce {
		consent = recording.Announced
	}
	take, err := s.recordings.BeginRoom(recording.Subject{Call: room, To: room, Parties: parties, By: recording.ByConference, Consent: consent})
	if err != nil {
		return nil, err
	}
	return take, nil
}
