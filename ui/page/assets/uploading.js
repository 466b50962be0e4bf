// One file to REST, telling each stage: sending, waiting, reading, embedding. fetch could not tell how far sending is.

const SILENCE = 60_000; // ms; the server says every five seconds that it is still at work

function events(text) {
  return text.split("\n\n").filter((block) => block.startsWith("event: ")).map((block) => {
    const [kind, data] = block.split("\n");
    return { kind: kind.slice("event: ".length), body: JSON.parse(data.slice("data: ".length)) };
  });
}

function refused(request) {
  let told;
  try { told = JSON.parse(request.responseText).error; } catch { /* a proxy's own page, perhaps */ }
  return new Error(told || `the server answered ${request.status}`);
}

// Resolves to what `POST /api/documents` did; rejects with the reason in plain words.
export function upload(file, name, tell) {
  const request = new XMLHttpRequest();
  let timer, seen = 0;
  const alive = () => { clearTimeout(timer); timer = setTimeout(() => request.abort(), SILENCE); };
  const work = new Promise((done, fail) => {
    const take = () => {
      const text = request.responseText;
      const end = text.lastIndexOf("\n\n") + 2;
      if (request.status !== 200 || end <= seen) return;
      for (const { kind, body } of events(text.slice(seen, end))) {
        if (kind === "progress") tell(body);
        else if (kind === "added") done(body);
        else fail(new Error(body.error));
      }
      seen = end;
    };
    request.upload.onprogress = (sent) => { alive(); tell({ stage: "sending", done: sent.loaded / sent.total }); };
    request.upload.onload = () => tell({ stage: "waiting" });
    request.onprogress = () => { alive(); take(); };
    request.onload = () => { take(); fail(refused(request)); }; // a promise that is done can't fail any more
    request.onerror = () => fail(new Error("citewise does not answer; is it still running?"));
    request.onabort = () => fail(new Error("citewise fell silent; add the file again"));
  });
  const form = new FormData();
  form.append("files", file, name);
  request.open("POST", "api/documents?folders=true&progress=true");
  request.send(form);
  alive();
  return work.finally(() => clearTimeout(timer));
}
