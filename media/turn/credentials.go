package turn

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // is what TURN servers have agreed on
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Username is for somebody who may use a relay until then, as coturn and others with the
// same secret take it: "1790000000:100" (draft-uberti-behave-turn-rest).
func Username(user string, until time.Time) string {
	return strconv.FormatInt(until.Unix(), 10) + ":" + user
}

// Password is the one that belongs to a username.
func Password(secret, username string) string {
	m := hmac.New(sha1.New, []byte(secret))
	_, _ = m.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// parse takes apart what Username has made.
func parse(username string) (user string, until time.Time, ok bool) {
	seconds, user, _ := strings.Cut(username, ":")
	n, err := strconv.ParseInt(seconds, 10, 64)
	return user, time.Unix(n, 0), err == nil && user != "" && len(username) <= maxUsername
}

const maxUsername = 256
