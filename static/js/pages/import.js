// A file that is dropped or chosen goes off at once; one that is too large never starts. While an import
// runs, a lost connection is told and looked past.

const form = document.getElementById("import-form");
const lost = () => document.getElementById("import-lost");

function refuse(problem) {
  const field = document.getElementById("import-file");
  document.getElementById("import-problem").textContent = problem;
  field.setAttribute("aria-invalid", "true");
  field.value = "";
  field.focus();
}

function send(file) {
  const most = Number(form.dataset.most);
  if (file.size > most) return refuse(`This file has ${Math.ceil(file.size / 1e6)} MB, and ${Math.floor(most / 1e6)} MB are taken at once. Without the covers it would be smaller.`);
  if (file.size === 0) return refuse(`The file ${file.name} is empty.`);
  document.getElementById("import-problem").textContent = "";
  form.requestSubmit();
}

function sending() {
  const [file] = document.getElementById("import-file").files;
  if (!file) return;
  document.getElementById("import-going").textContent = `Sending ${file.name}…`;
  form.querySelector("button").disabled = true;
}

if (form) {
  const zone = form.querySelector(".import-drop");
  const field = document.getElementById("import-file");
  field.addEventListener("change", () => { if (field.files[0]) send(field.files[0]); });
  form.addEventListener("submit", sending);
  // Shown again by the button Back.
  addEventListener("pageshow", () => {
    document.getElementById("import-going").textContent = "";
    form.querySelector("button").disabled = false;
  });

  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone.dataset.over = "";
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) delete zone.dataset.over; });
  document.addEventListener("drop", (event) => {
    delete zone.dataset.over;
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    if (event.dataTransfer.files.length > 1) return refuse("Please drop one file at a time.");
    field.files = event.dataTransfer.files;
    send(field.files[0]);
  });
}

const isPoll = (ctx) => ctx?.sourceElement?.id === "import-poll";
const tellLost = (isLost) => { if (lost()) lost().hidden = !isLost; };

document.addEventListener("htmx:error", ({ detail: { ctx } }) => { if (isPoll(ctx)) tellLost(true); });
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (!isPoll(ctx)) return;
  tellLost(true);
  setTimeout(() => ctx.sourceElement.dispatchEvent(new Event("again")), 5000);
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!isPoll(ctx) || ctx.response.status >= 400) return;
  tellLost(false);
  const ended = !document.getElementById("import-progress");
  if (ended && document.activeElement === document.body) document.getElementById("import-heading").focus({ preventScroll: true });
});
