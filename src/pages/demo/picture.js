/** Small pictures: made small before they go out, shown from memory when they come in. */

const MOST_BYTES = 100_000
const MOST_SIDE = 1280
const QUALITY = 0.8
const ATTEMPTS = 6
const SHOWN = ['image/jpeg', 'image/png', 'image/webp', 'image/gif']

/**
 * Draws the picture anew, smaller each time, until it fits. What a camera wrote beside it (the place, the time) is left behind.
 * @param {Blob} file
 * @returns {Promise<{ bytes: Uint8Array, mime: string, width: number, height: number }>}
 */
export async function shrink(file) {
  const bitmap = await createImageBitmap(file)
  let side = MOST_SIDE
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const canvas = drawn(bitmap, side)
    const small = await encoded(canvas, file.type)
    if (small.size <= MOST_BYTES) {
      bitmap.close()
      const { width, height } = canvas
      return { bytes: new Uint8Array(await small.arrayBuffer()), mime: small.type, width, height }
    }
    // bytes go about with the area
    side = Math.max(canvas.width, canvas.height) * Math.max(0.3, 0.9 * Math.sqrt(MOST_BYTES / small.size))
  }
  bitmap.close()
  throw new Error('This picture cannot be made small enough.')
}

function drawn(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(bitmap.width * scale))
  canvas.height = Math.max(1, Math.round(bitmap.height * scale))
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return canvas
}

/** A drawing stays sharp as PNG where it fits; what may be see-through is never a JPEG. */
async function encoded(canvas, type) {
  const sharp = type === 'image/png' ? await blobOf(canvas, 'image/png') : undefined
  if (sharp && sharp.size <= MOST_BYTES) return sharp
  return blobOf(canvas, type === 'image/jpeg' ? 'image/jpeg' : 'image/webp', QUALITY)
}

const blobOf = (canvas, type, quality) => new Promise((made) => canvas.toBlob(made, type, quality))

/** @type {WeakMap<object, string>} */
const urls = new WeakMap()

/** Where the bytes of a picture can be shown from; nothing where they are no picture. */
export function pictureUrl({ data, mime }) {
  if (!(data instanceof ArrayBuffer || ArrayBuffer.isView(data))) return
  const known = urls.get(data)
  if (known) return known
  const url = URL.createObjectURL(new Blob([data], { type: SHOWN.includes(mime) ? mime : 'image/jpeg' }))
  urls.set(data, url)
  return url
}
