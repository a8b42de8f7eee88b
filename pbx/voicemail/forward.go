package voicemail

import (
	"errors"
	"io"
	"time"

	"dialtone/media/audio"
	"dialtone/storage"
)

// commentLength bounds what is said before a message that is forwarded.
const commentLength = 2 * time.Minute

// forward gives another mailbox a copy, perhaps with a comment before it. What it gives
// is to be said.
func (v *visit) forward(m *storage.Message) ([]Part, error) {
	failed := []Part{Words("mailbox/not-forwarded")}
	if m.Private {
		return failed, nil
	}
	got, err := v.l.Ask(v.ctx, Asking{Language: v.language, Parts: []Part{Words("mailbox/forward-to")}, Max: maxPIN, Finish: "#", Timeout: pinPatient, Between: between})
	if err != nil {
		return nil, err
	}
	if !v.s.config().HasMailbox(got.Keys) || got.Keys == v.box {
		return failed, nil
	}
	if err := v.s.space(got.Keys); err != nil {
		v.s.log.Warn("a message was not forwarded", "mailbox", v.box, "to", got.Keys, "message", m.ID, "error", err)
		return failed, nil
	}
	key, err := v.choose(Words("mailbox/comment"))
	if err != nil || key != "1" && key != "2" {
		return failed, err
	}
	copied, over, err := v.copyTo(got.Keys, m, key == "1")
	if over != nil {
		return nil, over
	}
	if err != nil {
		v.s.log.Error("a message could not be forwarded", "event", "voicemail", "mailbox", v.box, "to", got.Keys, "message", m.ID, "error", err)
		return failed, nil
	}
	v.s.log.Info("a message was forwarded", "mailbox", v.box, "to", got.Keys, "message", copied)
	return []Part{Words("mailbox/forwarded")}, nil
}

// copyTo makes a message of another mailbox of m, and gives its id. All of it is copied or
// nothing; over is the end of the call, and who hangs up while commenting has not forwarded
// it.
func (v *visit) copyTo(box string, m *storage.Message, comment bool) (id string, over, err error) {
	rate, err := rateOf(v.s.Path(m))
	if err != nil {
		return "", nil, err
	}
	t, err := v.s.begin(storage.Message{
		MessageKey: storage.MessageKey{Mailbox: box}, From: m.From, FromName: m.FromName, To: m.To, Trunk: m.Trunk, CallID: v.l.Facts().CallID,
		Urgent: m.Urgent, Forwarded: v.box,
	}, rate)
	if err != nil {
		return "", nil, err
	}
	if comment {
		over = v.comment(t)
	}
	if over == nil {
		err = t.add(v.s.Path(m))
	}
	if over == nil && err == nil {
		err = t.keep()
	}
	if over != nil || err != nil {
		t.drop()
	}
	return t.m.ID, over, err
}

func (v *visit) comment(t *take) error {
	if err := v.say(Words("record/after-tone"), Words("tone/beep")); err != nil {
		return err
	}
	_, err := v.l.Record(v.ctx, Recording{To: t.writer, Rate: t.rate, Max: commentLength, Silence: v.s.config().Voicemail.Silence.D(), Finish: "#"})
	return err
}

// add appends the audio of a file.
func (t *take) add(path string) error {
	clip, err := audio.OpenPath(path, t.rate)
	if err != nil {
		return err
	}
	defer func() { _ = clip.Close() }()
	pcm := make([]int16, 1024)
	for {
		n, err := clip.Read(pcm)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.writer.Write(pcm[:n]); err != nil {
			return err
		}
	}
}
