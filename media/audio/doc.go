// Package audio opens files and streams of audio to be played to telephones, whatever
// they are, and writes such that survive a crash. It reads WAV, FLAC, Opus and Vorbis
// in Ogg, and MP3: a little at a time, as one channel, at the rate that is asked for.
//
// What a file holds is known by its content; the end of its name only serves to find
// it. A file that is broken gives an error, or ends early: never a panic, nor more
// memory than some megabytes.
package audio
