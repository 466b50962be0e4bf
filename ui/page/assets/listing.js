// The list of documents: searched by name, sorted, ticked, summed up, removed. A removal waits until it can't be undone.

import { card } from "./card.js";
import { call, make, plural, shown, size } from "./common.js";

const UNDO = 8_000; // ms
const SHOWN = 500;
const names = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const fileName = (one) => one.source.split("/").pop();
const byName = (a, b) => names.compare(fileName(a), fileName(b)) || names.compare(a.source, b.source);
const ORDERS = {
  Name: byName,
  Newest: (a, b) => b.added.localeCompare(a.added) || byName(a, b),
  Largest: (a, b) => b.bytes - a.bytes,
  Longest: (a, b) => (b.pages || 0) - (a.pages || 0) || b.characters - a.characters,
};

const address = (one) => `api/documents/${encodeURIComponent(one.id)}`;
const button = (className, ...text) => Object.assign(make("button", className, ...text), { type: "button" });

function day(iso) {
  const date = new Date(iso);
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return date.toLocaleDateString("en", { day: "numeric", month: "short", ...year });
}

function facts(one) {
  const folder = one.source.slice(0, Math.max(0, one.source.lastIndexOf("/")));
  const parts = [size(one.bytes), day(one.added)];
  if (one.pages) parts.unshift(plural(one.pages, "page"));
  const node = make("span", "cw-facts", parts.join(" · "));
  if (folder) node.append(" · ", make("bdi", "", shown(folder)));
  return node;
}

function notes(one) {
  return make("details", "cw-notes", make("summary", "", plural(one.warnings.length, "note")),
    ...one.warnings.map((warning) => make("p", "", make("bdi", "", shown(warning)))));
}

function controls(draw) {
  const search = Object.assign(make("input", "cw-search"), { type: "search", placeholder: "Search by name", dir: "auto" });
  search.setAttribute("aria-label", "Search documents by name");
  const order = make("select", "cw-order", ...Object.keys(ORDERS).map((name) => new Option(name)));
  order.setAttribute("aria-label", "Sort documents by");
  search.addEventListener("input", draw);
  order.addEventListener("change", draw);
  return { search, order, node: make("div", "cw-controls", search, order) };
}

export function listing(chosen, tellCount, changed) {
  const list = make("ul", "cw-documents");
  list.setAttribute("aria-label", "Documents");
  list.tabIndex = -1;
  const hint = make("p", "cw-hint");
  const tickAll = Object.assign(button("cw-link"), { hidden: true });
  const trouble = make("p", "cw-trouble");
  trouble.setAttribute("role", "alert");
  const above = controls(() => draw());
  const rows = new Map(); // id -> { version, node }
  const going = new Map(); // id -> timer
  let all = [];

  function staying(one) {
    const tick = Object.assign(make("input", "cw-tick"), { type: "checkbox", checked: chosen.has(one.id) });
    tick.setAttribute("aria-label", `Ask only ${shown(one.source)}`);
    tick.addEventListener("change", () => chosen.set([one.id], tick.checked));
    const name = button("cw-opener", make("bdi", "cw-file", shown(fileName(one))));
    name.title = shown(one.source);
    name.setAttribute("aria-expanded", "false");
    const about = make("div", "cw-entry", name, facts(one));
    if (one.warnings.length) about.append(notes(one));
    const away = button("cw-remove", "Remove");
    away.setAttribute("aria-label", `Remove ${shown(one.source)}`);
    away.addEventListener("click", () => remove(one));
    const node = make("li", "", tick, about, away);
    name.addEventListener("click", () => {
      const open = node.querySelector(".cw-card");
      if (open) open.remove(); else node.append(card(one));
      name.setAttribute("aria-expanded", String(!open));
    });
    return node;
  }

  function leaving(one) {
    const undo = button("cw-link", "Undo");
    undo.setAttribute("aria-label", `Undo removing ${shown(one.source)}`);
    undo.addEventListener("click", () => {
      keep(one);
      rows.get(one.id).node.querySelector(".cw-remove").focus();
    });
    const name = make("bdi", "cw-file", shown(fileName(one)));
    return make("li", "cw-going", make("div", "cw-entry", name, make("span", "cw-facts", "removed")), undo);
  }

  function row(one) {
    const known = rows.get(one.id);
    if (known && known.version === one.version + going.has(one.id)) return known.node;
    const node = (going.has(one.id) ? leaving : staying)(one);
    rows.set(one.id, { version: one.version + going.has(one.id), node });
    return node;
  }

  function wanted() {
    const words = above.search.value.trim().toLocaleLowerCase();
    return all.filter((one) => one.source.toLocaleLowerCase().includes(words)).sort(ORDERS[above.order.value]);
  }

  function draw() {
    const found = wanted();
    const nodes = found.slice(0, SHOWN).map(row);
    if (found.length > SHOWN) nodes.push(make("li", "cw-facts", `and ${plural(found.length - SHOWN, "more document")}`));
    const same = nodes.length === list.children.length && nodes.every((node, at) => node === list.children[at]);
    const focused = document.activeElement;
    const inside = list.contains(focused);
    if (!same) list.replaceChildren(...nodes);
    if (!same && inside) (focused.isConnected ? focused : list).focus({ preventScroll: true });
    above.node.hidden = hint.hidden = all.length < 2;
    drawHint(found);
  }

  function drawHint(found) {
    const every = found.every((one) => chosen.has(one.id));
    const searched = above.search.value.trim() !== "";
    tickAll.hidden = !searched || !found.length;
    tickAll.textContent = every ? "Untick these" : `Tick ${found.length === 1 ? "this one" : `these ${found.length}`}`;
    hint.textContent = searched && found.length ? "" : found.length ? "Tick documents to ask only those."
      : "No document has a name like that.";
  }

  function remove(one) {
    going.set(one.id, setTimeout(() => removeNow(one), UNDO));
    chosen.leaving(one.id, true);
    draw();
    rows.get(one.id).node.querySelector("button").focus();
  }

  function keep(one) {
    clearTimeout(going.get(one.id));
    going.delete(one.id);
    chosen.leaving(one.id, false);
    draw();
  }

  function forget(id) { // it is gone, by this page's doing or another's
    rows.delete(id);
    clearTimeout(going.get(id));
    going.delete(id);
  }

  async function removeNow(one) {
    rows.get(one.id).node.querySelector("button").disabled = true;
    try {
      await call(address(one), { method: "DELETE" });
    } catch (error) {
      trouble.textContent = `${shown(one.source)} was not removed: ${shown(error.message)}`;
      keep(one);
    }
    going.delete(one.id);
    await refresh();
    changed();
  }

  window.addEventListener("pagehide", () => { // the tab is closed: what was to go, goes
    for (const id of going.keys()) fetch(address({ id }), { method: "DELETE", keepalive: true });
  });

  let later; // set while the library is still being opened

  async function refresh() {
    try {
      all = await call("api/documents");
    } catch (error) {
      trouble.textContent = shown(error.message);
      clearTimeout(later);
      later = setTimeout(refresh, 2000);
      return;
    }
    if (later) { trouble.textContent = ""; changed(); }
    later = undefined;
    tellCount(all.length);
    const here = new Set(all.map((one) => one.id));
    for (const id of rows.keys()) if (!here.has(id)) forget(id);
    chosen.among(all);
    draw();
  }

  tickAll.addEventListener("click", () => {
    const found = wanted();
    chosen.set(found.map((one) => one.id), !found.every((one) => chosen.has(one.id)));
  });
  chosen.onChange(() => {
    for (const [id, { node }] of rows) {
      const tick = node.querySelector(".cw-tick");
      if (tick) tick.checked = chosen.has(id);
    }
    drawHint(wanted());
  });

  return {
    nodes: [trouble, above.node, hint, tickAll, list],
    refresh,
    knows: (id) => all.some((one) => one.id === id),
    twin: (one) => all.find((other) => other.version === one.version && other.id !== one.id),
    learn: (one) => { all = [...all.filter((other) => other.id !== one.id), one]; },
  };
}
