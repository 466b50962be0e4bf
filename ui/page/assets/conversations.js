// The list of conversations: open, rename, remove, export. Everything goes through REST; the one that is open stands
// in the address, so that a reload finds it. What is opened or asked from here, Gradio shows.

import { answers } from "./answers.js";
import { call, make, shown } from "./common.js";

const here = () => window.location.hash.slice(1);
const address = (id) => `api/conversations/${encodeURIComponent(id)}`;
const asJson = (method, body) => ({
  method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

export function begin(element, trigger) {
  if (element.dataset.ready) return;
  element.dataset.ready = "yes";
  const count = make("span", "cw-count");
  const status = make("p", "cw-status");
  status.setAttribute("role", "status");
  const list = make("ul", "cw-talks");
  const panel = make("details", "cw-talk-panel", make("summary", "", make("h2", "", "Conversations"), count),
    status, list);
  const wide = window.matchMedia("(min-width: 800px)");
  panel.open = wide.matches;
  wide.addEventListener("change", () => { panel.open = wide.matches; });
  element.replaceChildren(panel);

  const open = (id) => {
    trigger("select", { conversation: id });
    if (!wide.matches) panel.open = false;
  };

  async function attempt(work) {
    status.textContent = "";
    try {
      await work();
    } catch (error) {
      status.textContent = shown(error.message);
    }
    await refresh();
  }

  function rename(one, row) {
    const field = Object.assign(make("input", "cw-name"), { value: one.name, maxLength: 120, type: "text" });
    field.setAttribute("aria-label", "Name of the conversation");
    let done = false;
    const finish = (keep) => {
      if (done) return;
      done = true;
      const name = field.value.trim();
      if (!keep || !name || name === one.name) { refresh(); return; }
      attempt(() => call(address(one.id), asJson("PATCH", { name })));
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") finish(true);
      if (event.key === "Escape") finish(false);
    });
    field.addEventListener("blur", () => finish(true));
    row.replaceChildren(field);
    field.focus();
    field.select();
  }

  function remove(one, button) {
    if (!button.dataset.sure) {
      button.dataset.sure = "yes";
      button.textContent = "Really?";
      setTimeout(() => { delete button.dataset.sure; button.textContent = "Delete"; }, 4000);
      return;
    }
    attempt(async () => {
      await call(address(one.id), { method: "DELETE" });
      if (one.id === here()) open("");
    });
  }

  function item(one) {
    const name = Object.assign(make("button", "cw-talk", make("bdi", "", shown(one.name))), { type: "button" });
    name.title = shown(one.name);
    if (one.id === here()) name.setAttribute("aria-current", "true");
    name.addEventListener("click", () => open(one.id));
    const row = make("li", "", name);
    const action = (text, act) => {
      const button = Object.assign(make("button", "cw-remove", text), { type: "button" });
      button.setAttribute("aria-label", `${text} ${shown(one.name)}`);
      button.addEventListener("click", () => act(button));
      return button;
    };
    const file = Object.assign(make("a", "cw-remove", "Export"), { href: `${address(one.id)}/export`, download: "" });
    file.setAttribute("aria-label", `Export ${shown(one.name)}`);
    row.append(make("div", "cw-talk-tools", action("Rename", () => rename(one, row)), file,
      action("Delete", (button) => remove(one, button))));
    return row;
  }

  async function refresh() {
    try {
      const all = await call("api/conversations");
      count.textContent = all.length ? all.length.toLocaleString("en") : "none yet";
      list.replaceChildren(...all.map(item));
    } catch {
      setTimeout(refresh, 2000); // the panel of documents says why
    }
  }

  window.addEventListener("cw-conversation", (event) => {
    const id = event.detail || "";
    if (id !== here()) history.pushState(null, "", id ? `#${id}` : window.location.pathname);
    refresh();
  });
  window.addEventListener("popstate", () => open(here()));
  answers(trigger);
  refresh();
}
