// A ZIP of files that are packed already (PKWARE's APPNOTE: local headers, a central directory, its end).

const MOST = 0xffffffff;
const utf8 = new TextEncoder();

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let k = 0; k < 8; k++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

function crc32(bytes) {
  let crc = MOST;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Numbers of two or four bytes each, the lowest first: [2, value, 4, value, ...]. */
function packed(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, one, k) => (k % 2 ? sum : sum + one), 0)));
  for (let k = 0, at = 0; k < fields.length; at += fields[k], k += 2) {
    if (fields[k] === 2) view.setUint16(at, fields[k + 1], true);
    else view.setUint32(at, fields[k + 1], true);
  }
  return view.buffer;
}

/** Names that are all different: a second a.png is a-2.png. */
function apart(names) {
  const taken = new Set();
  return names.map((name) => {
    const [, stem, ending] = /^(.*?)(\.[^.]*)?$/s.exec(name);
    let own = name;
    for (let k = 2; taken.has(own); k++) own = `${stem}-${k}${ending ?? ""}`;
    taken.add(own);
    return own;
  });
}

/** One blob of some files, [{name, blob}]. */
export async function zipped(files) {
  const parts = [];
  const directory = [];
  let at = 0;
  const names = apart(files.map(({ name }) => name));
  for (const [number, { blob }] of files.entries()) {
    const name = utf8.encode(names[number]);
    const crc = crc32(new Uint8Array(await blob.arrayBuffer()));
    // version 2.0, names in UTF-8, stored as it is, 1 January 1980
    const common = [2, 20, 2, 0x800, 2, 0, 2, 0, 2, 0x21, 4, crc, 4, blob.size, 4, blob.size, 2, name.length, 2, 0];
    parts.push(packed(4, 0x04034b50, ...common), name, blob);
    directory.push(packed(4, 0x02014b50, 2, 20, ...common, 2, 0, 2, 0, 2, 0, 4, 0, 4, at), name);
    at += 30 + name.length + blob.size;
  }
  const size = new Blob(directory).size;
  if (at + size > MOST || files.length > 0xffff) throw new Error("more than a ZIP can hold; save fewer at once");
  const end = packed(4, 0x06054b50, 2, 0, 2, 0, 2, files.length, 2, files.length, 4, size, 4, at, 2, 0);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
