package browser

// eyes are what a page sees and shows: pictures are counted where they are decoded, and
// looked at where they are painted.
const eyes = `
	window.videoStats = async (type, field) => {
		let sum = 0
		for (const pc of window.connections.filter((pc) => pc.connectionState === 'connected'))
			for (const s of (await pc.getStats()).values()) if (s.type === type && s.kind === 'video') sum += s[field] ?? 0
		return sum
	}
	window.painted = () => {
		const video = document.querySelector('video.theirs')
		if (!video?.videoWidth) return ''
		const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 })
		const c = canvas.getContext('2d')
		c.drawImage(video, 0, 0, 64, 36)
		return c.getImageData(0, 0, 64, 36).data.join()
	}
	window.moves = async () => {
		const decoded = await window.videoStats('inbound-rtp', 'framesDecoded'), before = window.painted()
		await new Promise((done) => setTimeout(done, 400))
		const after = window.painted()
		const muted = document.querySelector('video.theirs')?.srcObject.getVideoTracks().some((t) => t.muted)
		return before && after && before !== after && !muted && (await window.videoStats('inbound-rtp', 'framesDecoded')) > decoded + 2
	}
	window.shows = async () => {
		const sent = await window.videoStats('outbound-rtp', 'framesSent')
		await new Promise((done) => setTimeout(done, 500))
		return (await window.videoStats('outbound-rtp', 'framesSent')) > sent
	}
	window.films = []
	for (const way of ['getUserMedia', 'getDisplayMedia']) {
		const open = navigator.mediaDevices[way].bind(navigator.mediaDevices)
		navigator.mediaDevices[way] = async (what) => {
			const stream = await open(what)
			window.films.push(...stream.getVideoTracks())
			return stream
		}
	}
	window.cameraIsOn = () => window.films.some((t) => t.readyState === 'live')
	undefined`

// opens eyes to a page that is logged in.
func (o *office) watch(c *Browser, extension string, scripts ...string) *Page {
	o.t.Helper()
	p := o.logIn(c, extension, scripts...)
	p.Eval(eyes, nil)
	return p
}

// moves waits until the page shows pictures of the other side that move.
func moves(p *Page) {
	p.t.Helper()
	p.Wait("window.moves()")
}

// dark waits until the page neither shows the other side nor is shown, and its camera is off.
func dark(p *Page) {
	p.t.Helper()
	p.Wait(`!window.cameraIsOn() && !document.querySelector('video')`)
}
