package conference

import (
	"cmp"
	"slices"
	"time"
)

// Info is a room as lists show it.
type Info struct {
	Room       string
	Conference string // of the configuration
	Opened     time.Time
	Locked     bool
	Waiting    bool // for a leader
	Members    []MemberInfo
}

// MemberInfo is one in a room.
type MemberInfo struct {
	ID, Party, Name string
	Joined          time.Time
	Leader          bool
	Muted, Deaf     bool
	Held            bool // he has put the conference on hold
	Waiting         bool // he hears music
	Sound           Sound
}

// List is all rooms, by name.
func (r *Rooms) List() []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Info, 0, len(r.rooms))
	for _, in := range r.rooms {
		out = append(out, in.info())
	}
	slices.SortFunc(out, func(a, b Info) int { return cmp.Compare(a.Room, b.Room) })
	return out
}

// Find is one room; false when there is none of that name.
func (r *Rooms) Find(name string) (Info, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.rooms[name]
	if in == nil {
		return Info{}, false
	}
	return in.info(), true
}

// info is how a room is; mu is held.
func (r *room) info() Info {
	i := Info{Room: r.name, Conference: r.conference, Opened: r.opened, Locked: r.locked, Waiting: r.waiting()}
	for _, s := range r.seats {
		m := MemberInfo{
			ID: s.ID, Party: s.Party, Name: s.Name, Joined: s.joined, Leader: s.Leader,
			Muted: s.muted, Deaf: s.deaf, Held: s.held, Waiting: s.voice == nil,
		}
		if s.voice != nil {
			m.Sound = s.voice.Sound()
		}
		i.Members = append(i.Members, m)
	}
	return i
}
