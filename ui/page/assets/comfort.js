// What makes the page comfortable by keyboard, by ear and in scripts that run from right to left, where Gradio's own
// parts lack it. Gradio draws its parts anew, so this looks again after each change.

import { make } from "./common.js";

const box = () => document.querySelector("#cw-ask textarea");

function skipLink() {
  const link = Object.assign(make("a", "cw-skip", "Skip to your question"), { href: "#cw-ask" });
  link.addEventListener("click", (event) => {
    event.preventDefault();
    box()?.focus();
  });
  document.body.prepend(link);
}

const DRESSED = [
  ["#cw-ask textarea:not([dir=auto])", { dir: "auto" }],
  [".examples[role=list]", { role: "group", "aria-label": "Questions to begin with" }], // it holds no list items
  [".panel-wrap[role=log]:not([tabindex])", { tabindex: "0" }], // it scrolls
];

function dress() {
  for (const [selector, attributes] of DRESSED) {
    for (const node of document.querySelectorAll(selector)) {
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    }
  }
}

export function comfort() {
  skipLink();
  dress();
  new MutationObserver(dress).observe(document.querySelector("gradio-app"), { childList: true, subtree: true });
}
