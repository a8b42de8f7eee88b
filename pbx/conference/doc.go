// Package conference is the rooms in which callers hear each other: who is in one,
// who leads it, what its keys do, what is announced, and when it ends. A room is
// opened by the first who comes and is gone with the last who leaves. The audio is
// mixed by media/mixer; this package knows neither calls nor SIP. Whom a room calls comes
// by Options.Call.
//
// One mutex guards all rooms and the seats in them; nothing that takes time is done
// while it is held. Each seat belongs to the goroutine that called Sit, which alone
// puts its audio into the mixer and takes it out again. Each room has a goroutine
// that says what all are to hear and watches how long the room may last.
package conference
