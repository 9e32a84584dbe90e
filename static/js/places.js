// Going back: to the same place of a long shelf, and after signing out to no shelf at all.

const PLACE = "booklib place";
const LEFT = "booklib signed out";
const MOST_PAGES = 40;

const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";

// The browser may show a page from memory that only its reader may see (plain http knows no Clear-Site-Data).
document.getElementById("sign-out")?.addEventListener("submit", () => sessionStorage.setItem(LEFT, "1"));
addEventListener("pageshow", (event) => {
  if (!sessionStorage.getItem(LEFT)) return;
  if (event.persisted || isBack) location.reload();
  else sessionStorage.removeItem(LEFT);
});

const books = () => document.getElementById("shelf-cards");

addEventListener("pagehide", () => {
  if (!books()) return;
  const first = [...books().querySelectorAll(".book")].find((book) => book.getBoundingClientRect().bottom > 80);
  if (!first || scrollY < innerHeight) return sessionStorage.removeItem(PLACE);
  const place = { address: location.href, book: first.id, top: first.getBoundingClientRect().top };
  sessionStorage.setItem(PLACE, JSON.stringify(place));
});

/** Load on until the book is there that stood at the top, then put it where it stood. */
async function comeBack({ book, top }) {
  for (let page = 0; page < MOST_PAGES && !document.getElementById(book); page += 1) {
    const more = document.querySelector("#more a");
    if (!more) return;
    // Before htmx has seen it, it is a link that leads away.
    while (!more.matches("[data-htmx-powered]")) await new Promise((done) => setTimeout(done, 20));
    const arrived = new Promise((done) => {
      document.addEventListener("htmx:finally:request", done, { once: true });
      setTimeout(done, 5000);
    });
    more.click();
    await arrived;
  }
  const found = document.getElementById(book);
  if (found) scrollBy(0, found.getBoundingClientRect().top - top);
}

const place = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
if (isBack && place?.address === location.href && books()) {
  history.scrollRestoration = "manual"; // the browser would scroll a page that is still short
  addEventListener("load", async () => {
    await comeBack(place);
    history.scrollRestoration = "auto";
  });
}
