// The files that are being added: a line each with its stage, then what became of it; failures first at the end.

import { make, plural, shown } from "./common.js";
import { upload } from "./uploading.js";

const LANES = 2; // one file is sent while another is read; a request that hangs holds up one lane only
const STAGES = {
  sending: (step) => `sending, ${Math.round(step.done * 100)} %`,
  waiting: () => "waiting for its turn",
  reading: () => "reading",
  embedding: (step) => `embedding ${Math.round(step.done * step.passages).toLocaleString("en")} of ${
    plural(step.passages, "passage")}`,
};
const COUNTED = { good: "added", same: "already here", bad: "failed" };

function line(name) {
  const bar = make("progress");
  bar.setAttribute("aria-label", `Adding ${shown(name)}`);
  bar.max = 1;
  const said = make("span", "", ": waiting");
  const node = make("li", "cw-adding", make("bdi", "cw-file", shown(name)), said, bar);
  return {
    node,
    tell(step) {
      said.textContent = `: ${STAGES[step.stage] ? STAGES[step.stage](step) : shown(step.stage)}`;
      if (step.stage === "waiting" || step.stage === "reading") bar.removeAttribute("value");
      else bar.value = step.done;
    },
    end(kind, text) {
      node.className = `cw-${kind}`;
      said.textContent = `: ${shown(text)}`;
      bar.remove();
    },
    warn(text) { node.append(make("p", "cw-warning", make("bdi", "", shown(text)))); },
  };
}

// `library` knows the documents; `finished` is called when all files are through.
export function adding(library, finished) {
  const status = make("p", "cw-status");
  status.setAttribute("role", "status");
  const report = make("ul", "cw-report");
  report.tabIndex = 0; // it scrolls, so the keyboard must reach it
  report.setAttribute("aria-label", "What became of the added files");
  const clear = Object.assign(make("button", "cw-link", "Clear"), { type: "button", hidden: true });
  const waiting = [];
  let working = 0, total = 0, count = {};

  const clearAll = () => { report.replaceChildren(); status.textContent = ""; clear.hidden = true; };
  clear.addEventListener("click", clearAll);

  function ended(row, kind, text) {
    count[kind] = (count[kind] || 0) + 1;
    row.end(kind, text);
  }

  function welcomed(row, one) {
    const twin = library.twin(one);
    const what = library.knows(one.id) ? "replaced the earlier version" : "added";
    ended(row, "good", twin ? `${what}; the same file is here as ${twin.source}` : what);
    for (const warning of one.warnings) row.warn(warning);
    for (const { source, same } of one.versions) {
      if (same < 1) row.warn(`another version of ${source}, ${Math.round(100 * same)} % the same`);
    }
    library.learn(one);
  }

  async function one({ name, file, row }) {
    try {
      if (!file) throw new Error("the browser can't read it; check its permissions");
      const added = await upload(file, name, row.tell);
      for (const document of added.documents) welcomed(row, document);
      if (added.unchanged.length) ended(row, "same", "is already here, unchanged");
      for (const failure of added.failed) ended(row, "bad", failure.reason);
    } catch (error) {
      ended(row, "bad", error.message);
    }
  }

  const progress = () => {
    const through = Object.values(count).reduce((sum, n) => sum + n, 0);
    status.textContent = `Adding ${Math.min(through + 1, total)} of ${total}`;
  };

  async function lane() {
    working += 1;
    while (waiting.length) {
      progress();
      await one(waiting.shift());
    }
    working -= 1;
    if (working) return;
    const parts = Object.entries(COUNTED).filter(([kind]) => count[kind]);
    status.textContent = parts.map(([kind, word]) => `${count[kind].toLocaleString("en")} ${word}`).join(", ");
    report.prepend(...report.querySelectorAll(":scope > .cw-bad"));
    report.scrollTop = 0;
    clear.hidden = false;
    finished();
  }

  function add(files) {
    if (!files.length) return;
    if (!working) { clearAll(); total = 0; count = {}; }
    total += files.length;
    for (const { name, file } of files) {
      const row = line(name);
      report.append(row.node);
      waiting.push({ name, file, row });
    }
    progress();
    while (working < LANES && working < waiting.length + working) lane();
  }

  return { add, nodes: [make("div", "cw-progress", status, clear), report] };
}
