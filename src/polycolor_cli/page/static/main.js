// The page: pictures, the one that is shown, and what people do to it.

import * as api from "./api.js";
import { filesOf } from "./dropped.js";
import { BARE, History, commandOf, fieldsOf, isFilled, linesOf } from "./fill.js";
import { regionAt, unpacked } from "./look.js";
import { compose, everything, widened } from "./paint.js";
import { draw, drawn } from "./sheet.js";
import { View } from "./view.js";
import { zipped } from "./zip.js";

const AT_ONCE = 2;
const THUMBNAIL = 192;

const get = (id) => document.getElementById(id);
const after = get("after").getContext("2d");
const over = get("over").getContext("2d");
const before = get("before").getContext("2d");

// a picture: {name, file, history, packed: what the server saw, thumbnail, sheet: its size where it is one}
const pictures = [];
let current = null;
let look = null; // of the current picture
let shown = null; // the ImageData on the stage
let hovered = 0;
let color = "red"; // as typed
let choosing = null; // the last choice of a colour, under way or done
let tool = "fill"; // fill, erase, pick; on a sheet draw and rub too
let stroke = null;
let limit = Infinity;

const view = new View(get("stage"), get("layers"), {
  draws: () => tool === "draw" || tool === "rub",
  point: hover,
  click,
  down: begin,
  move: goOn,
  up: end,
});

// --- what is said

function say(line, wrong = false) {
  get("status").textContent = line;
  get("status").classList.toggle("wrong", wrong);
}

const attempt = (action) => (...given) =>
  Promise.resolve(action(...given)).catch((error) => {
    if (error.name !== "AbortError") say(error.message, true);
  });

// --- pictures come in

async function add(files) {
  const added = [];
  for (const file of files) {
    if (file.size > limit) {
      say(`${file.name}: over ${Math.round(limit / 2 ** 20)} MB, more than a page takes`, true);
      continue;
    }
    const picture = { name: file.name, file, history: new History({ ...BARE, color }) };
    pictures.push(picture);
    list(picture);
    added.push(picture);
  }
  if (!look && added.length) current = added[0];
  update();
  if (added.length) await each(added, see, "looked at");
}

/** Do something with pictures, a few at a time, and show how far it has come. */
async function each(some, action, verb) {
  const bar = get("progress");
  const left = [...some];
  const wrong = [];
  bar.max = some.length;
  bar.value = 0;
  bar.hidden = some.length < 2;
  const work = async () => {
    for (let picture = left.shift(); picture; picture = left.shift()) {
      try {
        await action(picture);
      } catch (error) {
        wrong.push(error.message);
        fail(picture, error.message);
      }
      bar.value += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  bar.hidden = true;
  if (some.length > 1) say(`${some.length - wrong.length} of ${some.length} pictures ${verb}`, wrong.length > 0);
  else if (wrong.length) say(wrong[0], true);
}

function fail(picture, line) {
  picture.wrong = line;
  picture.item.querySelector(".name").textContent = line;
}

/** Let the server look at a picture, and show its fill. */
async function see(picture) {
  picture.packed = await api.planes(picture);
  const seen = await unpacked(picture.packed);
  picture.thumbnail = await reduced(seen, picture.history.state);
  if (!pictures.includes(picture)) return;
  thumb(picture);
  if (current === picture) await open(picture, seen);
}

async function open(picture, seen = null) {
  current = picture;
  for (const one of pictures) one.item.querySelector(".thumbnail").setAttribute("aria-current", one === picture);
  if (!seen && picture.packed) seen = await unpacked(picture.packed);
  if (current !== picture || !seen) {
    if (picture.wrong) say(picture.wrong, true);
    return;
  }
  look = seen;
  hovered = 0;
  get("empty").hidden = true;
  get("layers").hidden = get("view").hidden = get("shell").hidden = false;
  view.resize(look.width, look.height);
  shown = after.createImageData(look.width, look.height);
  const original = before.createImageData(look.width, look.height);
  compose(look, { mode: "regions", table: [], lines: "keep", background: "keep" }, original, everything(look));
  before.putImageData(original, 0, 0);
  choose(picture.sheet ? get("tools").elements.pen.value : "fill");
  await paint();
  say(look.warning ?? `${picture.name}: ${look.width} × ${look.height} pixels, ${counted()}`, Boolean(look.warning));
}

const counted = () => `${look.regions.length} region${look.regions.length === 1 ? "" : "s"}`;

// --- painting

async function paintOf(fill, seen) {
  const background = ["keep", "transparent"].includes(fill.background)
    ? fill.background
    : (await api.colorOf(fill.background)).rgb;
  if (fill.mode === "whole") return { mode: "whole", rgb: (await api.colorOf(fill.color)).rgb, lines: linesOf(fill), background };
  const table = new Array(seen.regions.length + 1);
  for (const [number, one] of fill.at) table[number] = (await api.colorOf(one.color)).rgb;
  return { mode: "regions", table, lines: linesOf(fill), background };
}

/** Paint the picture on the stage: all of it, or what has changed with one region. */
async function paint(only = 0) {
  const fill = current.history.state;
  const how = await paintOf(fill, look);
  const part = only ? widened(look, look.regions[only - 1].box) : everything(look);
  compose(look, how, shown, part, only);
  const [left, top, right, bottom] = part;
  after.putImageData(shown, 0, 0, left, top, right - left, bottom - top);
  update();
}

/** A picture with its fill, small enough for the list. */
async function reduced(seen, fill) {
  const whole = new ImageData(seen.width, seen.height);
  compose(seen, await paintOf(fill, seen), whole, everything(seen));
  const scale = Math.min(1, THUMBNAIL / Math.max(seen.width, seen.height));
  return createImageBitmap(whole, {
    resizeWidth: Math.max(1, Math.round(seen.width * scale)),
    resizeHeight: Math.max(1, Math.round(seen.height * scale)),
    resizeQuality: "medium",
  });
}

async function change(changes, only = 0) {
  if (!current || !look) return;
  current.history.push({ ...current.history.state, ...changes });
  await paint(only);
  later(current);
}

/** Bring the list up to date once there is time. */
function later(picture) {
  clearTimeout(picture.timer);
  const seen = look;
  picture.timer = setTimeout(async () => {
    picture.thumbnail = await reduced(seen, picture.history.state);
    thumb(picture);
  }, 300);
}

async function travel(by) {
  if (!current) return;
  const strokes = current.history.state.strokes;
  current.history.move(by);
  if (current.history.state.strokes !== strokes) await redraw();
  else await paint();
  later(current);
}

// --- what a pointer does

function hover(x, y) {
  if (!look) return;
  const number = tool === "fill" || tool === "erase" ? regionAt(look, x, y) : 0;
  if (number !== hovered) highlight(number);
}

function highlight(number) {
  const wipe = look.regions[hovered - 1];
  if (wipe) over.clearRect(0, 0, look.width, look.height);
  hovered = number;
  const region = look.regions[number - 1];
  if (!region) return;
  const [left, top, right, bottom] = region.box;
  const tint = over.createImageData(right - left, bottom - top);
  for (let y = top, j = 0; y < bottom; y++) {
    for (let x = left, i = y * look.width + left; x < right; x++, i++, j += 4) {
      if (look.nearest[i] !== number || !look.inside[i]) continue;
      // stripes are seen on any colour
      const light = (x + y) & 8 ? 255 : 0;
      tint.data.set([light, light, light, 70], j);
    }
  }
  over.putImageData(tint, left, top);
}

async function click(x, y) {
  if (!look) return;
  if (tool === "pick") {
    take(x, y);
    return;
  }
  const number = regionAt(look, x, y);
  if (!number) {
    say(current.history.state.mode === "whole" && !look.regions.length
      ? "no region was found in this drawing; the whole shape can be filled" : "there is no region here");
    return;
  }
  await fillRegion(number, [Math.floor(x), Math.floor(y)]);
}

async function fillRegion(number, point) {
  await choosing;
  const fill = current.history.state;
  const at = new Map(fill.at);
  if (fill.mode === "whole") {
    // what was filled stays so, but for the region that is clicked
    at.clear();
    for (const region of look.regions) at.set(region.region, { point: region.point, color: fill.color });
  }
  if (tool === "erase") at.delete(number);
  else at.set(number, { point, color });
  // over the lines, colour reaches what is nearest to a region, wherever that lies
  const isAlone = fill.mode === "regions" && linesOf(fill) === "keep";
  await change({ mode: "regions", at, each: null }, isAlone ? number : 0);
  say(`region ${number} of ${look.regions.length}: ${tool === "erase" ? "bare" : color}`);
}

function take(x, y) {
  if (x < 0 || y < 0 || x >= look.width || y >= look.height) return;
  const i = 4 * (Math.floor(y) * look.width + Math.floor(x));
  const hex = [...shown.data.slice(i, i + 3)].map((value) => value.toString(16).padStart(2, "0")).join("");
  choose("fill");
  // the colour alone: who takes one does not mean to fill with it yet
  setColor(`#${hex}`, false);
}

// --- a sheet to draw on

async function newSheet() {
  const tall = get("stage").clientHeight > get("stage").clientWidth;
  const sheet = tall ? [768, 1024] : [1024, 768];
  const number = pictures.filter((one) => one.sheet).length + 1;
  const name = number === 1 ? "drawing.png" : `drawing-${number}.png`;
  const picture = { name, sheet, file: await drawn([], ...sheet), history: new History({ ...BARE, color }) };
  pictures.push(picture);
  list(picture);
  current = picture;
  get("tools").elements.pen.value = "draw";
  await see(picture);
  say("draw, then choose “fill what I drew” to click regions");
}

function begin(x, y) {
  stroke = { points: [[x, y]], width: Number(get("pen-width").value), rubs: tool === "rub" };
  draw(after, stroke);
}

function goOn(x, y) {
  if (!stroke) return;
  stroke.points.push([x, y]);
  draw(after, stroke, stroke.points.length - 1);
}

async function end() {
  if (!stroke) return;
  const strokes = [...current.history.state.strokes, stroke];
  stroke = null;
  current.history.push({ ...current.history.state, strokes });
  await redraw();
}

let drawing = null;

/** Look anew at a sheet whose strokes have changed; regions that were filled are found by their points. */
const redraw = attempt(async () => {
  drawing?.abort();
  drawing = new AbortController();
  const picture = current;
  const fill = picture.history.state;
  picture.file = await drawn(fill.strokes, ...picture.sheet);
  picture.packed = await api.planes(picture, drawing.signal);
  const seen = await unpacked(picture.packed);
  if (current !== picture || picture.history.state !== fill) return;
  look = seen;
  const at = new Map();
  for (const one of fill.at.values()) {
    const number = regionAt(look, ...one.point);
    if (number) at.set(number, one);
  }
  fill.at = at;
  highlight(0);
  await paint();
  later(picture);
});

// --- saving

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function save() {
  if (!current || get("save").disabled) return;
  const { blob, name } = await api.filled(current, fieldsOf(current.history.state));
  download(blob, name);
  say(`${name}: saved`);
}

async function saveAll() {
  const results = new Map();
  const some = pictures.filter((picture) => picture.packed && isFilled(picture.history.state));
  await each(some, async (picture) => {
    results.set(picture, await api.filled(picture, fieldsOf(picture.history.state)));
  }, "painted");
  // in the order of the list, whichever was done first
  const done = some.filter((picture) => results.has(picture)).map((picture) => results.get(picture));
  if (done.length) download(await zipped(done), "polycolor.zip");
}

async function toAll() {
  await choosing;
  const some = pictures.filter((picture) => picture.packed);
  for (const picture of some) picture.history.push({ ...picture.history.state, mode: "whole", color, at: new Map(), each: null });
  await each(some, async (picture) => {
    picture.thumbnail = await reduced(picture === current ? look : await unpacked(picture.packed), picture.history.state);
    thumb(picture);
  }, `filled with ${color}`);
  await paint();
}

// --- colours and choices

/** Choose a colour, as typed; whoever fills meanwhile waits until it is known. */
function setColor(text, applies = true) {
  choosing = chosen(text, applies);
  return choosing;
}

async function chosen(text, applies) {
  get("color-error").textContent = "";
  let found;
  try {
    found = await api.colorOf(text);
  } catch (error) {
    get("color-error").textContent = error.message;
    return;
  }
  color = text;
  get("color").value = text;
  get("wheel").value = found.hex;
  for (const button of get("palette").children) button.setAttribute("aria-pressed", button.title === text);
  if (applies && current && look && current.history.state.mode === "whole") await change({ color });
}

function choose(name) {
  tool = name;
  get("stage").dataset.tool = name;
  get("pick").setAttribute("aria-pressed", name === "pick");
  get("erase").setAttribute("aria-pressed", name === "erase");
}

async function eachItsOwn() {
  if (!current || !look) return;
  const kind = get("each-palette").value;
  const palette = kind === "random" ? `random:${Math.floor(Math.random() * 1000)}` : kind;
  const picture = current;
  const colors = await api.eachOf(picture, palette);
  if (picture !== current) return;
  const at = new Map(look.regions.map(({ region, point }) => [region, { point, color: colors.get(region) }]));
  await change({ mode: "regions", at, each: palette });
  say(look.regions.length ? `${counted()}, each in its own colour` : "no region was found in this drawing");
}

/** Bring all that is shown beside the picture up to date. */
function update() {
  const fill = current?.history.state;
  get("undo").disabled = !current?.history.canUndo;
  get("redo").disabled = !current?.history.canRedo;
  get("save").disabled = !look || !fill || !isFilled(fill);
  get("save-all").disabled = pictures.filter((picture) => picture.packed).length < 2;
  get("to-all").disabled = get("save-all").disabled;
  get("pen").hidden = !current?.sheet;
  if (!fill) return;
  const fields = get("tools").elements;
  fields.mode.value = fill.mode;
  fields.lines.value = linesOf(fill);
  fields.background.value = ["keep", "transparent"].includes(fill.background) ? fill.background : "color";
  get("command").textContent = isFilled(fill) ? commandOf(current.name, fill) : "click a region to fill it";
}

// --- the list

function list(picture) {
  const item = document.createElement("li");
  item.innerHTML = `<button class="thumbnail" type="button"><canvas width="1" height="1"></canvas><span class="name"></span></button>
    <button class="remove" type="button">×</button>`;
  item.querySelector(".name").textContent = picture.name;
  item.querySelector(".remove").setAttribute("aria-label", `Remove ${picture.name}`);
  item.querySelector(".thumbnail").addEventListener("click", attempt(() => open(picture)));
  item.querySelector(".remove").addEventListener("click", attempt(() => remove(picture)));
  picture.item = item;
  get("thumbnails").append(item);
}

function thumb(picture) {
  const canvas = picture.item.querySelector("canvas");
  Object.assign(canvas, { width: picture.thumbnail.width, height: picture.thumbnail.height });
  canvas.getContext("2d").drawImage(picture.thumbnail, 0, 0);
}

async function remove(picture) {
  const place = pictures.indexOf(picture);
  pictures.splice(place, 1);
  picture.item.remove();
  if (picture === current) {
    current = look = null;
    const next = pictures[Math.min(place, pictures.length - 1)];
    if (next) await open(next);
    else {
      get("empty").hidden = false;
      get("layers").hidden = get("view").hidden = get("shell").hidden = true;
      say("");
    }
  }
  update();
}

// --- what comes in by dropping, pasting and choosing

async function dropped(event) {
  event.preventDefault();
  get("stage").classList.remove("over");
  const files = await filesOf(event.dataTransfer);
  if (!files.length) say("there are no pictures in what was dropped", true);
  await add(files);
}

function pasted(event) {
  const files = [...event.clipboardData.files];
  return files.length ? add(files) : undefined;
}

const wired = {
  open: () => get("files").click(),
  "open-folder": () => get("folder").click(),
  "draw-sheet": newSheet,
  undo: () => travel(-1),
  redo: () => travel(1),
  save,
  "save-all": saveAll,
  "to-all": toAll,
  each: eachItsOwn,
  pick: () => choose(tool === "pick" ? "fill" : "pick"),
  erase: () => choose(tool === "erase" ? "fill" : "erase"),
  smaller: () => view.zoom(0.8),
  larger: () => view.zoom(1.25),
  fit: () => view.fit(),
  copy: async () => {
    await navigator.clipboard.writeText(get("command").textContent);
    say("the command is copied");
  },
};
for (const [id, action] of Object.entries(wired)) get(id).addEventListener("click", attempt(action));

for (const id of ["files", "folder"]) {
  get(id).addEventListener("change", attempt(async (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    await add(id === "folder" ? files.filter((file) => file.type.startsWith("image/")) : files);
  }));
}
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  get("stage").classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) get("stage").classList.remove("over");
});
document.addEventListener("drop", attempt(dropped));
document.addEventListener("paste", attempt(pasted));

get("tools").addEventListener("submit", (event) => event.preventDefault());
get("color").addEventListener("change", attempt((event) => setColor(event.target.value.trim())));
get("wheel").addEventListener("change", attempt((event) => setColor(event.target.value)));
get("compare").addEventListener("input", (event) => {
  get("before").style.clipPath = `inset(0 ${100 - event.target.value}% 0 0)`;
});
get("before").style.clipPath = "inset(0 100% 0 0)";

const changed = {
  mode: (value) => (value === "whole" ? { mode: "whole", color, at: new Map(), each: null } : { mode: "regions", at: new Map(), each: null }),
  lines: (value) => ({ lines: value }),
  background: (value) => ({ background: value === "color" ? get("background-color").value : value }),
};
get("tools").addEventListener("change", attempt(async ({ target }) => {
  if (target.name === "pen") choose(target.value);
  else if (changed[target.name]) await change(changed[target.name](target.value));
  else if (target.id === "background-color") await change({ background: target.value });
}));

// --- keys

function step(by) {
  if (!look?.regions.length) return;
  highlight(((hovered - 1 + by + look.regions.length + (hovered ? 0 : by > 0 ? 0 : 1)) % look.regions.length) + 1);
  const { area } = look.regions[hovered - 1];
  say(`region ${hovered} of ${look.regions.length}, ${area} pixels`);
}

const onStage = {
  ArrowRight: () => step(1),
  ArrowDown: () => step(1),
  ArrowLeft: () => step(-1),
  ArrowUp: () => step(-1),
  Enter: () => hovered && fillRegion(hovered, look.regions[hovered - 1].point),
  Delete: async () => {
    if (!hovered) return;
    const before = tool;
    choose("erase");
    await fillRegion(hovered, look.regions[hovered - 1].point);
    choose(before);
  },
  "+": () => view.zoom(1.25),
  "=": () => view.zoom(1.25),
  "-": () => view.zoom(0.8),
  0: () => view.fit(),
};
get("stage").addEventListener("keydown", attempt(async (event) => {
  const action = event.ctrlKey || event.metaKey || event.altKey ? null : onStage[event.key];
  if (!action) return;
  event.preventDefault();
  await action();
}));
document.addEventListener("keydown", attempt(async (event) => {
  if (!(event.ctrlKey || event.metaKey)) return;
  const typing = event.target.matches?.("input:not([type]), textarea");
  const key = event.key.toLowerCase();
  if (key === "z" && !typing) await travel(event.shiftKey ? 1 : -1);
  else if (key === "y" && !typing) await travel(1);
  else if (key === "s") await save();
  else if (key === "o") get("files").click();
  else return;
  event.preventDefault();
}));

// --- begin

attempt(async () => {
  const about = await api.about();
  limit = about.most_bytes;
  // known before anybody can choose another
  await api.colorOf(color);
  for (const [name, hex] of Object.entries(about.palette)) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = name;
    button.setAttribute("aria-label", name);
    button.style.background = hex;
    button.addEventListener("click", attempt(() => setColor(name)));
    get("palette").append(button);
  }
  await setColor(color, false);
  update();
  const files = [];
  for (const [number, name] of about.given.entries()) files.push(new File([await api.given(number)], name));
  await add(files);
})();
