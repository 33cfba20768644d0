// What the server saw in a picture, unpacked: planes of bytes, one value a pixel or three.

/** Unpack an answer of `planes`. */
export async function unpacked(blob) {
  const length = new DataView(await blob.slice(0, 4).arrayBuffer()).getUint32(0, true);
  const look = JSON.parse(await blob.slice(4, 4 + length).text());
  let start = 4 + length;
  const planes = {};
  // one after the other: decoded, a large one takes four times its pixels
  for (const [name, size, dimensions] of look.planes) {
    planes[name] = await pixels(blob.slice(start, start + size), dimensions === 3 ? 3 : 1);
    start += size;
  }
  const numbers = planes.regions.values;
  look.nearest = new Uint16Array(look.width * look.height);
  look.inside = new Uint8Array(look.nearest.length);
  for (let i = 0, j = 0; i < look.nearest.length; i++, j += 3) {
    look.nearest[i] = numbers[j] | (numbers[j + 1] << 8);
    look.inside[i] = numbers[j + 2];
  }
  delete planes.regions;
  look.mixed = mixed(look);
  return Object.assign(look, planes, { coverage: planes.coverage.values, rimmed: planes.rimmed.values });
}

/** 1 where a pixel or one of its eight neighbours is of another region, or of its rim: colours are mixed there. */
function mixed({ width, height, nearest, inside }) {
  const found = new Uint8Array(nearest.length);
  const kind = new Uint32Array(nearest.length);
  for (let i = 0; i < kind.length; i++) kind[i] = (nearest[i] << 1) | (inside[i] === 255);
  for (let y = 0; y < height; y++) {
    for (let x = 0, i = y * width; x < width; x++, i++) {
      // each pair of neighbours is looked at once: to the right, and the three below
      const right = x + 1 < width;
      const below = y + 1 < height;
      if (right && kind[i] !== kind[i + 1]) found[i] = found[i + 1] = 1;
      if (!below) continue;
      const under = i + width;
      if (kind[i] !== kind[under]) found[i] = found[under] = 1;
      if (right && kind[i] !== kind[under + 1]) found[i] = found[under + 1] = 1;
      if (x && kind[i] !== kind[under - 1]) found[i] = found[under - 1] = 1;
    }
  }
  return found;
}

async function pixels(png, channels) {
  const bitmap = await createImageBitmap(png, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const values = new Uint8Array(canvas.width * canvas.height * channels);
  for (let i = 0, j = 0; j < values.length; i += 4) {
    for (let k = 0; k < channels; k++) values[j++] = rgba[i + k];
  }
  return { values, channels };
}

/** The number of the region under a pixel, 0 for none. */
export function regionAt(look, x, y) {
  if (x < 0 || y < 0 || x >= look.width || y >= look.height) return 0;
  const i = Math.floor(y) * look.width + Math.floor(x);
  return look.inside[i] ? look.nearest[i] : 0;
}
