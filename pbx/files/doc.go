// Package files keeps what extensions send each other besides texts: pictures, documents.
// A file lies in the data folder under a name of ours until its time is over; who sent it
// and to whom is beside it. With a virus scanner, nobody gets one that was not looked at.
//
//	store.go   what there is, in memory and in the folder
//	take.go    a file comes: size, quota, disk, kind, scan
//	thumb.go   a small picture of it, made by the page and drawn anew here
//	tidy.go    files whose time is over, and those that wait for the scanner
package files
