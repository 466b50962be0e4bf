// What can be done with an answer: copy it, rate it, see how it came about, edit the question, ask the next one.
// The buttons are Python's (tools.py); one listener serves them all, because Gradio draws the messages.

import { call, make, shown } from "./common.js";
import { why } from "./why.js";

const post = (url, body) => call(url, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

// Puts text where a person can take it: the clipboard, or a field to copy from where that is not allowed.
async function copy(text, tools) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    const field = Object.assign(make("textarea", "cw-field"), { value: text, rows: 8, readOnly: true });
    field.setAttribute("aria-label", "The answer, to copy");
    tools.querySelector(".cw-more").replaceChildren(field);
    field.focus();
    field.select();
    if (!document.execCommand("copy")) return "The browser does not let citewise copy; copy it from here";
    field.remove();
    return "Copied";
  }
}

const actions = {
  async copy({ tools, conversation, number }) {
    const url = `api/conversations/${encodeURIComponent(conversation)}/export?number=${number}`;
    const response = await fetch(url);
    if (!response.ok) throw new Error("the answer can't be read; reload the page");
    return copy(await response.text(), tools);
  },
  up: (of) => rate(of, "up", ""),
  async down(of) {
    const told = await rate(of, "down", "");
    const field = Object.assign(make("input", "cw-field"), { type: "text", maxLength: 2000, placeholder: "What was wrong?" });
    field.setAttribute("aria-label", "What was wrong? (optional)");
    const send = Object.assign(make("button", "cw-tool", "Send"), { type: "submit" });
    const form = make("form", "cw-reason", field, send);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      form.remove();
      say(of.tools, await rate(of, "down", field.value).catch((error) => error.message));
    });
    of.tools.querySelector(".cw-more").replaceChildren(form);
    field.focus();
    return told;
  },
  async why({ tools, button, conversation, number }) {
    const more = tools.querySelector(".cw-more");
    const isOpen = more.querySelector(".cw-why") !== null;
    button.setAttribute("aria-expanded", String(!isOpen));
    more.replaceChildren();
    if (!isOpen) more.replaceChildren(why(await post("api/explain", { conversation, number })));
    return "";
  },
  edit({ tools }, trigger) {
    const bubble = tools.parentElement.querySelector(".cw-question");
    const field = Object.assign(make("textarea", "cw-field"), { value: bubble.innerText, rows: 3, maxLength: 4000 });
    field.setAttribute("aria-label", "Your question");
    field.dir = "auto";
    const again = Object.assign(make("button", "cw-tool cw-strong", "Ask again"), { type: "submit" });
    const cancel = Object.assign(make("button", "cw-tool", "Cancel"), { type: "button" });
    const form = make("form", "cw-editing", field, make("div", "", cancel, again));
    const close = () => { form.remove(); bubble.hidden = false; tools.hidden = false; };
    cancel.addEventListener("click", close);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); form.requestSubmit(); }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const question = field.value.trim();
      close();
      if (question) trigger("submit", { question, again: true });
    });
    bubble.hidden = true;
    tools.hidden = true;
    tools.after(form);
    field.focus();
  },
  ask: ({ button }, trigger) => trigger("submit", { question: button.innerText, again: false }),
};

async function rate({ tools, conversation, number }, rating, reason) {
  await post("api/feedback", { conversation, number, rating, reason });
  for (const name of ["up", "down"]) {
    tools.querySelector(`.cw-do-${name}`).setAttribute("aria-pressed", String(name === rating));
  }
  if (rating === "up") tools.querySelector(".cw-more").replaceChildren();
  return "Thank you";
}

// The rest of the class that begins so: Gradio's cleaning of HTML leaves classes, and no data attributes.
const named = (node, start) => [...node.classList].find((name) => name.startsWith(start))?.slice(start.length);

function say(tools, text) {
  const told = tools.querySelector(".cw-told");
  if (told) told.textContent = shown(text || "");
}

export function answers(trigger) {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("#cw-chat .cw-do");
    if (!button) return;
    const tools = button.closest(".cw-tools");
    const of = { tools, button, conversation: named(tools, "cw-of-"), number: Number(named(tools, "cw-number-")) };
    try {
      say(tools, await actions[named(button, "cw-do-")](of, trigger));
    } catch (error) {
      say(tools, error.message);
    }
  });
  new MutationObserver(() => {
    for (const thumb of document.querySelectorAll("#cw-chat :is(.cw-do-up, .cw-do-down):not([aria-pressed])")) {
      thumb.setAttribute("aria-pressed", String(thumb.classList.contains("cw-pressed")));
    }
  }).observe(document.querySelector("gradio-app"), { childList: true, subtree: true });
}
