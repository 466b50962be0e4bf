// Begins what the page's parts do, once; Gradio may call again when it draws anew.

import { follow } from "./chat.js";
import { comfort } from "./comfort.js";
import { documents } from "./documents.js";
import { evidence } from "./evidence.js";

export function begin(element, changed) {
  if (element.dataset.ready) return;
  element.dataset.ready = "yes";
  documents(element, changed);
  follow();
  evidence();
  comfort();
}
