package config

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"dialtone/dialplan"
)

const (
	e164Pattern        = `\+[1-9][0-9]{4,14}`
	dialledPattern     = `[0-9*#+]{0,32}`
	beginningPattern   = `\+?[0-9]{1,15}`
	languagePattern    = `[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}`
	fingerprintPattern = `([0-9A-Fa-f]{2}:?){32}`
)

var (
	e164Number   = regexp.MustCompile(`^` + e164Pattern + `$`)
	dialledText  = regexp.MustCompile(`^` + dialledPattern + `$`)
	beginning    = regexp.MustCompile(`^` + beginningPattern + `$`)
	languageName = regexp.MustCompile(`^` + languagePattern + `$`)
	fingerprint  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// tolls are the kinds of numbers that a permission can allow.
var tolls = [...]string{"toll-free", "domestic", "mobile", "service", "international", "premium"}

// trunkFormat is FormatOf for the formats that trunks, numbers and permissions use.
func trunkFormat(name string) Format {
	switch name {
	case "server":
		return Format{Says: "a host name or address, with or without a port", Pattern: `^([A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]+)(:[0-9]{1,5})?$`}
	case "e164":
		return Format{Says: "a number with + and its country code", Pattern: `^(` + e164Pattern + `)?$`}
	case "dialled":
		return Format{Says: "digits, *, # and +", Pattern: `^` + dialledPattern + `$`}
	case "beginning":
		return Format{Says: "the beginning of a number, like +49180", Pattern: `^` + beginningPattern + `$`}
	case "language":
		return Format{Says: "a language like en or de-CH", Pattern: `^(` + languagePattern + `)?$`}
	case "fingerprint":
		return Format{Says: "64 hexadecimal digits, with or without colons", Pattern: `^(` + fingerprintPattern + `)?$`}
	case "toll":
		return Format{Says: "a kind of numbers", Pattern: `^(` + strings.Join(tolls[:], "|") + `)$`, Values: tolls[:]}
	}
	return Format{}
}

// trunkCheck is checkOf for those formats.
func trunkCheck(name string) func(string) (string, problem) {
	switch name {
	case "server":
		return checkServer
	case "e164":
		return checkE164
	case "dialled":
		return checkDialled
	case "beginning":
		return checkBeginning
	case "language":
		return checkLanguage
	case "fingerprint":
		return checkFingerprint
	case "toll":
		return checkToll
	}
	return nil
}

// checkServer takes name, name:port, address, address:port and [v6]:port. Whether
// there must be one is another matter.
func checkServer(s string) (string, problem) {
	if s == "" {
		return s, problem{}
	}
	const remedy = "write a name like sip.example.net, with :5060 for a port, or an address; without sip:"
	host := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if _, err := netip.ParseAddr(host); err != nil && strings.Contains(s, ":") {
		name, port, err := net.SplitHostPort(s)
		if err != nil {
			return s, problem{quoted(s) + " is not a server", remedy}
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return s, problem{quoted(s) + ": the port must be 1 to 65535", remedy}
		}
		host = name
	}
	addr, err := netip.ParseAddr(host)
	_, p := checkDomain(host)
	switch {
	case err == nil && (addr.IsUnspecified() || addr.IsMulticast() || addr.Zone() != ""):
		return s, problem{s + " is not the address of one machine", remedy}
	case err != nil && (p.found() || strings.Trim(host, "0123456789.") == ""):
		return s, problem{quoted(s) + " is not a server", remedy}
	}
	return s, problem{}
}

func checkE164(s string) (string, problem) {
	if !e164Number.MatchString(s) {
		return s, problem{quoted(s) + " is not a number of the public network", "write it with + and its country code, without spaces, like +4930123456"}
	}
	return s, problem{}
}

func checkDialled(s string) (string, problem) {
	if !dialledText.MatchString(s) {
		return s, problem{quoted(s) + " cannot be dialled", "use digits, *, # and +"}
	}
	return s, problem{}
}

func checkBeginning(s string) (string, problem) {
	if !beginning.MatchString(s) {
		return s, problem{quoted(s) + " is not the beginning of a number", "write digits, best with + and the country code, like +49180"}
	}
	return s, problem{}
}

func checkLanguage(s string) (string, problem) {
	if !languageName.MatchString(s) {
		return s, problem{quoted(s) + " is not a language", "write it like en, fr or de-CH"}
	}
	return s, problem{}
}

// checkFingerprint gives the digits in small letters, without colons.
func checkFingerprint(s string) (string, problem) {
	digits := strings.ToLower(strings.ReplaceAll(s, ":", ""))
	if !fingerprint.MatchString(digits) {
		return s, problem{
			quoted(s) + " is not the SHA-256 of a certificate",
			"write the 64 hexadecimal digits that openssl x509 -fingerprint -sha256 prints",
		}
	}
	return digits, problem{}
}

func checkToll(s string) (string, problem) {
	for _, t := range tolls {
		if s == t {
			return s, problem{}
		}
	}
	if s == "emergency" {
		return s, problem{"emergency numbers may always be called", "remove it"}
	}
	remedy := "there are " + strings.Join(tolls[:], ", ")
	if near := dialplan.Nearest(s, tolls[:]); near != "" {
		remedy = fmt.Sprintf("did you mean %q? ", near) + remedy
	}
	return s, problem{quoted(s) + " is not a kind of numbers", remedy}
}
