// Package music is music on hold: classes of music, each one stream that all who hear
// it share. Whoever begins to listen joins where the stream is. A stream is decoded
// once, and encoded once for each codec and packet time, whatever the number of
// listeners; it runs only while somebody listens.
package music
