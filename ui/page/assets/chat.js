// Brings each new question to the top of the conversation, and gives messages names that can be read out.
export function follow() {
  let asked = 0;
  new MutationObserver(() => {
    const chat = document.querySelector("#cw-chat");
    if (!chat) return;
    for (const [kind, name] of [["user", "Your question"], ["bot", "Answer"]]) {
      for (const node of chat.querySelectorAll(`[data-testid="${kind}"]:not([aria-label="${name}"])`)) {
        node.setAttribute("aria-label", name);
      }
    }
    for (const [kind, name] of [["submit", "Ask"], ["stop", "Stop"]]) {
      const button = document.querySelector(`#cw-ask .${kind}-button:not([aria-label])`);
      if (button) button.setAttribute("aria-label", name);
    }
    const questions = chat.querySelectorAll(".user-row");
    if (questions.length > asked) questions[questions.length - 1].scrollIntoView({ block: "start" });
    asked = questions.length;
  }).observe(document.querySelector("gradio-app"), { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label"] });
}
