// Package bolt keeps everything in one bbolt file. A record is durable when
// AddCDR returns; writers that come together share one disk write.
package bolt
