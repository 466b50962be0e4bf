// "Why this answer": how the search and the reader came to it, from POST /api/explain. All of it is text.

import { make, plural, shown } from "./common.js";

const percent = (share) => `${Math.round(share * 100)} %`;
const term = (name, ...value) => [make("dt", "", name), make("dd", "", ...value)];

function ranking(title, about, entries) {
  const rows = entries.map((one) => make("li", "",
    make("span", "cw-score", one.score.toFixed(2)),
    make("span", "cw-what", make("bdi", "cw-file", shown(one.source) + (one.page ? `, page ${one.page}` : "")),
      make("span", "", ` ${shown(one.excerpt)}`))));
  const list = rows.length ? make("ol", "", ...rows) : make("p", "", "nothing");
  return make("details", "cw-ranking", make("summary", "", make("strong", "", title), ` ${about}`), list);
}

export function why(told) {
  const stages = Object.entries(told.timings).filter(([name]) => !name.endsWith("_tokens"));
  const facts = make("dl", "",
    ...term("Searched for", make("bdi", "", shown(told.question))),
    ...(told.probability === null ? [] : term("Likely in your documents",
      `${percent(told.probability)}; under ${percent(told.threshold)} a fact is not answered`)),
    ...term("Time", stages.map(([name, ms]) => `${name} ${Math.round(ms)} ms`).join(" · ") || "not measured"));
  return make("section", "cw-why", facts,
    ranking("By meaning", `${plural(told.meaning.length, "passage")}, by cosine similarity`, told.meaning),
    ranking("By words", `${plural(told.words.length, "passage")}, by BM25`, told.words),
    ranking("Both together", "the two, fused and normalised", told.fused),
    ranking("Read closely", "the order that the answer comes from", told.read),
    ranking("Left out", `${plural(told.cut.length, "passage")} found, but not read`, told.cut));
}
