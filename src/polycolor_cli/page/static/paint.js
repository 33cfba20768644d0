// The arithmetic of the server's painting, for one look and one fill: what is shown at once after a click.

/** The box (left, top, right, bottom) of a whole picture. */
export function everything(look) {
  return [0, 0, look.width, look.height];
}

/** A box with a pixel more on each side, within the picture. */
export function widened(look, [left, top, right, bottom]) {
  return [Math.max(left - 1, 0), Math.max(top - 1, 0), Math.min(right + 1, look.width), Math.min(bottom + 1, look.height)];
}

/**
 * Paint a box of a picture into `out`, an ImageData of its size.
 *
 * paint: {mode, lines, background} with `rgb` for the whole shape, or `table`, the [r, g, b] of each region by its
 * number; background is "keep", "transparent", or an [r, g, b]. only: the number of the one region that has changed,
 * 0 for all.
 */
export function compose(look, paint, out, box, only = 0) {
  if (paint.mode === "whole") whole(look, paint, out.data, box);
  else parts(look, paint, out.data, box, only);
}

// value * share / 255, rounded: both are bytes
function scaled(value, share) {
  const product = value * share + 128;
  return (product + (product >> 8)) >> 8;
}

function under(look, i, k, value, amount) {
  const { values, channels } = look.ink;
  const share = values[channels === 3 ? 3 * i + k : i];
  return look.dark ? amount - scaled(amount - value, share) : scaled(value, share);
}

function whole(look, { rgb, lines, background }, out, [left, top, right, bottom]) {
  const { picture, around, coverage, rimmed } = look;
  for (let y = top; y < bottom; y++) {
    for (let x = left, i = y * look.width + left; x < right; x++, i++) {
      const share = coverage[i];
      for (let k = 0; k < 3; k++) {
        const before = picture.values[picture.channels === 3 ? 3 * i + k : i];
        const color = lines === "keep" ? under(look, i, k, rgb[k], 255) : rgb[k];
        let value;
        if (background === "transparent") value = color;
        else if (background !== "keep") value = scaled(background[k], 255 - share) + scaled(color, share);
        else if (lines === "keep") value = scaled(before, 255 - share) + scaled(color, share);
        else value = around.values[around.channels === 3 ? 3 * i + k : i] + scaled(color, rimmed[i]);
        out[4 * i + k] = value;
      }
      out[4 * i + 3] = background === "transparent" ? share : 255;
    }
  }
}

function parts(look, { table, lines, background }, out, [left, top, right, bottom], only) {
  const { picture, around, coverage, rimmed, nearest, inside, mixed, width } = look;
  const keeps = lines === "keep";
  const onPaper = !keeps && background === "keep";
  const isColor = background !== "keep" && background !== "transparent";
  const step = picture.channels === 3 ? 3 : 1;
  const layer = new Uint8Array(4);
  for (let y = top; y < bottom; y++) {
    for (let x = left, i = y * width + left; x < right; x++, i++) {
      if (mixed[i]) blurred(look, table, keeps, x, y, layer);
      else {
        if (only && nearest[i] !== only) continue;
        const color = keeps && inside[i] !== 255 ? undefined : table[nearest[i]];
        if (color) {
          layer.set(color);
          layer[3] = 255;
        } else layer.fill(0);
      }
      const covered = onPaper ? rimmed[i] : coverage[i];
      // a line that a painted region shares with one that is not stays one
      const laid = onPaper && layer[3] === 255;
      if (!keeps) for (let k = 0; k < 4; k++) layer[k] = scaled(layer[k], covered);
      const amount = layer[3];
      for (let k = 0; k < 3; k++) {
        const before = laid
          ? around.values[around.channels === 3 ? 3 * i + k : i]
          : scaled(picture.values[step === 3 ? 3 * i + k : i], 255 - amount);
        const value = before + (keeps ? under(look, i, k, layer[k], amount) : layer[k]);
        out[4 * i + k] = isColor ? scaled(value, covered) + scaled(background[k], 255 - covered) : value;
      }
      out[4 * i + 3] = background === "transparent" ? Math.max(covered, amount) : 255;
    }
  }
}

/** The mean colour and amount of the nine pixels around one, into `layer`. */
function blurred({ nearest, inside, width, height }, table, keeps, x, y, layer) {
  let red = 0;
  let green = 0;
  let blue = 0;
  let count = 0;
  for (let v = y - 1; v <= y + 1; v++) {
    const row = Math.min(Math.max(v, 0), height - 1) * width;
    for (let u = x - 1; u <= x + 1; u++) {
      const i = row + Math.min(Math.max(u, 0), width - 1);
      const color = keeps && inside[i] !== 255 ? undefined : table[nearest[i]];
      if (!color) continue;
      red += color[0];
      green += color[1];
      blue += color[2];
      count += 1;
    }
  }
  layer[0] = Math.round(red / 9);
  layer[1] = Math.round(green / 9);
  layer[2] = Math.round(blue / 9);
  layer[3] = Math.round((255 * count) / 9);
}
