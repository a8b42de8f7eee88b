package config

import (
	"crypto/x509"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"dialtone/dialplan"
	"dialtone/media/codec"
)

const defaultPermission = "default"

// outside checks what has to do with the public network.
func (c *validator) outside() {
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Trunks)) {
		if path := join("trunks", name); c.good(path) {
			c.trunk(c.cfg.Trunks[name], path)
		}
	}
	c.ambiguous()
	c.mute()
	c.ownNumbers()
	c.permissions()
	c.accounts()
	if len(c.cfg.Trunks) > 0 && c.cfg.Site.Country == "" && c.good("site.country") {
		c.report(finding{
			at: c.place("trunks").key, path: "site.country", warning: true, problem: problem{
				"it is not said in which country the numbers are: only those with + can be read, and only 112 and 911 are emergency numbers",
				"write site: {country: DE}, with your own",
			},
		})
	}
}

// missing reports a key that an entry must have.
func (c *validator) missing(path, key, reason, remedy string) {
	if p := join(path, key); c.good(p) {
		at := c.place(p).value
		if at.File == "" {
			at = c.place(path).key
		}
		c.report(finding{at: at, path: p, problem: problem{reason, remedy}})
	}
}

// idle reports a key that has no effect, when it is written.
func (c *validator) idle(path, key, why, remedy string) {
	if p := join(path, key); c.good(p) {
		c.report(finding{at: c.place(p).key, path: p, problem: problem{key + " has no effect " + why, remedy}})
	}
}

func (c *validator) is(path, key string) bool { return c.place(join(path, key)).key.File != "" }

func (c *validator) trunk(t Trunk, path string) {
	if t.Host == "" {
		c.missing(path, "host", "the trunk has no host", "write host: with the name or address of the provider's server")
	}
	c.trunkAccount(t, path)
	c.trunkTLS(t, path)
	c.narrowed(t.Codecs, join(path, "codecs"))
}

// trunkAccount checks what belongs to registering and to passwords.
func (c *validator) trunkAccount(t Trunk, path string) {
	switch {
	case t.Register && t.Username == "":
		c.missing(path, "username", "the trunk registers, but it has no username", "write username: as the provider gave it")
	case t.Register && t.Password == "":
		c.missing(path, "password", "the trunk registers, but it has no password", "write password: file:NAME or ${NAME}, as the provider gave it")
	}
	if !t.Register && c.is(path, "expires") {
		c.idle(path, "expires", "when the trunk does not register", "write register: true, or remove it")
	}
	if t.Login != "" && t.Password == "" {
		c.idle(path, "login", "without a password", "write password: too, or remove it")
	}
	if t.Password != "" && t.Username == "" && t.Login == "" && !t.Register {
		c.idle(path, "password", "without a name that it belongs to", "write username: too, or remove it")
	}
}

// trunkTLS checks what belongs to encryption.
func (c *validator) trunkTLS(t Trunk, path string) {
	secure := t.Transport == "tls"
	for _, k := range [...]struct{ key, value string }{{"ca", t.CA}, {"fingerprint", t.Fingerprint}} {
		if k.value != "" && !secure && c.good(join(path, "transport")) {
			c.idle(path, k.key, "without TLS", "write transport: tls, or remove it")
		}
	}
	switch {
	case secure && t.CA != "" && t.Fingerprint != "":
		c.idle(path, "ca", "beside fingerprint, which alone says which certificate is right", "keep one of them")
	case secure && t.CA != "":
		c.authorities(join(path, "ca"), t.CA)
	}
	if p := join(path, "srtp"); !secure && t.SRTP != "" && t.SRTP != "off" && c.good(p, join(path, "transport")) {
		c.warn(p, "the keys of the audio are sent where everybody on the way can read them", "write transport: tls, if the provider has it")
	}
}

// authorities must be certificates.
func (c *validator) authorities(path, name string) {
	if !c.files || !c.good(path) {
		return
	}
	data := c.pem(path, name, false)
	if data != nil && !x509.NewCertPool().AppendCertsFromPEM(data) {
		c.fail(path, name+" has no certificate in it", "name a PEM file with the certificates of who signed the provider's")
	}
}

// ambiguous finds trunks whose calls cannot be told from each other.
func (c *validator) ambiguous() {
	type source struct {
		trunk, path, text string
		network           netip.Prefix
	}
	var all []source
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Trunks)) {
		t := c.cfg.Trunks[name]
		for i, text := range t.Networks {
			p := fmt.Sprintf("%s[%d]", join(join("trunks", name), "networks"), i)
			network, err := parseNetwork(text)
			if err != nil || !c.good(p) {
				continue
			}
			for _, o := range all {
				if o.trunk != name && o.network.Overlaps(network) && !apartByHeader(c.cfg.Trunks[o.trunk].Header, t.Header) {
					c.fail(p, fmt.Sprintf("%s overlaps %s of %s, so it is not clear whose calls come from there", text, o.text, o.path),
						"narrow one of them, or give both trunks a header by which they differ")
					break
				}
			}
			all = append(all, source{name, p, text, network})
		}
	}
}

// apartByHeader reports whether no call can have the headers of both.
func apartByHeader(a, b map[string]string) bool {
	for name, x := range a {
		for other, y := range b {
			if strings.EqualFold(name, other) && x != y {
				return true
			}
		}
	}
	return false
}

// mute warns of trunks and extensions that could not hear each other.
func (c *validator) mute() {
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Trunks)) {
		path := join(join("trunks", name), "codecs")
		for _, e := range slices.Sorted(maps.Keys(c.cfg.Extensions)) {
			ours, theirs := c.cfg.Trunks[name].Codecs, c.cfg.Extensions[e].Codecs
			its := join(join("extensions", e), "codecs")
			if len(ours) == 0 || len(theirs) == 0 || !c.good(path, its) || shareCodec(ours, theirs) {
				continue
			}
			c.warn(path, fmt.Sprintf("extension %s knows none of %s, so no call between both can be heard", e, strings.Join(ours, ", ")),
				"add one of "+strings.Join(theirs, ", ")+", or widen codecs of the extension")
			break
		}
	}
}

// shareCodec reports whether two parties have a codec in common, or such as can be
// converted into each other.
func shareCodec(a, b []string) bool {
	return slices.ContainsFunc(formatsOf(a), func(x codec.Format) bool {
		return slices.ContainsFunc(formatsOf(b), func(y codec.Format) bool { return x.Same(y) || codec.Convertible(x, y) })
	})
}

// ownNumbers must reach somebody.
func (c *validator) ownNumbers() {
	var names []string
	for _, number := range slices.Sorted(maps.Keys(c.cfg.Numbers)) {
		n, path := c.cfg.Numbers[number], join("numbers", number)
		to := join(path, "to")
		if !c.good(path, to) {
			continue
		}
		_, extension := c.cfg.Extensions[n.To]
		switch _, group := c.cfg.Groups[n.To]; {
		case n.To == "":
			c.missing(path, "to", "the number reaches nobody", "write the extension or group that it reaches")
		case !extension && !group:
			if names == nil {
				names = append(slices.Sorted(maps.Keys(c.cfg.Groups)), slices.Sorted(maps.Keys(c.cfg.Extensions))...)
			}
			c.undefined(to, "extension or group", n.To, names)
		}
	}
	if len(c.cfg.Numbers) > 0 && len(c.cfg.Trunks) == 0 && c.good("trunks") {
		c.report(finding{
			at: c.place("numbers").key, path: "numbers", warning: true,
			problem: problem{"there is no trunk on which calls to these numbers could come", "write trunks:"},
		})
	}
}

// undefined says that a name is not there, and which was meant.
func (c *validator) undefined(path, what, name string, known []string) {
	c.fail(path, "there is no "+what+" "+quoted(name), dialplan.Instead(name, known))
}

// permissions must say something that has an effect.
func (c *validator) permissions() {
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Permissions)) {
		p, path := c.cfg.Permissions[name], join("permissions", name)
		if !c.good(path, join(path, "allow")) {
			continue
		}
		if p.Allow == nil {
			c.missing(path, "allow", "it is not said what the permission allows", "write allow: [toll-free, domestic, mobile], or allow: [] for emergency numbers alone")
		}
		if len(p.Countries) > 0 && !slices.Contains(p.Allow, "international") {
			c.idle(path, "countries", "when international is not allowed", "add international to allow, or remove it")
		}
		for _, kind := range slices.Sorted(maps.Keys(p.Limits)) {
			if !slices.Contains(p.Allow, kind) {
				c.idle(join(path, "limits"), kind, "when "+kind+" is not allowed", "add it to allow, or remove it")
			}
		}
	}
}

// accounts checks what extensions say of calls outside.
func (c *validator) accounts() {
	known := slices.Sorted(maps.Keys(c.cfg.Permissions))
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Extensions)) {
		e, path := c.cfg.Extensions[name], join("extensions", name)
		if e.Permission == "" || e.Permission == defaultPermission {
			continue
		}
		if _, ok := c.cfg.Permissions[e.Permission]; !ok && c.good(join(path, "permission"), "permissions") {
			c.undefined(join(path, "permission"), "permission", e.Permission, known)
		}
	}
}

// callerIDs warns of numbers that are shown to callees, who cannot call them back,
// and of such as are shown to nobody.
func (c *validator) callerIDs() {
	if c.plan == nil {
		return
	}
	look := func(path, number string) {
		if number != "" && c.good(path) && !c.reached(number) {
			c.warn(path, number+" is shown to who is called, but a call to it reaches nobody", "add it to numbers, or show another")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Trunks)) {
		id, path := c.cfg.Trunks[name].CallerID, join(join("trunks", name), "caller_id")
		look(join(path, "number"), id.Number)
		for _, country := range slices.Sorted(maps.Keys(id.ByCountry)) {
			look(join(join(path, "by_country"), country), id.ByCountry[country])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Extensions)) {
		path := join("extensions", name)
		if len(c.cfg.Trunks) > 0 {
			look(join(path, "caller_id"), c.cfg.Extensions[name].CallerID)
		} else if c.is(path, "caller_id") && c.good("trunks") {
			c.warn(join(path, "caller_id"), "nobody outside can be called, so nobody sees this number", "write trunks:, or remove it")
		}
	}
}

// reached reports whether calls from outside to a number go somewhere.
func (c *validator) reached(number string) bool {
	if _, ours := c.cfg.Numbers[number]; ours {
		return true
	}
	for _, t := range c.cfg.Trunks {
		if c.plan.Takes(t.Context, number) {
			return true
		}
	}
	return false
}
