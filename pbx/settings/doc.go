// Package settings keeps what extensions set for themselves, by telephone or by dialtone
// ctl: do not disturb, where their calls go instead, who rings too. The Switchboard asks
// it for each extension that it rings. It also waits for extensions that are busy, and
// rings back.
package settings
