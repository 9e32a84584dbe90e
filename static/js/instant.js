// Status and stars change where they are clicked, at once. The answer confirms them, or they go back.
//
// Requests of one book wait for each other (hx-sync), so the last click is the last word. An answer that a
// newer click has overtaken is not shown: it would flash an older state and take the book from under it.

const waiting = new WeakMap(); // the book on the page -> {stored: what the server has, open: requests under way}

const bookOf = (element) => element?.closest?.(".book, #book-panel");

/** What a form asks for, as {status} or {rating}; null for a form that is no business of ours. */
function asked({ sourceElement: form, request: { body } }) {
  if (!form.matches?.(".status, .book-status, .stars, .book-halves")) return null;
  if (body.has("status")) return { status: body.get("status") };
  return { rating: Math.round(2 * Number(body.get("rating"))) };
}

function read(book) {
  const pressed = book.querySelector("[name=status][aria-pressed=true]");
  const rating = book.querySelector(".stars")?.className.match(/\br(\d+)/)?.[1];
  return { status: pressed?.value, rating: Number(rating ?? 0) };
}

function show(book, { status, rating }) {
  for (const button of book.querySelectorAll("button[name=status]")) {
    button.setAttribute("aria-pressed", button.value === status);
  }
  const stars = book.querySelector(".stars");
  if (!stars) return;
  stars.classList.replace([...stars.classList].find((name) => /^r\d+$/.test(name)), `r${rating}`);
  [...stars.querySelectorAll("button")].forEach((button, index) => {
    const current = rating === 2 * (index + 1);
    button.setAttribute("aria-pressed", current);
    button.value = current ? "" : index + 1;
  });
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const wanted = asked(ctx);
  const book = wanted && bookOf(ctx.sourceElement);
  if (!book) return;
  const state = waiting.get(book) ?? { stored: read(book), open: [] };
  waiting.set(book, state);
  state.open.push(ctx);
  ctx.instant = { book, state, wanted };
  // After htmx has read the form: the pressed star's value is another one from now on.
  show(book, { ...read(book), ...wanted });
});

// A card that asks whether its look-up has ended may do so at any time; its answer is as old as its question.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  const state = ctx.instant?.state ?? waiting.get(bookOf(ctx.target));
  if (!state) return;
  const newer = state.open.some((other) => other !== ctx);
  if (newer && (ctx.instant || ctx.target?.matches?.(".book, #book-panel"))) event.preventDefault();
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!ctx.instant) return;
  const { book, state, wanted } = ctx.instant;
  state.open = state.open.filter((other) => other !== ctx);
  if (ctx.response && ctx.response.status < 400) Object.assign(state.stored, wanted);
  if (state.open.length) return;
  waiting.delete(book);
  if (!book.isConnected) return;
  show(book, state.stored);
  if (book.matches("[data-pending]")) book.dispatchEvent(new Event("again"));
});
