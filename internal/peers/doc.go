// Package peers tests the server with phones that others have made: sipp, baresip,
// Twinkle and Linphone, as Debian has them. A program that is missing fails the tests with the
// command that installs it.
package peers
