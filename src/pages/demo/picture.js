/** Small pictures: made small before they go out, shown from memory when they come in. */

const MOST_BYTES = 100_000
const SIDES = [1280, 1024, 800, 640, 480, 320, 160]
const QUALITIES = [0.85, 0.7, 0.55, 0.4]
const SHOWN = ['image/jpeg', 'image/png', 'image/webp', 'image/gif']

/**
 * Draws the picture anew, smaller and smaller, until it fits. What a camera wrote beside the picture (the place, the time) is left behind.
 * @param {Blob} file
 * @returns {Promise<{ bytes: Uint8Array, mime: string, width: number, height: number }>}
 */
export async function shrink(file) {
  const bitmap = await createImageBitmap(file)
  try {
    for (const side of SIDES) {
      const canvas = drawn(bitmap, side)
      const small = await encoded(canvas, file.type)
      if (!small) continue
      const bytes = new Uint8Array(await small.arrayBuffer())
      return { bytes, mime: small.type, width: canvas.width, height: canvas.height }
    }
  } finally {
    bitmap.close()
  }
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
  const lossy = type === 'image/jpeg' ? 'image/jpeg' : 'image/webp'
  for (const quality of QUALITIES) {
    const blob = await blobOf(canvas, lossy, quality)
    if (blob && blob.size <= MOST_BYTES) return blob
  }
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
