// Run Lighthouse over some pages in one Chromium: a JSON request on stdin, a JSON answer on stdout.
//
// The request holds chromium, flags, cookie, categories and pages (addresses); the answer, for each
// page, the score of each category (0 to 100) and the titles of the audits that lowered it.

import { text } from "node:stream/consumers";
import { launch } from "../.cache/node_modules/chrome-launcher/dist/index.js";
import lighthouse from "../.cache/node_modules/lighthouse/core/index.js";

const wanted = JSON.parse(await text(process.stdin));
const chrome = await launch({
  chromePath: wanted.chromium,
  chromeFlags: ["--headless=new", ...wanted.flags],
  logLevel: "silent",
});

const TRIES = 3; // on a busy machine Chromium now and then loses the start of its own recording

async function look(url, tries = TRIES) {
  const options = {
    port: chrome.port,
    logLevel: "silent",
    onlyCategories: wanted.categories,
    disableFullPageScreenshot: true,
    extraHeaders: wanted.cookie ? { Cookie: wanted.cookie } : {},
  };
  const { lhr } = await lighthouse(url, options);
  if (lhr.runtimeError && tries > 1) return look(url, tries - 1);
  if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
  return {
    url,
    seen: lhr.finalDisplayedUrl,
    scores: Object.fromEntries(
      Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)])
    ),
    failed: Object.values(lhr.categories).flatMap(({ auditRefs }) =>
      auditRefs.filter(({ weight }) => weight > 0).flatMap(({ id }) => failure(lhr.audits[id]))
    ),
  };
}

function failure({ id, title, score, details }) {
  if (score === null || score === 1) return [];
  const where = (details?.items ?? []).map((item) => item.node?.selector ?? item.description ?? "");
  return [`${id} (${score}): ${title} ${where.filter(Boolean).join(", ")}`.trim()];
}

try {
  const found = [];
  for (const url of wanted.pages) found.push(await look(url));
  process.stdout.write(JSON.stringify(found));
} finally {
  chrome.kill();
}
