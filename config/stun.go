package config

import (
	"net"
	"strings"
)

// stunFormat is FormatOf for STUN servers.
func stunFormat() Format {
	f := trunkFormat("server")
	f.Says = "a host name or address, with or without a port; or empty"
	return f
}

// checkSTUN takes what checkServer does.
func checkSTUN(s string) (string, problem) {
	_, p := checkServer(s)
	if p.found() {
		p.remedy = "write a name like stun.example.net, with :3478 for a port, or an address; without stun:"
	}
	return s, p
}

// STUNServer is media.stun with a port; "" when there is none.
func (m Media) STUNServer() string {
	const usual = "3478" // RFC 8489 §8.1
	if _, _, err := net.SplitHostPort(m.STUN); err == nil || m.STUN == "" {
		return m.STUN
	}
	return net.JoinHostPort(strings.Trim(m.STUN, "[]"), usual)
}

// stun is of no use to one that only answers.
func (c *validator) stun() {
	if m := c.cfg.Media; m.STUN != "" && m.ICE == "lite" && c.good("media.stun", "media.ice") {
		c.fail(c.written("media.stun", "media.ice"), "no STUN server is asked with media.ice: lite", "remove media.stun, or write ice: auto or full")
	}
}
