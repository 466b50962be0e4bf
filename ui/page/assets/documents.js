// The panel of documents: add by choosing or dropping, list, remove. Everything goes through REST, and everything
// that comes from a document or a file name enters the page as text, never as HTML.

import { call, make, plural, shown, size } from "./common.js";

// Opens a dropped folder; gives its files, each with its path as name would not: only base names are kept.
async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const batch = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!batch.length) return files;
    for (const child of batch) {
      if (!child.name.startsWith(".")) files.push(...(await filesOf(child)));
    }
  }
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
  if (entries.length && entries.every(Boolean)) return (await Promise.all(entries.map(filesOf))).flat();
  return [...transfer.files];
}

export function documents(element, changed) {
  const input = Object.assign(make("input"), { type: "file", multiple: true, id: "cw-files" });
  const label = make("label", "cw-drop", make("strong", "", "Add documents"),
    make("span", "", "Drop files or folders here, or choose"));
  label.htmlFor = input.id;
  const status = make("p", "cw-status");
  status.setAttribute("role", "status");
  const report = make("ul", "cw-report");
  const count = make("span", "cw-count");
  const list = make("ul", "cw-documents");
  const panel = make("details", "cw-panel", make("summary", "", make("h2", "", "Documents"), count),
    input, label, status, report, list);
  const wide = window.matchMedia("(min-width: 800px)");
  panel.open = wide.matches;
  wide.addEventListener("change", () => { panel.open = wide.matches; });
  element.replaceChildren(panel);

  const line = (className, name, text) =>
    report.append(make("li", className, make("bdi", "cw-file", shown(name)), text));

  async function send(file) {
    const form = new FormData();
    form.append("files", file, file.name);
    const added = await call("api/documents", { method: "POST", body: form });
    for (const one of added.documents) {
      line("cw-good", one.source, " added");
      for (const warning of one.warnings) line("cw-warning", one.source, `: ${shown(warning)}`);
    }
    for (const source of added.unchanged) line("", source, " is already here");
    for (const failure of added.failed) line("cw-bad", failure.source, `: ${shown(failure.reason)}`);
  }

  let line_up = Promise.resolve();
  const add = (files) => (line_up = line_up.then(() => addAll(files)));

  async function addAll(files) {
    report.replaceChildren();
    label.classList.add("cw-busy");
    for (const [at, file] of files.entries()) {
      status.textContent = files.length > 1 ? `Adding ${at + 1} of ${files.length}: ${shown(file.name)}`
        : `Adding ${shown(file.name)}`;
      try {
        await send(file);
      } catch (error) {
        line("cw-bad", file.name, `: ${shown(error.message)}`);
      }
    }
    label.classList.remove("cw-busy");
    status.textContent = "";
    await refresh();
    changed("submit");
  }

  async function remove(one, button) {
    if (!button.dataset.sure) {
      button.dataset.sure = "yes";
      button.textContent = "Really?";
      setTimeout(() => { delete button.dataset.sure; button.textContent = "Remove"; }, 4000);
      return;
    }
    button.disabled = true;
    report.replaceChildren();
    try {
      await call(`api/documents/${encodeURIComponent(one.id)}`, { method: "DELETE" });
      line("", one.source, " removed");
    } catch (error) {
      line("cw-bad", one.source, `: ${shown(error.message)}`);
    }
    await refresh();
    changed("submit");
  }

  function item(one) {
    const cut = one.source.lastIndexOf("/") + 1;
    const facts = [size(one.bytes)];
    if (one.pages > 1) facts.unshift(plural(one.pages, "page"));
    if (cut > 0) facts.push(shown(one.source.slice(0, cut - 1)));
    const name = make("bdi", "cw-file", shown(one.source.slice(cut)));
    const button = Object.assign(make("button", "cw-remove", "Remove"), { type: "button" });
    button.setAttribute("aria-label", `Remove ${shown(one.source)}`);
    button.addEventListener("click", () => remove(one, button));
    const about = make("div", "", name, make("span", "cw-facts", facts.join(" · ")));
    about.title = shown(one.source);
    if (one.warnings.length) {
      about.append(make("details", "cw-notes", make("summary", "", plural(one.warnings.length, "note")),
        ...one.warnings.map((warning) => make("p", "", make("bdi", "", shown(warning))))));
    }
    return make("li", "", about, button);
  }

  let waiting = false;

  async function refresh() {
    try {
      const all = await call("api/documents");
      count.textContent = all.length ? all.length.toLocaleString("en") : "none yet";
      const most = all.slice(0, 500).map(item);
      if (all.length > 500) most.push(make("li", "cw-facts", `and ${plural(all.length - 500, "more document")}`));
      list.replaceChildren(...most);
      if (waiting) status.textContent = "";
      if (waiting) changed("submit");
      waiting = false;
    } catch (error) {
      count.textContent = "";
      status.textContent = shown(error.message);
      waiting = true;
      setTimeout(refresh, 2000);
    }
  }

  input.addEventListener("change", () => { add([...input.files]); input.value = ""; });
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  label.addEventListener("dragover", () => label.classList.add("cw-over"));
  label.addEventListener("dragleave", () => label.classList.remove("cw-over"));
  label.addEventListener("drop", async (event) => {
    label.classList.remove("cw-over");
    add(await dropped(event.dataTransfer));
  });
  window.addEventListener("focus", refresh);
  refresh();
}
