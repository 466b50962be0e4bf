// The evidence pane: a click on a mark opens the document around the quote beside the conversation, on a narrow screen
// over it. What it shows is the `main` of the citation's own page, so that a link from elsewhere shows the same.

import { make, shown } from "./common.js";

const CITE = "#cw-chat a.cw-cite";
const narrow = window.matchMedia("(max-width: 799px)");

export function evidence() {
  const sources = make("nav", "cw-sources");
  sources.setAttribute("aria-label", "Sources of this answer");
  const alone = Object.assign(make("a", "cw-alone-link", "Open in a tab"), { target: "_blank", rel: "noopener" });
  const close = Object.assign(make("button", "cw-close", "✕"), { type: "button" });
  close.setAttribute("aria-label", "Close the evidence");
  const body = make("div", "cw-body");
  body.tabIndex = 0;
  body.setAttribute("role", "region");
  body.setAttribute("aria-label", "The document around the quote");
  const pane = make("dialog", "", make("header", "cw-bar", make("h2", "", "Evidence"), alone, close), sources, body);
  pane.id = "cw-evidence";
  pane.setAttribute("aria-label", "Evidence");
  document.querySelector("#cw-layout").append(pane);
  let opener = null;
  let latest = 0;

  function point(quote) {
    for (const link of document.querySelectorAll(`.cw-sources a, ${CITE}`)) {
      if (quoteOf(link.href) === quote) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  }

  async function show(url) {
    const mine = (latest += 1);
    alone.href = url;
    point(quoteOf(url));
    body.setAttribute("aria-busy", "true");
    const content = await contentOf(url);
    if (mine !== latest) return;
    body.removeAttribute("aria-busy");
    body.replaceChildren(content);
    reveal(body);
  }

  function open(link) {
    opener = link;
    sources.replaceChildren(...listed(link.closest(".cw-answer")));
    if (!pane.open) {
      if (narrow.matches) {
        pane.showModal();
        history.pushState({ evidence: true }, ""); // the phone's back button closes the pane
      } else pane.show();
    }
    body.replaceChildren();
    body.focus();
    show(link.href);
  }

  window.addEventListener("popstate", () => pane.close());
  pane.addEventListener("close", () => {
    if (pane.open) return; // the event comes late: meanwhile it was opened again
    if (history.state?.evidence) history.back();
    latest += 1;
    point("");
    // an answer that is drawn anew has another link in the opener's place
    const back = opener?.isConnected ? opener : [...document.querySelectorAll(CITE)].find((a) => a.href === opener?.href);
    (back ?? document.querySelector("#cw-ask textarea"))?.focus();
  });
  close.addEventListener("click", () => pane.close());
  pane.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || link === alone || !plain(event)) return;
    event.preventDefault();
    if (body.contains(link)) body.focus();
    show(link.href);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && pane.open) pane.close();
    const step = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    if (step && document.activeElement === body && body.querySelector(".cw-sheet")) body.querySelector(`a[rel=${step}]`)?.click();
    const link = event.key === " " && event.target.closest?.(CITE);
    if (!link) return;
    event.preventDefault();
    open(link);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(CITE) ?? cardOf(event.target)?.querySelector("a.cw-cite");
    if (!link || !plain(event)) return;
    event.preventDefault();
    event.stopPropagation();
    open(link);
  }, true);
}

const plain = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

// The card of a quote is one large button, as long as nobody selects words in it.
function cardOf(target) {
  return window.getSelection().isCollapsed ? target.closest?.("#cw-chat .cw-quotes li") : null;
}

function quoteOf(address) {
  const url = new URL(address);
  return [url.pathname, url.searchParams.get("start"), url.searchParams.get("end")].join(" ");
}

async function contentOf(address) {
  let page;
  try {
    page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html").querySelector("main");
  } catch {
    page = null;
  }
  if (!page) return make("p", "cw-told", "The document can't be shown now; is citewise still running?");
  for (const name of ["href", "src"]) {
    for (const node of page.querySelectorAll(`[${name}]`)) node[name] = new URL(node.getAttribute(name), address).href;
  }
  return Object.assign(make("div", page.className), { innerHTML: page.innerHTML });
}

// Scrolls the pane, and nothing else, to the quote.
function reveal(body) {
  const quote = body.querySelector("#quote");
  body.scrollTop = 0;
  if (!quote) return;
  const below = quote.getBoundingClientRect().top - body.getBoundingClientRect().top;
  if (below > 0.6 * body.clientHeight) body.scrollTop = below - 0.3 * body.clientHeight;
}

// Lists an answer's sources: those that it cites, then, folded, what was found and not cited.
function listed(answer) {
  const cited = [...answer.querySelectorAll(".cw-quotes li")].map((card, at) => item(card, card.querySelector(".cw-number")?.textContent ?? `${at + 1}`));
  const others = [...answer.querySelectorAll(".cw-others li")].map((found) => item(found));
  const parts = [make("ol", "", ...cited)];
  if (others.length) {
    parts.push(make("details", "", make("summary", "", `Found, not cited (${others.length})`), make("ol", "", ...others)));
  }
  return parts;
}

function item(from, number = "") {
  const link = Object.assign(make("a", "", ...(number ? [make("b", "", number)] : [])), { href: from.querySelector("a.cw-cite").href });
  const file = make("bdi", "", shown(from.querySelector(".cw-file").textContent));
  link.append(file, from.querySelector(".cw-page")?.textContent ?? "");
  const excerpt = from.querySelector(".cw-excerpt");
  if (excerpt) link.append(make("span", "cw-snippet", excerpt.textContent));
  return make("li", "", link);
}
