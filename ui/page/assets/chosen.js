// Which documents the conversation may use: none ticked means all. What is chosen is said above the question box and
// goes with each question, as the names of documents in a hidden field; one that is being removed is never used. A
// conversation that is opened again may use what its last question used.

import { call, make, plural, shown } from "./common.js";

const NAMED = 3;

export function choice() {
  const chosen = new Set();
  const going = new Set();
  let all = [];
  let open = null; // the conversation's id
  let remembered = null; // the names that it used last, until the library is known
  const strip = make("div", "cw-limit");
  strip.setAttribute("role", "status");
  const everything = Object.assign(make("button", "cw-link", "Use all documents"), { type: "button" });
  everything.addEventListener("click", () => {
    chosen.clear();
    tell();
    document.querySelector("#cw-ask textarea")?.focus();
  });
  const watching = [];

  function sources() {
    if (!chosen.size && !going.size) return "";
    const used = all.filter((one) => !going.has(one.id) && (!chosen.size || chosen.has(one.id)));
    return JSON.stringify(used.map((one) => one.source));
  }

  function draw() {
    const names = all.filter((one) => chosen.has(one.id)).map((one) => one.source.split("/").pop());
    const more = names.length - NAMED;
    const words = make("span", "", `Answers come only from ${plural(names.length, "document")}: `);
    for (const [at, name] of names.slice(0, NAMED).entries()) words.append(at ? ", " : "", make("bdi", "", shown(name)));
    if (more > 0) words.append(` and ${more.toLocaleString("en")} more`);
    strip.replaceChildren(...(names.length ? [words, everything] : []));
    if (!strip.isConnected) document.querySelector("#cw-ask")?.before(strip);
  }

  function tell() {
    const field = document.querySelector("#cw-chosen textarea, #cw-chosen input");
    const told = sources();
    if (field && field.value !== told) {
      field.value = told;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    draw();
    for (const watch of watching) watch();
  }

  function settle() {
    if (!remembered || !all.length) return;
    const staying = all.filter((one) => !going.has(one.id));
    const here = staying.filter((one) => remembered.includes(one.source));
    remembered = null;
    chosen.clear();
    if (here.length < staying.length) for (const one of here) chosen.add(one.id); // else none was chosen
    tell();
  }

  window.addEventListener("cw-conversation", async (event) => {
    if (event.detail === open) return;
    open = event.detail;
    if (!open) return;
    const asked = await call(`api/conversations/${encodeURIComponent(open)}`).catch(() => null); // gone meanwhile
    const last = asked?.exchanges.at(-1);
    if (!last || asked.id !== open) return;
    remembered = last.sources ?? [];
    settle();
  });

  return {
    has: (id) => chosen.has(id),
    size: () => chosen.size,
    onChange: (watch) => watching.push(watch),
    set(ids, on) { for (const id of ids) chosen[on ? "add" : "delete"](id); tell(); },
    leaving(id, on) { going[on ? "add" : "delete"](id); tell(); },
    among(documents) { // the library as it is now
      all = documents;
      const here = new Set(all.map((one) => one.id));
      for (const set of [chosen, going]) for (const id of set) if (!here.has(id)) set.delete(id);
      tell();
      settle();
    },
  };
}
