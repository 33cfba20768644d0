// An empty sheet to draw on: strokes, and the picture that they make.

/** Draw one stroke, {points, width, rubs}, from its point number `from` on. */
export function draw(context, { points, width, rubs }, from = 1) {
  context.strokeStyle = context.fillStyle = rubs ? "white" : "black";
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  if (points.length === 1) {
    context.arc(...points[0], width / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.moveTo(...points[Math.max(from - 1, 0)]);
  for (const point of points.slice(Math.max(from, 1))) context.lineTo(...point);
  context.stroke();
}

/** The picture of some strokes on white paper, as the bytes of a PNG. */
export function drawn(strokes, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  for (const stroke of strokes) draw(context, stroke);
  return canvas.convertToBlob({ type: "image/png" });
}
