// How a picture is filled: a value that never changes, its history, and the same in the words of a shell.
//
// mode "whole": the shape in `color`. mode "regions": `at`, region number -> {point, color}, which `each`, where it is
// set, gave to all of them at once. lines: "fill", "keep", or null for what is usual. background: "keep",
// "transparent", or a colour. strokes: what was drawn on a sheet.

export const BARE = {
  mode: "whole", color: "red", at: new Map(), each: null, lines: null, background: "keep", strokes: [],
};

/** Whether lines are kept: usual with regions, as on the command line. */
export function linesOf(fill) {
  return fill.lines ?? (fill.mode === "regions" ? "keep" : "fill");
}

export class History {
  constructor(first) {
    this.states = [first];
    this.now = 0;
  }

  get state() {
    return this.states[this.now];
  }

  push(state) {
    this.states.splice(this.now + 1, Infinity, state);
    this.now += 1;
  }

  get canUndo() {
    return this.now > 0;
  }

  get canRedo() {
    return this.now < this.states.length - 1;
  }

  move(by) {
    this.now = Math.min(Math.max(this.now + by, 0), this.states.length - 1);
  }
}

const isUsual = (fill) => fill.lines === null || fill.lines === (fill.mode === "regions" ? "keep" : "fill");

/** The fields of the form that asks the server for this. */
export function fieldsOf(fill) {
  const fields = [];
  if (fill.mode === "whole") fields.push(["color", fill.color]);
  else if (fill.each) fields.push(["each", fill.each]);
  else for (const { point, color } of fill.at.values()) fields.push(["at", `${point[0]},${point[1]}=${color}`]);
  if (!isUsual(fill)) fields.push(["lines", fill.lines]);
  if (fill.background !== "keep") fields.push(["background", fill.background]);
  return fields;
}

/** Whether there is anything to save. */
export function isFilled(fill) {
  return fill.mode === "whole" || fill.at.size > 0;
}

const quoted = (word) => (/^[\w.,%/=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** The command that does the same. */
export function commandOf(name, fill) {
  const words = ["polycolor", "colorize", quoted(name.startsWith("-") ? `./${name}` : name)];
  for (const [option, value] of fieldsOf(fill)) words.push(`--${option}`, quoted(value));
  return words.join(" ");
}
