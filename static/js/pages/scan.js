// Photos are made smaller and sent one by one; what each gives joins one list. A picture whose sending
// fails stays here and can be tried again, and nothing that was found before is lost.

const LARGE = 4096; // pixels of the longest side that every decoder likes
const ENOUGH = 3000; // and the least that small codes need
const LEAST = 2000; // and what any picture fits in
const LIGHT = 4_000_000; // bytes; a function of AWS takes little more
const PATIENCE = 90_000; // ms
const THUMB = 112; // pixels
const AS_IT_IS = new Set(["image/jpeg", "image/png", "image/webp"]);
const LOST = "Your library does not answer. The picture is kept here.";

const page = document.getElementById("scan");
const most = Number(page.dataset.most);
const going = document.getElementById("scan-going");
const progress = document.getElementById("scan-progress");
const list = document.getElementById("scan-shots");
const shots = [];
let working = false;

const counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

// --- Pictures ---------------------------------------------------------------

function made(name, parts = {}, ...children) {
  const element = Object.assign(document.createElement(name), parts);
  element.append(...children);
  return element;
}

class Shot {
  constructor(file) {
    this.file = file;
    this.state = "waiting";
    this.thumb = made("canvas", { width: THUMB, height: THUMB });
    this.thumb.setAttribute("aria-hidden", "true");
    this.said = made("p", { className: "scan-said", textContent: "Waiting…" });
    this.again = made("button", { type: "button", className: "button", textContent: "Try again", hidden: true });
    this.again.addEventListener("click", () => {
      this.become("waiting", "Waiting…");
      work();
      document.getElementById("scan-choose").focus();
    });
    const name = made("p", { className: "scan-name", dir: "auto", textContent: file.name || "Picture" });
    this.item = made("li", { className: "scan-shot" }, this.thumb, made("div", {}, name, this.said), this.again);
  }

  become(state, said) {
    this.state = state;
    this.item.dataset.state = state;
    this.said.textContent = said;
    this.again.hidden = state !== "lost";
  }

  draw(bitmap) {
    const side = Math.min(bitmap.width, bitmap.height);
    const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
    this.thumb.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, THUMB, THUMB);
  }
}

/** The picture as it is sent; what this browser cannot open goes as it is, for the server to tell. */
async function ready(shot) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(shot.file);
  } catch {
    return shot.file;
  }
  shot.draw(bitmap);
  let smaller = shot.file;
  if (shot.file.size > LIGHT || !AS_IT_IS.has(shot.file.type)) {
    for (const [side, quality] of [[LARGE, 0.9], [LARGE, 0.8], [ENOUGH, 0.85], [LEAST, 0.75]]) {
      smaller = (await jpeg(bitmap, side, quality)) ?? smaller;
      if (smaller.size <= LIGHT) break;
    }
  }
  bitmap.close();
  return smaller;
}

function jpeg(bitmap, side, quality) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const width = Math.round(bitmap.width * scale);
  const height = Math.round(bitmap.height * scale);
  const canvas = made("canvas", { width, height });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(bitmap, 0, 0, width, height);
  return new Promise((done) => { canvas.toBlob(done, "image/jpeg", quality); });
}

function take(files) {
  const pictures = [...files].filter((file) => !file.type || file.type.startsWith("image/"));
  if (!pictures.length) return;
  for (const shot of shots.filter(({ state }) => state === "done")) forget(shot);
  for (const file of pictures.slice(0, most)) {
    const shot = new Shot(file);
    shots.push(shot);
    list.append(shot.item);
  }
  const left = pictures.length - most;
  going.hidden = false;
  going.dataset.note = left > 0
    ? ` Up to ${most} pictures are taken at once: the last ${left === 1 ? "one was" : `${left} were`} left out.`
    : "";
  work();
}

function forget(shot) {
  shot.item.remove();
  shots.splice(shots.indexOf(shot), 1);
}

async function work() {
  if (working) return;
  working = true;
  for (let next; (next = shots.find(({ state }) => state === "waiting")); ) {
    const place = shots.indexOf(next) + 1;
    progress.textContent = `Reading ${place} of ${shots.length}…${going.dataset.note ?? ""}`;
    next.become("reading", "Reading…");
    await read(next);
  }
  working = false;
  const done = shots.filter(({ state }) => state === "done").length;
  const not = shots.length - done;
  progress.textContent = `${counted(done, "picture")} read${not ? `, ${not} not` : ""}.${going.dataset.note ?? ""}`;
  progress.append(made("span", { className: "visually-hidden", textContent: ` ${summary() || "No book yet"}.` }));
}

async function read(shot) {
  const form = new FormData();
  form.append("image", await ready(shot), shot.file.name || "picture.jpg");
  try {
    const { results, problem } = await send(form);
    if (!results) return shot.become("lost", problem);
    const note = results.querySelector(".scan-note");
    const failed = !note || note.classList.contains("scan-note--failed");
    shot.become(failed ? "unread" : "done", note?.querySelector("span").textContent ?? problem);
    merge(results);
  } catch {
    shot.become("lost", LOST);
  }
}

// --- Answers ----------------------------------------------------------------

/** Send a form: its results, or the problem in a sentence. Throws where no answer comes. */
async function send(form) {
  const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
  const answer = await fetch("/scan", { method: "POST", headers, body: form, signal: AbortSignal.timeout(PATIENCE) });
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) location.assign(elsewhere);
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const results = parsed.getElementById("scan-results");
  const said = parsed.querySelector("#scan-code-problem, .toast p");
  return { results, problem: said?.textContent ?? (results ? "" : "That did not work. Please try again in a moment.") };
}

function merge(results) {
  const rows = document.getElementById("scan-list");
  if (!rows) {
    // What was added last stands there; the next pictures begin a new list.
    results.querySelector("#scan-notes").hidden = true;
    results.querySelector("[autofocus]")?.removeAttribute("autofocus");
    document.getElementById("scan-results").replaceWith(results);
    window.htmx?.process(results);
    return count();
  }
  for (const row of results.querySelectorAll(".scan-row")) {
    const there = document.getElementById(row.id);
    if (!there) rows.append(row);
    else if (there.dataset.state === "doubtful" && row.dataset.state !== "doubtful") there.replaceWith(row);
  }
  count();
}

function states() {
  const found = { new: 0, yours: 0, doubtful: 0, other: 0 };
  for (const row of document.querySelectorAll(".scan-row")) found[row.dataset.state] += 1;
  return found;
}

function summary() {
  const { new: fresh, yours, doubtful, other } = states();
  const parts = [
    fresh && counted(fresh, "new book"),
    yours && `${yours} already yours`,
    doubtful && `${doubtful} to confirm`,
    other && counted(other, "other code"),
  ];
  return parts.filter(Boolean).join(", ");
}

function count() {
  const heading = document.getElementById("scan-heading");
  const add = document.getElementById("scan-add");
  if (!add) return;
  heading.textContent = summary() || "Nothing was read yet";
  heading.hidden = false;
  document.getElementById("scan-list").hidden = !document.querySelector(".scan-row");
  add.hidden = states().new === 0;
  const ticked = document.querySelectorAll(".scan-tick :checked").length;
  const button = document.getElementById("scan-add-button");
  button.textContent = ticked ? `Add ${counted(ticked, "book")}` : "Add";
  button.disabled = ticked === 0;
}

/** Check a number that was typed, or confirmed in its row. */
async function check(form) {
  const field = form.querySelector("[name=code]");
  const told = await send(new FormData(form)).catch(() => ({ problem: "Your library does not answer. Please try again." }));
  form.querySelector(".field-error")?.remove();
  field.removeAttribute("aria-invalid");
  if (told.problem) {
    const id = `${field.id}-problem`;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", id);
    form.querySelector(".add-line").after(made("p", { id, className: "field-error", textContent: told.problem }));
    return field.focus();
  }
  const doubtful = form.closest(".scan-row");
  if (doubtful) doubtful.remove();
  else field.value = "";
  merge(told.results);
  if (doubtful) document.getElementById("scan-heading").focus();
  else field.focus();
}

// --- What people do ---------------------------------------------------------

document.addEventListener("change", ({ target }) => {
  if (target.matches("#scan-form [type=file]")) {
    document.getElementById("scan-problem")?.remove();
    take([...target.files]);
    target.value = "";
  } else if (target.closest(".scan-tick")) count();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".scan-type, .scan-confirm")) return;
  event.preventDefault();
  check(event.target);
});

document.addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  take(event.dataTransfer.files);
});

document.addEventListener("paste", ({ clipboardData }) => {
  if (clipboardData?.files.length) take(clipboardData.files);
});

// What was added is done with: its pictures leave, those that were not sent stay.
document.addEventListener("htmx:after:swap", () => {
  if (document.getElementById("scan-list")) return;
  for (const shot of shots.filter(({ state }) => state === "done" || state === "unread")) forget(shot);
  going.hidden = shots.length === 0;
  progress.textContent = "";
});
