// Package tone makes the tones of telephony and finds keys in audio: the tones of
// countries (ITU-T E.180), the pairs of keys (Q.23, Q.24), tones to measure with.
// It is pure: samples in, samples out, no clock and no packets.
//
// Levels are in dBm0. A sine of 0 dBm0 has the amplitude that G.711 gives it, 3.17 dB
// below the loudest that µ-law can say; as 16 bits that is -3.2 dB of full scale.
package tone
