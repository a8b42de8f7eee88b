package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dialtone/pbx/api"
)

type ctlConferences struct {
	Room string `arg:"" optional:"" help:"The conference."`
}

// Help is part of dialtone ctl conferences --help.
func (ctlConferences) Help() string {
	return `The conferences in which somebody is, or who is in one of them. Levels are in dBov, as they are now: 0 is as loud as can be, speech is at -30 to -15. What is done to them does "dialtone ctl conference".

    dialtone ctl conferences
    dialtone ctl conferences team`
}

// Run prints the conferences, or who is in one.
func (c ctlConferences) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	rooms, err := client.Conferences(ctx)
	if err != nil {
		return err
	}
	if c.Room == "" {
		if ctl.JSON {
			return t.printJSON(rooms)
		}
		return t.printConferences(rooms, time.Now())
	}
	for _, r := range rooms {
		switch {
		case r.Room != c.Room:
		case ctl.JSON:
			return t.printJSON(r)
		default:
			return t.printMembers(r, time.Now())
		}
	}
	fmt.Fprintf(t.err, "dialtone: nobody is in a conference %q; \"dialtone ctl conferences\" lists those that there are\n", c.Room)
	return errFailed
}

func (t terminal) printConferences(rooms []api.Conference, now time.Time) error {
	if len(rooms) == 0 {
		_, err := fmt.Fprintln(t.out, "Nobody is in a conference.")
		return err
	}
	rows := table{head: []string{"ROOM", "MEMBERS", "SPEAKING", "SINCE", "STATE"}}
	for _, r := range rooms {
		var speaking, state []string
		for _, m := range r.Members {
			if m.Speaking {
				speaking = append(speaking, m.Party)
			}
		}
		if r.Locked {
			state = append(state, "locked")
		}
		if r.Waiting {
			state = append(state, "waits for a leader")
		}
		rows.add(r.Room, strconv.Itoa(len(r.Members)), orElse(strings.Join(speaking, " "), "-"), elapsed(now.Sub(r.Opened)), orElse(strings.Join(state, ", "), "open"))
	}
	return rows.write(t.out)
}

func (t terminal) printMembers(r api.Conference, now time.Time) error {
	rows := table{head: []string{"PARTY", "NAME", "SINCE", "SPEAKING", "LEVEL", "STATE", "ID"}}
	for _, m := range r.Members {
		var state []string
		for _, s := range []struct {
			is   bool
			word string
		}{{m.Leader, "leader"}, {m.Muted, "muted"}, {m.Deaf, "deaf"}, {m.Held, "holds"}, {m.Waiting, "hears music"}} {
			if s.is {
				state = append(state, s.word)
			}
		}
		speaking, level := "-", "-"
		if m.Speaking {
			speaking = "yes"
		}
		if !m.Waiting {
			level = fmt.Sprintf("%.0f", m.Level)
		}
		rows.add(m.Party, orElse(m.Name, "-"), elapsed(now.Sub(m.Joined)), speaking, level, orElse(strings.Join(state, ", "), "-"), m.ID)
	}
	return rows.write(t.out)
}

type ctlConference struct {
	Room string `arg:"" help:"The conference."`
	Do   string `arg:"" enum:"mute,unmute,deafen,undeafen,kick,lock,unlock,end,play,call" help:"mute, unmute, deafen, undeafen or kick a member; lock, unlock or end the conference; play a prompt to all; call a number."`
	What string `arg:"" optional:"" help:"The member: a number, or an id; or the prompt; or the number to call. Without a member, mute and unmute are for all but the leaders."`
	As   string `placeholder:"EXTENSION" help:"call: the extension that pays for a number outside, by its permission."`
}

// Help is part of dialtone ctl conference --help.
func (ctlConference) Help() string {
	return `A member is named by the number or the id that "dialtone ctl conferences ROOM" prints. A prompt is a file in the folder of the prompts, or one of "dialtone docs prompts".

    dialtone ctl conference team mute 101
    dialtone ctl conference team kick 64dcghd7bk6f
    dialtone ctl conference team lock
    dialtone ctl conference team play menu/one-moment
    dialtone ctl conference team call 102
    dialtone ctl conference team call +4930123456 --as 101
    dialtone ctl conference team end`
}

// Run does it.
func (c ctlConference) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	member, action, err := c.action()
	if err != nil {
		return err
	}
	err = client.ControlConference(ctx, c.Room, member, action)
	var refused *api.Error
	if errors.As(err, &refused) {
		fmt.Fprintf(t.err, "dialtone: %s\n", refused.Message)
		return errFailed
	}
	if err == nil {
		fmt.Fprintln(t.err, "Done.")
	}
	return err
}

// action is what is asked of the server, and of which member; of none it is "".
func (c ctlConference) action() (member string, action api.ConferenceAction, err error) {
	if c.As != "" && c.Do != "call" {
		return "", action, errors.New("--as is for call only")
	}
	action.Do = c.Do
	example := "101"
	switch c.Do {
	case "mute", "unmute":
		return c.What, action, nil
	case "lock", "unlock", "end":
		if c.What != "" {
			err = fmt.Errorf("%s is for the whole conference: leave %q out", c.Do, c.What)
		}
		return "", action, err
	case "play":
		action.Prompt, example = c.What, "menu/one-moment"
	case "call":
		action.Number, action.As = c.What, c.As
	default:
		member = c.What
	}
	if c.What == "" {
		err = fmt.Errorf("%s what? Write: dialtone ctl conference %s %s %s", c.Do, c.Room, c.Do, example)
	}
	return member, action, err
}
