package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"dialtone/dialplan"
	"dialtone/media/codec"
)

// Format is what a text may be, named by a `format` or `key` tag.
type Format struct {
	Says    string   // in words, for the reference: "an IP address"
	Pattern string   // regular expression (ECMA 262) that every good value matches; "" for any
	Values  []string // good values, when there are few
}

const (
	namePattern   = `[A-Za-z0-9][A-Za-z0-9._-]{0,31}`
	numberPattern = `[A-Za-z0-9*#+][A-Za-z0-9*#._-]{0,31}`
	hostPattern   = `[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9-]{1,63})*\.?`
)

const (
	planNamePattern = `[A-Za-z][A-Za-z0-9_-]{0,31}`
	headerPattern   = `[A-Za-z][A-Za-z0-9-]{0,63}`
)

var (
	planName      = regexp.MustCompile(`^` + planNamePattern + `$`)
	headerName    = regexp.MustCompile(`^` + headerPattern + `$`)
	countryCode   = regexp.MustCompile(`^([A-Z]{2})?$`)
	extensionName = regexp.MustCompile(`^` + namePattern + `$`)
	onlyDigits    = regexp.MustCompile(`^[0-9]+$`)
	featureNumber = regexp.MustCompile(`^` + numberPattern + `$`)
	hostName      = regexp.MustCompile(`^` + hostPattern + `$`)
)

// FormatOf gives the format of that name; the zero Format, which takes any text,
// when there is none.
func FormatOf(name string) Format {
	switch name {
	case "path":
		return Format{Says: "a path", Pattern: `.`}
	case "file":
		return Format{Says: "a file, or empty"}
	case "files":
		return Format{Says: "a file or pattern"}
	case "domain":
		return Format{Says: "a host name or IP address", Pattern: `^[A-Za-z0-9:.-]+$`}
	case "listen":
		return Format{Says: "host:port, where host is an IP address or empty", Pattern: `^([0-9.]*|\[[0-9A-Fa-f:.]+(%[^\]]+)?\]):[0-9]{1,5}$`}
	case "ip":
		return Format{Says: "an IP address, or empty", Pattern: `^([0-9.]+|[0-9A-Fa-f:.]+)?$`}
	case "network":
		return Format{Says: "a network like 192.168.0.0/16 or an IP address", Pattern: `^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$`}
	case "ports":
		return Format{Says: `"first-last"`, Pattern: `^[0-9]{1,5}-[0-9]{1,5}$`}
	case "stun":
		return stunFormat()
	case "codec":
		return Format{Says: "the name of a codec", Pattern: codecPattern(), Values: codecNames()}
	case "extension":
		return Format{
			Says:    "2 to 15 digits, or a name of letters, digits, dot, - and _",
			Pattern: `^([0-9]{2,15}|[A-Za-z][A-Za-z0-9._-]{0,31}|[0-9]{1,31}[A-Za-z._-][A-Za-z0-9._-]{0,30})$`,
		}
	}
	if f := planFormat(name); f.Says != "" {
		return f
	}
	if f := trunkFormat(name); f.Says != "" {
		return f
	}
	return notifyFormat(name)
}

// planFormat is FormatOf for the formats that a dialplan and its site use.
func planFormat(name string) Format {
	switch name {
	case "name":
		return Format{Says: "a name of letters, digits, - and _", Pattern: `^` + planNamePattern + `$`}
	case "country":
		return Format{Says: "two letters like DE, or empty", Pattern: `^([A-Z]{2})?$`}
	case "timezone":
		return Format{Says: "a time zone like Europe/Berlin, or empty", Pattern: `^[A-Za-z0-9_+/-]*$`}
	case "header":
		return Format{Says: "the name of a SIP header", Pattern: `^` + headerPattern + `$`}
	case "number":
		return Format{Says: "a number or name, or empty", Pattern: `^(` + numberPattern + `)?$`}
	}
	return Format{}
}

// checkOf gives what checks a format, nil when any text will do.
func checkOf(name string) func(string) (string, problem) {
	switch name {
	case "path":
		return checkPath
	case "domain":
		return checkDomain
	case "listen":
		return checkListen
	case "ip":
		return checkIP
	case "network":
		return checkNetwork
	case "ports":
		return checkPorts
	case "stun":
		return checkSTUN
	case "codec":
		return checkCodec
	case "extension":
		return checkExtension
	case "name":
		return checkPlanName
	case "country":
		return checkCountry
	case "header":
		return checkHeader
	case "number":
		return checkNumber
	}
	if check := trunkCheck(name); check != nil {
		return check
	}
	return notifyCheck(name)
}

func checkPath(s string) (string, problem) {
	if strings.TrimSpace(s) == "" {
		return s, problem{"the path is empty", "write a path, or remove the key to keep the default"}
	}
	return s, problem{}
}

func checkDomain(s string) (string, problem) {
	if _, err := netip.ParseAddr(s); err == nil {
		return s, problem{}
	}
	if len(s) > 253 || !hostName.MatchString(s) {
		return s, problem{quoted(s) + " is not a host name", "write a name like pbx.example.org or an IP address, without sip: and without a port"}
	}
	return s, problem{}
}

func checkListen(s string) (string, problem) {
	_, err := parseListen(s)
	if err != nil {
		return s, problem{fmt.Sprintf("%s is not an address to listen on: %v", quoted(s), err), `write ":5060", "192.0.2.1:5060" or "[2001:db8::1]:5060"`}
	}
	return s, problem{}
}

// listen is a parsed address to listen on; any is every address of both families.
type listen struct {
	any  bool
	addr netip.AddrPort
}

func parseListen(s string) (listen, error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return listen{}, fmt.Errorf("it has no port")
	}
	port, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil || s[i+1:] == "" {
		return listen{}, fmt.Errorf("the port must be 0 to 65535")
	}
	host := s[:i]
	if host == "" {
		return listen{any: true, addr: netip.AddrPortFrom(netip.Addr{}, uint16(port))}, nil
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	ip, err := netip.ParseAddr(bare)
	switch {
	case bare == host && strings.Contains(host, ":"):
		return listen{}, fmt.Errorf("an IPv6 address needs brackets")
	case err != nil:
		return listen{}, fmt.Errorf("its host is not an IP address")
	case ip.Is6() != (bare != host) || len(host) != len(bare) && len(host) != len(bare)+2:
		return listen{}, fmt.Errorf("brackets belong around IPv6 addresses only")
	}
	return listen{addr: netip.AddrPortFrom(ip, uint16(port))}, nil
}

// overlaps reports whether a and b cannot both be listened on.
func (a listen) overlaps(b listen) bool {
	switch {
	case a.addr.Port() != b.addr.Port() || a.addr.Port() == 0:
		return false
	case a.any || b.any:
		return true
	case a.addr.Addr().Is4() != b.addr.Addr().Is4():
		return false
	}
	return a.addr == b.addr || a.addr.Addr().IsUnspecified() || b.addr.Addr().IsUnspecified()
}

func checkIP(s string) (string, problem) {
	if s == "" {
		return s, problem{}
	}
	ip, err := netip.ParseAddr(s)
	switch {
	case err != nil || ip.Zone() != "":
		return s, problem{quoted(s) + " is not an IP address", "write the address that phones outside see, such as 203.0.113.7"}
	case ip.IsUnspecified() || ip.IsMulticast():
		return s, problem{s + " is not the address of one machine", "write the address that phones outside see, such as 203.0.113.7"}
	}
	return s, problem{}
}

func checkNetwork(s string) (string, problem) {
	p, err := parseNetwork(s)
	if err != nil {
		return s, problem{quoted(s) + " is not a network", "write it like 192.168.0.0/16, 2001:db8::/32, or one IP address"}
	}
	if p.Masked() != p {
		return s, problem{s + " has bits set beyond its length", "write " + p.Masked().String() + " for the network, or " + p.Addr().String() + " for the one address"}
	}
	return s, problem{}
}

// parseNetwork reads a prefix, or an address as the prefix of itself alone.
func parseNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		ip = ip.Unmap()
		if ip.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("a zone does not belong here")
		}
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is4In6() {
		return p, err
	}
	if p.Bits() < 96 {
		return netip.Prefix{}, fmt.Errorf("an IPv4 address with less than 96 bits")
	}
	return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96), nil
}

func checkPorts(s string) (string, problem) {
	const remedy = `write "first-last", such as "16384-32767"`
	first, last, err := parsePorts(s)
	switch {
	case err != nil:
		return s, problem{quoted(s) + " is not a range of ports", remedy}
	case first > last:
		return s, problem{fmt.Sprintf("the first port %d is above the last %d", first, last), fmt.Sprintf(`write "%d-%d"`, last, first)}
	case first < 1024:
		return s, problem{fmt.Sprintf("port %d belongs to the system", first), "start at 1024 or above, best above 10000"}
	case int(last)-int(first) < 3:
		return s, problem{"the range is too small for one call, which needs 4 ports", remedy}
	}
	return s, problem{}
}

func parsePorts(s string) (first, last uint16, err error) {
	a, b, found := strings.Cut(s, "-")
	if !found {
		return 0, 0, fmt.Errorf("no - in %q", s)
	}
	f, err := strconv.ParseUint(strings.TrimSpace(a), 10, 16)
	if err != nil {
		return 0, 0, err
	}
	l, err := strconv.ParseUint(strings.TrimSpace(b), 10, 16)
	return uint16(f), uint16(l), err
}

// formats are the codecs that can be named.
func formats() []codec.Format {
	return []codec.Format{codec.Opus, codec.G722, codec.PCMA, codec.PCMU, codec.G729, codec.GSM}
}

func codecNames() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.Name)
	}
	return names
}

// codecPattern matches the names in any case.
func codecPattern() string {
	var b strings.Builder
	for i, name := range codecNames() {
		if i > 0 {
			b.WriteByte('|')
		}
		for _, r := range name {
			if lower := strings.ToLower(string(r)); lower != string(r) {
				b.WriteString("[" + string(r) + lower + "]")
			} else {
				b.WriteRune(r)
			}
		}
	}
	return "^(" + b.String() + ")$"
}

func checkCodec(s string) (string, problem) {
	for _, name := range codecNames() {
		if strings.EqualFold(name, s) {
			return name, problem{}
		}
	}
	remedy := "known are " + strings.Join(codecNames(), ", ")
	if near := dialplan.Nearest(s, codecNames()); near != "" {
		remedy = fmt.Sprintf("did you mean %q? ", near) + remedy
	}
	return s, problem{quoted(s) + " is not a codec", remedy}
}

func checkExtension(s string) (string, problem) {
	switch {
	case onlyDigits.MatchString(s) && (len(s) < 2 || len(s) > 15):
		return s, problem{"a number has 2 to 15 digits", "write one like 100"}
	case !extensionName.MatchString(s):
		return s, problem{
			quoted(s) + " cannot be the name of an extension",
			"use 2 to 15 digits, or up to 32 letters, digits, dots, - and _ of which the first is a letter or digit",
		}
	}
	return s, problem{}
}

func checkNumber(s string) (string, problem) {
	if s != "" && !featureNumber.MatchString(s) {
		return s, problem{quoted(s) + " cannot be dialled", `use digits, *, # or letters, like "*43"`}
	}
	return s, problem{}
}

func checkPlanName(s string) (string, problem) {
	if !planName.MatchString(s) {
		return s, problem{quoted(s) + " cannot be a name here", "use letters, digits, - and _, starting with a letter"}
	}
	return s, problem{}
}

func checkCountry(s string) (string, problem) {
	if !countryCode.MatchString(s) || s != "" && !dialplan.IsCountry(s) {
		return s, problem{quoted(s) + " is not a country", "write two capital letters, like DE"}
	}
	return s, problem{}
}

// checkHeader refuses what is no header, and those that carry secrets or belong
// to the exchange alone.
func checkHeader(s string) (string, problem) {
	if !headerName.MatchString(s) {
		return s, problem{quoted(s) + " cannot be the name of a header", "write one like X-Priority"}
	}
	switch strings.ToLower(s) {
	case "authorization", "proxy-authorization":
		return s, problem{s + " carries passwords, so no route may look at it", "remove it"}
	}
	return s, problem{}
}
