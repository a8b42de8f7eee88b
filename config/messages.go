package config

import "dialtone/dialplan"

// Messages are texts that extensions write to each other (SIP MESSAGE, RFC 3428).
type Messages struct {
	// MaxSize is how many bytes the text of one may have; a longer one is refused (413).
	MaxSize int `yaml:"max_size" min:"100" max:"65536"`
	// MaxWaiting is how many messages may wait for an extension of which no phone has taken
	// them; more are refused (480).
	MaxWaiting int `yaml:"max_waiting" min:"1" max:"10000"`
	// MaxTotal is how many are kept in all. When there are so many, the oldest that have
	// been delivered make room; when all wait, new ones are refused (503).
	MaxTotal int `yaml:"max_total" min:"100" max:"1000000"`
	// PerMinute is how many an extension may send in a minute, on average; more are refused
	// (480).
	PerMinute int `yaml:"per_minute" min:"1" max:"10000"`
	// Keep is for how long a message waits for phones that are switched off. The sender may
	// ask for less (Expires).
	Keep Duration `yaml:"keep" min:"1m" max:"1000d"`
	// History is for how long messages are kept after they were sent, for dialtone ctl
	// chats; 0 forgets each when all phones have it.
	History Duration `yaml:"history" off:"0" min:"1h" max:"10000d"`
	// Routes say who gets messages, when it is not the extension, group or number that they
	// are sent to. The first that fits and says deliver or refuse decides.
	Routes []*dialplan.MessageRouteSpec `yaml:"routes" plan:"true"`
}
