/** A picture made small: no side is longer than that many pixels. Null when it is none. */
export async function thumbnail(file: Blob, side: number): Promise<Blob | null> {
  if (!file.type.startsWith('image/') || file.type === 'image/svg+xml') return null
  const picture = await createImageBitmap(file)
  const scale = Math.min(1, side / Math.max(picture.width, picture.height))
  return draw(picture, Math.round(picture.width * scale), Math.round(picture.height * scale), 0, 0, picture.width, picture.height)
}

/** The middle of a picture as a square of that many pixels. */
export async function square(file: Blob, side: number): Promise<Blob> {
  const picture = await createImageBitmap(file)
  const cut = Math.min(picture.width, picture.height)
  return draw(picture, side, side, (picture.width - cut) / 2, (picture.height - cut) / 2, cut, cut)
}

async function draw(picture: ImageBitmap, width: number, height: number, x: number, y: number, w: number, h: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height))
  const paper = canvas.getContext('2d')
  if (!paper) throw new Error('no canvas')
  paper.fillStyle = '#fff' // JPEG has nothing to see through
  paper.fillRect(0, 0, canvas.width, canvas.height)
  paper.imageSmoothingQuality = 'high'
  paper.drawImage(picture, x, y, w, h, 0, 0, canvas.width, canvas.height)
  picture.close()
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })
}
