package doctor

import (
	"crypto/md5" //nolint:gosec // is what phones and servers use (RFC 3261 §22)
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

var parameter = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^,\s]+))`)

// authorization answers a challenge (RFC 7616), with qop=auth.
func authorization(challenge, method, uri, username, password string) string {
	got := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(challenge, -1) {
		got[strings.ToLower(m[1])] = m[2] + m[3]
	}
	sum := func(text string) string {
		h := md5.New() //nolint:gosec // see above
		if got["algorithm"] == "SHA-256" {
			h = sha256.New()
		}
		h.Write([]byte(text))
		return hex.EncodeToString(h.Sum(nil))
	}
	cnonce := rand.Text()
	response := sum(strings.Join([]string{
		sum(username + ":" + got["realm"] + ":" + password), got["nonce"], "00000001", cnonce, "auth", sum(method + ":" + uri),
	}, ":"))
	text := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", cnonce="%s", nc=00000001, qop=auth`,
		username, got["realm"], got["nonce"], uri, response, cnonce)
	if a := got["algorithm"]; a != "" {
		text += ", algorithm=" + a
	}
	return text
}
