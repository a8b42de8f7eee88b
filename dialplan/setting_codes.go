package dialplan

// SettingCodes are the numbers by which extensions set what happens to their calls.
type SettingCodes struct {
	// DND refuses calls as busy; *78.
	DND string `yaml:"dnd" format:"number"`
	// DNDOff lets them in again; *79.
	DNDOff string `yaml:"dnd_off" format:"number"`
	// Forward forwards every call to the number that is dialled behind it, without one
	// to the same as before; *72.
	Forward string `yaml:"forward" format:"number"`
	// ForwardOff ends that; *73.
	ForwardOff string `yaml:"forward_off" format:"number"`
	// ForwardBusy forwards calls that find the extension busy; *90.
	ForwardBusy string `yaml:"forward_busy" format:"number"`
	// ForwardBusyOff ends that; *91.
	ForwardBusyOff string `yaml:"forward_busy_off" format:"number"`
	// ForwardNoAnswer forwards calls that nobody answers; *92.
	ForwardNoAnswer string `yaml:"forward_no_answer" format:"number"`
	// ForwardNoAnswerOff ends that; *93.
	ForwardNoAnswerOff string `yaml:"forward_no_answer_off" format:"number"`
	// ForwardNotRegistered forwards calls while no phone is registered; *94.
	ForwardNotRegistered string `yaml:"forward_not_registered" format:"number"`
	// ForwardNotRegisteredOff ends that; *95.
	ForwardNotRegisteredOff string `yaml:"forward_not_registered_off" format:"number"`
	// FollowMe lets the numbers of the setting follow-me ring, too; *74.
	FollowMe string `yaml:"follow_me" format:"number"`
	// FollowMeOff ends that; *75.
	FollowMeOff string `yaml:"follow_me_off" format:"number"`
	// NoCallWaiting makes one call enough to be busy; *70.
	NoCallWaiting string `yaml:"no_call_waiting" format:"number"`
	// CallWaiting lets a second call in; *71.
	CallWaiting string `yaml:"call_waiting" format:"number"`
	// Hide calls the number that is dialled behind it and hides who calls; *67.
	Hide string `yaml:"hide" format:"number"`
	// Show calls the number that is dialled behind it and shows who calls; *68.
	Show string `yaml:"show" format:"number"`
	// HideAlways hides who calls in all calls; *31.
	HideAlways string `yaml:"hide_always" format:"number"`
	// HideAlwaysOff ends that; *32.
	HideAlwaysOff string `yaml:"hide_always_off" format:"number"`
	// Redial calls the number that was dialled last; *65.
	Redial string `yaml:"redial" format:"number"`
	// CallBack calls who called last; *69.
	CallBack string `yaml:"call_back" format:"number"`
	// RingBack rings when the extension that was dialled last is free; *66.
	RingBack string `yaml:"ring_back" format:"number"`
	// RingBackOff waits for nobody any more; *64.
	RingBackOff string `yaml:"ring_back_off" format:"number"`
}

// UsualSettingCodes are those that users know from elsewhere.
func UsualSettingCodes() SettingCodes {
	return SettingCodes{
		DND: "*78", DNDOff: "*79", Forward: "*72", ForwardOff: "*73", ForwardBusy: "*90", ForwardBusyOff: "*91",
		ForwardNoAnswer: "*92", ForwardNoAnswerOff: "*93", ForwardNotRegistered: "*94", ForwardNotRegisteredOff: "*95",
		FollowMe: "*74", FollowMeOff: "*75", NoCallWaiting: "*70", CallWaiting: "*71", Hide: "*67", Show: "*68",
		HideAlways: "*31", HideAlwaysOff: "*32", Redial: "*65", CallBack: "*69", RingBack: "*66", RingBackOff: "*64",
	}
}

// settingsKey begins the names of these codes, as keys below features.
const settingsKey = "settings."

// SettingCode is one of them: its key, its number, and what it does, for people.
type SettingCode struct {
	Name, Number, Text string
	behind             string // pattern of what may be dialled behind it
	step               Step
}

// List are all that are not off.
func (s SettingCodes) List() []SettingCode {
	behind := Text{Value: "${rest}"}
	set := func(key, number, name, value, text string) SettingCode {
		return SettingCode{key, number, text, "", &Setting{Name: Text{Value: name}, Value: Text{Value: value}}}
	}
	forward := func(key, number, name, text string) SettingCode {
		return SettingCode{key, number, text, "!", &Setting{Name: Text{Value: name}, Value: behind}}
	}
	var out []SettingCode
	for _, c := range []SettingCode{
		set("dnd", s.DND, "dnd", "on", "Refuses calls to this extension as busy."),
		set("dnd_off", s.DNDOff, "dnd", "off", "Lets them in again."),
		forward("forward", s.Forward, "forward", "Forwards every call to the number dialled behind it."),
		set("forward_off", s.ForwardOff, "forward", "off", "Ends that."),
		forward("forward_busy", s.ForwardBusy, "forward-busy", "Forwards calls when busy to the number dialled behind it."),
		set("forward_busy_off", s.ForwardBusyOff, "forward-busy", "off", "Ends that."),
		forward("forward_no_answer", s.ForwardNoAnswer, "forward-no-answer", "Forwards calls that nobody answers to the number dialled behind it."),
		set("forward_no_answer_off", s.ForwardNoAnswerOff, "forward-no-answer", "off", "Ends that."),
		forward("forward_not_registered", s.ForwardNotRegistered, "forward-not-registered", "Forwards calls while no phone is there to the number dialled behind it."),
		set("forward_not_registered_off", s.ForwardNotRegisteredOff, "forward-not-registered", "off", "Ends that."),
		set("follow_me", s.FollowMe, "follow-me", "on", "Rings the numbers of follow-me, too."),
		set("follow_me_off", s.FollowMeOff, "follow-me", "off", "Ends that."),
		set("no_call_waiting", s.NoCallWaiting, "call-waiting", "off", "Is busy with one call."),
		set("call_waiting", s.CallWaiting, "call-waiting", "on", "Lets a second call in."),
		{"hide", s.Hide, "Calls the number dialled behind it and hides who calls.", ".", &HideNumber{Number: behind}},
		{"show", s.Show, "Calls the number dialled behind it and shows who calls.", ".", &HideNumber{Number: behind, Show: true}},
		set("hide_always", s.HideAlways, "hide-number", "on", "Hides who calls in all calls."),
		set("hide_always_off", s.HideAlwaysOff, "hide-number", "off", "Ends that."),
		{"redial", s.Redial, "Calls the number that was dialled last.", "", &Redial{Which: "dialled"}},
		{"call_back", s.CallBack, "Calls who called last.", "", &Redial{Which: "caller"}},
		{"ring_back", s.RingBack, "Rings when the extension that was dialled last is free.", "", &RingBack{Do: "on"}},
		{"ring_back_off", s.RingBackOff, "Waits for nobody any more.", "", &RingBack{Do: "off"}},
	} {
		if c.Number != "" {
			c.Name = settingsKey + c.Name
			out = append(out, c)
		}
	}
	return out
}
