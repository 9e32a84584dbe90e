// Messages at the foot of the window: they stay long enough to be read, and while they are pointed at.

const box = document.getElementById("toasts");
const BASE = 6000;
const PER_LETTER = 60;
const WITH_BUTTON = 20000;
const MOST = 3;

function close(toast, next) {
  const hadFocus = toast.contains(document.activeElement);
  toast.remove();
  if (hadFocus) (next ?? document.getElementById("main")).focus({ preventScroll: true });
}

function keep(toast) {
  if (toast.classList.contains("toast--error")) return;
  const time = toast.querySelector("form") ? WITH_BUTTON : BASE + PER_LETTER * toast.textContent.length;
  let timer;
  const start = () => { timer = setTimeout(() => close(toast), time); };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
}

/** Show a message with an optional button: {label, action}. */
function tell(message, button) {
  const toast = document.createElement("div");
  toast.className = "toast toast--error";
  const text = document.createElement("p");
  text.textContent = message;
  toast.append(text);
  if (button) {
    const retry = document.createElement("button");
    retry.type = "button";
    retry.textContent = button.label;
    retry.addEventListener("click", () => { close(toast); button.action(); });
    toast.append(retry);
  }
  const cross = document.createElement("button");
  cross.type = "button";
  cross.className = "toast-close";
  cross.setAttribute("aria-label", "Close this message");
  cross.textContent = "×";
  toast.append(cross);
  box.append(toast);
}

/** Do again what failed: a form with the button that sent it, else the event itself. */
function again({ sourceElement, sourceEvent }) {
  if (sourceElement instanceof HTMLFormElement) sourceElement.requestSubmit(sourceEvent?.submitter ?? null);
  else if (sourceElement.matches("a")) sourceElement.click();
  else sourceElement.dispatchEvent(new Event(sourceEvent.type, { bubbles: true }));
}

new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.matches?.(".toast")) keep(node);
  while (box.children.length > MOST) box.firstElementChild.remove();
}).observe(box, { childList: true });
for (const toast of box.children) keep(toast);

box.addEventListener("click", (event) => {
  if (event.target.matches(".toast-close")) close(event.target.closest(".toast"));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && box.lastElementChild && !event.defaultPrevented && !document.querySelector("dialog[open]")) close(box.lastElementChild);
});

// After an undo the keyboard goes on at the book that it was about. Not before the answer is in its
// place: htmx drops the answer to a form that has left the page.
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const toast = ctx.sourceElement.closest?.(".toast");
  if (!toast || !ctx.response || ctx.response.status >= 400) return;
  const target = toast.querySelector("form")?.getAttribute("hx-target");
  close(toast, target && document.querySelector(target)?.querySelector("h2 a, button"));
});

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (!ctx || ctx.response) return;
  if (ctx.sourceElement.matches("[data-pending]")) {
    setTimeout(() => ctx.sourceElement.dispatchEvent(new Event("again")), 15000);
    return;
  }
  if (box.querySelector(".toast--error")) return;
  const said = ctx.instant ? "Your library does not answer, so this was put back." : "Your library does not answer. Nothing was changed.";
  tell(said, { label: "Try again", action: () => again(ctx) });
});

// What the shelf does not show in its place is told here, unless the answer brings a message of its own.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const { status } = ctx.response;
  const unseen = status >= 500 || ctx.sourceElement.closest?.(".books, .toast");
  if (!unseen || ctx.hx.redirect || ctx.sourceElement.matches("[data-pending]") || /<hx-partial/.test(ctx.text)) return;
  tell(status === 404 ? "This book is not here any more." : ctx.instant ? "That did not work, so it was put back. Please try again in a moment." : "That did not work. Please try again in a moment.");
});
