// Files out of what was dropped or chosen: `{ name, file }` with the folders in the name; `file` is null where the
// browser can't read it. Hidden files and folders are left out, as `citewise add` does.

const hidden = (path) => path.split("/").some((part) => part.startsWith("."));

async function filesOf(entry) {
  const name = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise((done) => entry.file(done, () => done(null)));
    return [{ name, file }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const batch = await new Promise((done) => reader.readEntries(done, () => done(null)));
    if (!batch) return [...found, { name, file: null }];
    if (!batch.length) return found;
    for (const child of batch) if (!hidden(child.name)) found.push(...(await filesOf(child)));
  }
}

export async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
  if (entries.length && entries.every(Boolean)) return (await Promise.all(entries.map(filesOf))).flat();
  return picked(transfer.files);
}

export const picked = (files) => [...files]
  .map((file) => ({ name: file.webkitRelativePath || file.name, file }))
  .filter(({ name }) => !hidden(name) || !name.includes("/"));

// Calls `add` for files dropped anywhere on the page; `zone` shows that they are welcome.
export function catchDrops(zone, add) {
  const carriesFiles = (event) => [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.add("cw-over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("cw-over"); });
  document.addEventListener("drop", async (event) => {
    zone.classList.remove("cw-over");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    add(await dropped(event.dataTransfer));
  }, { capture: true });
}
