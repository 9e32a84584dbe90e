// Where the keyboard goes on after a piece of the page was replaced. What has an id keeps the focus by htmx.

let last = null;

/** The same book drawn anew, else the one beside where it was. */
const again = ({ book, after }) => (book ? document.getElementById(book.id) : null) ?? after;

document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const active = document.activeElement;
  const more = active?.closest(".more");
  const book = active?.closest(".book");
  last = null;
  if (more && ctx.target === more) last = { before: more.previousElementSibling };
  else if (book) last = { book, after: book.nextElementSibling ?? book.previousElementSibling };
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const shelf = document.getElementById("shelf");
  if (shelf && ctx.target?.id === "shelf" && shelf.getBoundingClientRect().top < 0) window.scrollTo(0, 0);
  if (!last || document.activeElement !== document.body) return;
  const next = last.before?.nextElementSibling ?? (last.book?.isConnected ? null : again(last));
  (next?.querySelector("h2 a") ?? document.getElementById("main")).focus({ preventScroll: !next });
});
