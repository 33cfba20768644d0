// The files in what was dropped: as they are, and the pictures in folders.

const fileOf = (entry) => new Promise((found, failed) => entry.file(found, failed));

async function* picturesIn(folder) {
  const reader = folder.createReader();
  for (;;) {
    // a reader gives some hundred at a time, and at last none
    const some = await new Promise((found, failed) => reader.readEntries(found, failed));
    if (!some.length) return;
    for (const entry of some) {
      if (entry.isDirectory) yield* picturesIn(entry);
      else if (/^[^.].*\.(png|jpe?g|webp|bmp|tiff?|gif)$/i.test(entry.name)) yield await fileOf(entry);
    }
  }
}

/** All files of a drop by name, a 2 before a 10. */
export async function filesOf(transfer) {
  // before anything is waited for: the list is empty afterwards
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const plain = [...transfer.files];
  const files = entries.length ? [] : plain;
  for (const entry of entries) {
    if (entry.isFile) files.push(await fileOf(entry));
    else for await (const file of picturesIn(entry)) files.push(file);
  }
  return files.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}
