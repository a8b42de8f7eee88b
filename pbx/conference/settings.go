package conference

import "time"

// Settings say how a room is.
type Settings struct {
	WaitForLeader bool // members hear music while no leader is there
	EndWithLeader bool // it is over when the last leader leaves
	EndAlone      bool // it is over when one is left alone, who is not told why
	MutedOnJoin   bool
	Locked        bool // as it is opened
	MaxMembers    int  // 0 is any number
	MaxDuration   time.Duration
	Record        bool                // what all hear
	Announce      string              // one of Announce...; "" is AnnounceTone
	Music         string              // a class, NoMusic, or "" for the usual one
	Language      string              // of what is said to all; "" is that of who comes first
	Keys          map[string][]string // sequences of keys, by what they do
}

// How all hear of who comes and goes.
const (
	AnnounceNone = "none"
	AnnounceTone = "tone"
	AnnounceName = "name"
)

// NoMusic is the class that is none.
const NoMusic = "none"

// What keys do. Those from KeyLock on are for leaders.
const (
	KeyMute        = "mute"
	KeyRollCall    = "roll_call"
	KeyDeaf        = "deaf"
	KeyQuieter     = "quieter"
	KeyLouder      = "louder"
	KeyTalkQuieter = "talk_quieter"
	KeyTalkLouder  = "talk_louder"
	KeyMenu        = "menu"
	KeyLeave       = "leave"
	KeyLock        = "lock"
	KeyMuteAll     = "mute_all"
	KeyKickLast    = "kick_last"
	KeyEnd         = "end"
	KeyCall        = "call"
)
