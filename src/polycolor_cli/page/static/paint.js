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
 * number; background is "keep", "transparent", or an [r, g, b].
 */
export function compose(look, paint, out, box) {
  if (paint.mode === "whole") whole(look, paint, out.data, box);
  else parts(look, paint, out.data, box);
}

const scaled = (value, share) => Math.round((value * share) / 255);

function under(look, i, k, value, amount) {
  const { values, channels } = look.ink;
  const share = values[channels === 3 ? 3 * i + k : i];
  return look.dark ? amount - scaled(amount - value, share) : scaled(value, share);
}

function whole(look, { rgb, lines, background }, out, [left, top, right, bottom]) {
  const { picture, around, coverage } = look;
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
        else value = around.values[around.channels === 3 ? 3 * i + k : i] + scaled(color, share);
        out[4 * i + k] = value;
      }
      out[4 * i + 3] = background === "transparent" ? share : 255;
    }
  }
}

function parts(look, { table, lines, background }, out, [left, top, right, bottom]) {
  const { picture, coverage, nearest, inside, width, height } = look;
  const keeps = lines === "keep";
  const color = (i) => (!keeps || inside[i] === 255 ? table[nearest[i]] : undefined);
  const layer = [0, 0, 0, 0];
  for (let y = top; y < bottom; y++) {
    const rows = [Math.max(y - 1, 0) * width, y * width, Math.min(y + 1, height - 1) * width];
    for (let x = left; x < right; x++) {
      const i = rows[1] + x;
      const columns = [Math.max(x - 1, 0), x, Math.min(x + 1, width - 1)];
      const here = color(i);
      let alike = true;
      for (let n = 0; n < 9 && alike; n++) alike = color(rows[(n / 3) | 0] + columns[n % 3]) === here;
      if (alike) {
        for (let k = 0; k < 3; k++) layer[k] = here ? here[k] : 0;
        layer[3] = here ? 255 : 0;
      } else {
        layer.fill(0);
        for (const row of rows) {
          for (const column of columns) {
            const one = color(row + column);
            if (!one) continue;
            for (let k = 0; k < 3; k++) layer[k] += one[k] / 9;
            layer[3] += 255 / 9;
          }
        }
        for (let k = 0; k < 4; k++) layer[k] = Math.round(layer[k]);
      }
      const covered = coverage[i];
      if (!keeps) for (let k = 0; k < 4; k++) layer[k] = scaled(layer[k], covered);
      const amount = layer[3];
      for (let k = 0; k < 3; k++) {
        const before = picture.values[picture.channels === 3 ? 3 * i + k : i];
        const value = scaled(before, 255 - amount) + (keeps ? under(look, i, k, layer[k], amount) : layer[k]);
        const isColor = background !== "keep" && background !== "transparent";
        out[4 * i + k] = isColor ? scaled(value, covered) + scaled(background[k], 255 - covered) : value;
      }
      out[4 * i + 3] = background === "transparent" ? Math.max(covered, amount) : 255;
    }
  }
}
