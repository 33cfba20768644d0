// What the page asks the server, which decides everything.

async function answered(response) {
  if (response.ok) return response;
  let line = `the server answers with ${response.status}`;
  try {
    line = (await response.json()).error ?? line;
  } catch {
    // no JSON: the status has to do
  }
  throw new Error(line);
}

async function asked(path, options = {}) {
  for (;;) {
    let response;
    try {
      response = await fetch(path, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("polycolor does not answer; is the command still running?");
    }
    if (response.status !== 429) return answered(response);
    await new Promise((again) => setTimeout(again, 500));
  }
}

function form(picture, fields) {
  const data = new FormData();
  data.append("picture", picture.file, "picture");
  // a form changes quotes in the names of files
  data.append("name", picture.name);
  for (const [name, value] of fields) data.append(name, value);
  return data;
}

export async function about() {
  return (await asked("about")).json();
}

export async function given(number) {
  return (await asked(`given/${number}`)).blob();
}

const colors = new Map();

/** What a colour that somebody typed is: {rgb, hex}. Throws the line that says what is wrong with it. */
export async function colorOf(text) {
  if (!colors.has(text)) colors.set(text, await (await asked(`color?c=${encodeURIComponent(text)}`)).json());
  return colors.get(text);
}

/** All that is needed to paint a picture here, as one blob that `look.js` unpacks. */
export async function planes(picture, signal) {
  return (await asked("planes", { method: "POST", body: form(picture, []), signal })).blob();
}

/** The colours of a palette for all regions, by their numbers. */
export async function eachOf(picture, palette) {
  const headers = { Accept: "application/json" };
  const answer = await asked("regions", { method: "POST", headers, body: form(picture, [["each", palette]]) });
  return new Map((await answer.json()).regions.map((region) => [region.region, region.color]));
}

/** The painted picture as the command line writes it: {blob, name}. */
export async function filled(picture, fields) {
  const answer = await asked("fill", { method: "POST", body: form(picture, fields) });
  const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition"));
  return { blob: await answer.blob(), name: decodeURIComponent(name[1]) };
}
