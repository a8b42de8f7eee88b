// Package notify is what calls have to do with the world beside telephones: it
// asks web servers for the step http (Web), and delivers webhooks and mail
// (Outbox) while the calls go on.
//
// An Outbox takes a message at once or not at all. What it took is tried several
// times, by a goroutine of its own; how many wait is bounded for each
// destination, so that one which is dead does not keep others from theirs. Close
// gives what waits one more try. What is lost is in the log.
package notify
