// The panel of documents: add, list, choose, remove. Everything goes through REST, and everything that comes from a
// document or a file name enters the page as text, never as HTML.

import { adding } from "./adding.js";
import { choice } from "./chosen.js";
import { make } from "./common.js";
import { catchDrops, picked } from "./dropping.js";
import { listing } from "./listing.js";

function chooser(id, text, properties, add) {
  const input = Object.assign(make("input", "cw-chooser"), { type: "file", multiple: true, id, ...properties });
  const label = Object.assign(make("label", "", ...text), { htmlFor: id });
  input.addEventListener("change", () => { add(picked(input.files)); input.value = ""; });
  return { input, label };
}

export function documents(element, changed) {
  const count = make("span", "cw-count");
  const tellCount = (n) => { count.textContent = n ? n.toLocaleString("en") : "none yet"; };
  const tellAll = () => changed("submit");
  const list = listing(choice(), tellCount, tellAll);
  const added = adding(list, async () => { await list.refresh(); tellAll(); });
  const panel = make("details", "cw-panel", make("summary", "", make("h2", "", "Documents"), count));
  const add = (files) => { panel.open = true; added.add(files); };

  const files = chooser("cw-files", [make("strong", "", "Add documents"),
    make("span", "", "Drop files or folders, or choose files")], {}, add);
  const folder = chooser("cw-folder", ["Choose a folder"], { webkitdirectory: true }, add);
  files.label.className = "cw-drop";
  folder.label.className = "cw-link cw-folder-link";
  catchDrops(files.label, add);

  panel.append(files.input, files.label, folder.input, folder.label, ...added.nodes, ...list.nodes);
  const wide = window.matchMedia("(min-width: 800px)");
  panel.open = wide.matches;
  wide.addEventListener("change", () => { panel.open = wide.matches; });
  element.replaceChildren(panel);
  window.addEventListener("focus", list.refresh);
  list.refresh();
}
