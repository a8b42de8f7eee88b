// Package recording keeps recordings of calls: files in a folder of its own, and what is
// known of each in the store.
//
// The record comes first, in the state recording; then the file grows, playable at any
// moment; then it is synced and hashed, and the record says kept. Who is killed in between
// finds the record at the next start and makes of it what there is. A recording that is
// deleted is marked first, then its file goes, then its record. Names of files are made
// here: of the time and of chance, never of what comes from the network.
package recording
