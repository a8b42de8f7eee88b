package voicemail

import (
	"errors"
	"io"
	"time"

	"dialtone/media/audio"
	"dialtone/media/record"
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
	if list, err := v.s.store.Messages(got.Keys); err != nil || len(list) >= v.s.config().Voicemail.MaxMessages {
		return failed, err
	}
	key, err := v.choose(Words("mailbox/comment"))
	if err != nil || key != "1" && key != "2" {
		return failed, err
	}
	f := v.l.Facts()
	t, err := v.s.begin(storage.Message{
		MessageKey: storage.MessageKey{Mailbox: got.Keys}, From: m.From, FromName: m.FromName, To: m.To, Trunk: m.Trunk, CallID: f.CallID,
		Urgent: m.Urgent, Forwarded: v.box,
	})
	if err != nil {
		v.s.log.Error("a message could not be forwarded", "event", "voicemail", "mailbox", v.box, "to", got.Keys, "error", err)
		return failed, nil
	}
	if key == "1" {
		if err := v.comment(t); err != nil { // who hangs up meanwhile has not forwarded it
			t.drop()
			return nil, err
		}
	}
	if err := errors.Join(t.add(v.s.Path(m)), t.keep()); err != nil {
		v.s.log.Error("a message could not be forwarded", "event", "voicemail", "mailbox", v.box, "to", got.Keys, "error", err)
		return failed, nil
	}
	v.s.log.Info("a message was forwarded", "mailbox", v.box, "to", got.Keys, "message", t.m.ID)
	return []Part{Words("mailbox/forwarded")}, nil
}

func (v *visit) comment(t *take) error {
	if err := v.say(Words("record/after-tone"), Words("tone/beep")); err != nil {
		return err
	}
	_, err := v.l.Record(v.ctx, Recording{To: t.writer, Max: commentLength, Silence: v.s.config().Voicemail.Silence.D(), Finish: "#"})
	return err
}

// add appends the audio of a file.
func (t *take) add(path string) error {
	clip, err := audio.OpenPath(path, record.Rate)
	if err != nil {
		return err
	}
	defer clip.Close()
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
