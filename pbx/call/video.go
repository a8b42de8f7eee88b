package call

import "dialtone/media"

// screen lets the two see each other as far as both have video.
func (v *conversation) screen() {
	v.screening = media.Screen(v.screening, v.caller.Media(), v.callee.Media())
}

// readVideo is how the video beside e fared.
func (g *gauge) readVideo(e media.Endpoint) *VideoQuality {
	v := media.VideoOf(e)
	if v == nil || len(v.Formats()) == 0 {
		return nil
	}
	now, dir, far := v.Stats(), v.Direction(), g.leg.Far().Video.Direction
	return &VideoQuality{
		Codec: now.Codec,
		From: Flow{
			Packets: now.RxPackets - min(now.RxPackets, g.video.RxPackets), Lost: now.RxLost - min(now.RxLost, g.video.RxLost),
			Jitter: now.Jitter, Expected: dir.Recv && far.Send,
		},
		To: Flow{Packets: now.TxPackets - min(now.TxPackets, g.video.TxPackets), Lost: now.RemoteLost, Jitter: now.RemoteJitter, Expected: dir.Send},
	}
}
