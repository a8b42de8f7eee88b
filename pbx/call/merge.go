package call

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/conference"
)

// MergeRoom begins the names of the rooms in which calls are that were merged; none of the
// configuration can be named so.
const MergeRoom = "a merger"

// maxMerged is how many calls can be merged at once.
const maxMerged = 16

// mergeSettings are those of the room of merged calls: without keys, and over when one is
// left alone.
func mergeSettings() conference.Settings {
	return conference.Settings{Announce: conference.AnnounceTone, Music: conference.NoMusic, EndAlone: true}
}

// merging is what a change wants that brings a conversation into a room.
type merging struct {
	room  string
	stays bool // who wants it goes there, too; else it is there already
}

// Merge brings the calls of an extension with those Call-IDs into one conference. The first
// stays its own way into that, unless another one is in a merged conference already; the
// others are hung up. The errors are ErrNoCall and a *dialplan.Ended.
func (s *Switchboard) Merge(ctx context.Context, extension string, sipCallIDs []string) error {
	type one struct {
		call *Call
		leg  Leg
	}
	var talks, sits []one
	room := ""
	for _, id := range sipCallIDs {
		c, leg := s.legOf(extension, id)
		if c == nil || slices.ContainsFunc(slices.Concat(talks, sits), func(o one) bool { return o.call == c }) {
			return ErrNoCall
		}
		if in := c.merged(); in != "" && (room == "" || in == room) {
			room, sits = in, append(sits, one{c, leg})
		} else {
			talks = append(talks, one{c, leg})
		}
	}
	if len(talks)+len(sits) < 2 || len(talks) == 0 || len(talks) > maxMerged {
		return ErrNoCall
	}
	stays := room == ""
	if stays {
		room = MergeRoom + " " + strings.ToLower(rand.Text()[:10])
	}
	for _, o := range talks {
		err := o.call.request(ctx, &change{leg: o.leg.ID(), merge: &merging{room: room, stays: stays}})
		if err != nil {
			return err
		}
		stays = false
	}
	return nil
}

// merged is the room of merged calls in which the call is, "" when it is in none.
func (c *Call) merged() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.conferences); n > 0 && c.conferences[n-1].Leave.IsZero() && strings.HasPrefix(c.conferences[n-1].Room, MergeRoom) {
		return c.conferences[n-1].Room
	}
	return ""
}

// merge brings the party that is not at into a room, and perhaps the one at, too. An error
// is why the conversation is over.
func (v *conversation) merge(at int, ch *change) error {
	by, party := v.leg(at), v.leg(1-at)
	for _, leg := range []Leg{by, party} {
		if _, calls := leg.(*guest); calls {
			ch.done <- &dialplan.Ended{Cause: dialplan.CauseNotAcceptable, Detail: "conferences are not merged with others"}
			return nil
		}
	}
	moves := []Leg{party}
	if ch.merge.stays { // who opens the room sits first
		moves = []Leg{by, party}
	}
	var next []*Call
	for _, leg := range moves {
		c, err := v.sends(leg, by, ch.merge)
		if err != nil {
			for _, c := range next {
				c.sits.Leave()
			}
			ch.done <- err
			return nil
		}
		next = append(next, c)
	}
	v.part()
	if at == 1 || ch.merge.stays {
		v.call.vacate()
	}
	for i, leg := range moves {
		v.leaves(leg, next[i].id)
		if e := v.call.board.admitTransferred(next[i]); e != nil { // the server stops
			next[i].sits.Leave()
			leg.Hangup(e)
		}
	}
	if at == 0 || ch.merge.stays {
		v.moved = v.callee
	}
	ch.done <- nil
	return v.parted()
}

// sends makes the call in which a leg goes on in a room, with its seat there.
func (v *conversation) sends(leg, by Leg, m *merging) (*Call, error) {
	from, s := v.call, v.call.board
	info, own := leg.Info(), leg.ID() == by.ID()
	transport, source := info.whence()
	facts := dialplan.Facts{
		CallID: newCallID(), From: info.Party, UserAgent: info.UserAgent, SIPCallID: info.SIPCallID, Transport: transport, Source: source,
		Language: from.facts.Language,
	}
	if info.Trunk == "" {
		facts.Extension, facts.FromName, facts.Language = info.Party, s.config().Extensions[info.Party].Name, s.config().Extensions[info.Party].Language
	} else if leg.ID() == from.caller.ID() {
		facts.FromName, facts.Anonymous = from.facts.FromName, from.facts.Anonymous
	}
	c := newCall(s, seated{leg}, facts, &origin{call: from.id, by: by.ID(), finished: true})
	c.route = "merged"
	in := conference.Joining{
		Conference: MergeRoom, Room: m.room, ID: c.id, Party: facts.From, Name: facts.FromName, Language: facts.Language,
		Leader: own, Extension: facts.Extension, Ours: info.Trunk == "", Paid: info.Trunk != "",
		Called: !own, Private: c.rule(facts.Extension) == config.RecordNever,
	}
	if facts.Anonymous {
		in.Party, in.Name = "", ""
	}
	seat, err := s.rooms.Join(in)
	if err != nil {
		c.unwatch()
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotAcceptable, Detail: err.Error()}
	}
	c.sits = seat
	return c, nil
}

// sitsIn lets the caller take part in the room in which it has a seat, and any leg that takes
// its place meanwhile.
func (c *Call) sitsIn(seat *conference.Seat) error {
	defer seat.Leave()
	c.answered()
	defer c.joined(dialplan.Joining{Room: seat.RoomName(), Leader: seat.Leader})()
	err := c.again(c.ctx, func(ctx context.Context) error {
		if err := c.mixed(ctx); err != nil {
			return err
		}
		c.listen()
		return c.sitting(ctx, seat, seat.Stay)
	})
	if err == nil {
		err = &dialplan.Ended{Cause: dialplan.CauseNormal}
	}
	return err
}
