// A document in short, on demand: how long it is, what it is another version of, its headings, how it begins.

import { call, make, plural, shown } from "./common.js";

const HEADINGS = 8;

// Words are counted by the spaces between them, which some scripts do without.
const length = (about) => about.words * 15 > about.characters ? plural(about.words, "word")
  : plural(about.characters, "character");

const own = (tag, className, text) =>
  Object.assign(make(tag, className, text.split("\n").map(shown).join("\n")), { dir: "auto" });

function headings(about) {
  const list = make("ul", "cw-headings", ...about.headings.slice(0, HEADINGS).map((one) => own("li", "", one)));
  const more = about.headings_in_all - HEADINGS;
  if (more > 0) list.append(make("li", "cw-facts", `and ${plural(more, "more heading")}`));
  return list;
}

function drawn(about) {
  const facts = [length(about)];
  if (about.pages) facts.unshift(plural(about.pages, "page"));
  const added = new Date(about.added).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  const open = Object.assign(make("a", "cw-link", "Open the text"), { href: `documents/${encodeURIComponent(about.id)}` });
  open.target = "_blank";
  return [
    own("p", "cw-card-title", about.title),
    make("p", "cw-facts", `${facts.join(" · ")} · added ${added}`),
    ...versions(about),
    ...(about.headings.length ? [headings(about)] : []),
    own("p", "cw-opening", about.opening),
    open,
  ];
}

function versions(about) {
  const said = ({ source, same, modified, added }) => {
    const kind = same === 1 ? "The same as" : "Another version of";
    const share = same === 1 ? "" : `${Math.round(100 * same)} % the same, `;
    const day = new Date(modified || added).toLocaleDateString("en", { dateStyle: "medium" });
    return make("p", "cw-version", `${kind} `, make("bdi", "", shown(source)),
      ` (${share}${modified ? "changed" : "added"} ${day})`);
  };
  return about.versions.map(said);
}

export function card(one) {
  const node = make("div", "cw-card", make("p", "cw-facts", "Looking into it"));
  call(`api/documents/${encodeURIComponent(one.id)}/summary`)
    .then((about) => node.replaceChildren(...drawn(about)))
    .catch((error) => node.replaceChildren(make("p", "cw-bad", shown(error.message))));
  return node;
}
