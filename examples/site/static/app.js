// The page has an import map, which makes a versioned URL of this one.
import { watchLoads } from "./loads.js";

const cells = new Map();
for (const row of document.querySelectorAll("tr[data-url]")) {
  cells.set(new URL(row.dataset.url, document.baseURI).href, row.lastElementChild);
}

watchLoads((url, origin) => {
  if (!cells.has(url)) return;
  cells.get(url).textContent = origin;
  // The first time tells: the tab has the picture as its icon too, from the cache.
  cells.delete(url);
});
