package conference

import (
	"slices"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/prompts/say"
)

// sequence is how long to wait for the next key of a sequence.
const sequence = 3 * time.Second

// table says what sequences of keys do, by the name of the action.
type table map[string]string

// tableOf is the table of a conference.
func tableOf(keys map[string][]string) table {
	t := table{}
	for action, list := range keys {
		for _, sequence := range list {
			t[sequence] = action
		}
	}
	return t
}

// find is what keys do; more says that they may be the beginning of a sequence.
func (t table) find(keys string) (action string, more bool) {
	if action, ok := t[keys]; ok {
		return action, false
	}
	for other := range t {
		if strings.HasPrefix(other, keys) {
			return "", true
		}
	}
	return "", false
}

const (
	louder = 3.0  // dB, for one key
	most   = 12.0 // dB, for many
)

// do takes an action, and reports whether he leaves by it.
func (s *Seat) do(action string, p *player) (leaves bool) {
	var says []string
	switch action {
	case KeyLeave:
		return true
	case KeyRollCall:
		p.say(s.room.rollCall(s.Language))
	case KeyCall:
		if s.Leader {
			s.number, says = []byte{}, []string{promptEnterNumber, promptFinishHash}
		}
	default:
		says = s.act(action)
	}
	if len(says) > 0 {
		p.play(says...)
	}
	return false
}

// act takes an action that takes no time, and gives what he is told of it.
func (s *Seat) act(action string) (says []string) {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	defer s.apply()
	switch action {
	case KeyMute:
		return s.mute(!s.muted)
	case KeyDeaf:
		if s.deaf = !s.deaf; s.deaf {
			return []string{promptDeaf}
		}
		return []string{promptUndeaf}
	case KeyLouder:
		s.volume = min(s.volume+louder, most)
	case KeyQuieter:
		s.volume = max(s.volume-louder, -most)
	case KeyTalkLouder:
		s.gain = min(s.gain+louder, most)
	case KeyTalkQuieter:
		s.gain = max(s.gain-louder, -most)
	case KeyMenu:
		if s.Leader {
			return []string{promptMenu, promptLeaderMenu}
		}
		return []string{promptMenu}
	default:
		if s.Leader {
			return s.lead(action)
		}
	}
	return nil
}

// lead takes an action of a leader; mu is held.
func (s *Seat) lead(action string) (says []string) {
	r := s.room
	switch action {
	case KeyLock:
		r.lock(!r.locked)
	case KeyMuteAll:
		if r.muteAll(!r.hushed, s); r.hushed {
			return []string{promptAllMuted}
		}
		return []string{promptAllUnmuted}
	case KeyKickLast:
		for i := len(r.seats) - 1; i >= 0; i-- {
			if last := r.seats[i]; last != s && last.over == nil {
				last.kick(&dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "removed from conference " + r.name + " by " + s.Party})
				return nil
			}
		}
	case KeyEnd:
		r.finish(&dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "conference " + r.name + " was ended by " + s.Party})
	}
	return nil
}

// mute mutes him, and is what he is told of that; mu is held.
func (s *Seat) mute(on bool) []string {
	s.muted = on
	s.apply()
	if on {
		return []string{promptMuted}
	}
	return []string{promptUnmuted}
}

// kick removes him; mu is held.
func (s *Seat) kick(why *dialplan.Ended) {
	s.over = &ending{why, promptKicked}
	s.wake()
}

// lock locks the room, or unlocks it, and tells all; mu is held.
func (r *room) lock(on bool) {
	if r.locked = on; on {
		r.tell(news{names: []string{promptNowLocked}})
		return
	}
	r.tell(news{names: []string{promptNowUnlocked}})
}

// muteAll mutes all but leaders and by, who come too; mu is held.
func (r *room) muteAll(on bool, by *Seat) {
	r.hushed = on
	for _, s := range r.seats {
		if s != by && !s.Leader {
			s.mute(on)
		}
	}
}

// called is how many members a roll call names.
const called = 20

// rollCall says how many there are, and who.
func (r *room) rollCall(language string) []phrase {
	here := r.here()
	how := promptParticipants
	if len(here) == 1 {
		how = promptParticipant
	}
	says := words(append([]string{promptThereAre}, append(say.For(language).Number(int64(len(here)), false), how)...)...)
	begun := false
	for _, who := range here[:min(len(here), called)] {
		name := r.rooms.nameOf(language, who)
		if name == nil {
			continue
		}
		if !begun {
			says = append(says, phrase{prompt: promptRollCall})
		}
		begun = true
		says = append(append(says, name...), phrase{prompt: "pause/short"})
	}
	return says
}

// here are those who are there, in the order in which they came.
func (r *room) here() []*Seat {
	r.rooms.mu.Lock()
	defer r.rooms.mu.Unlock()
	return slices.Clone(r.seats)
}
